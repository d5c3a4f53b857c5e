from django.db import migrations

from apps.sso.isolation import CONNECTION_BY_ID, DOMAIN_BY_NAME, cascading
from apps.tenancy.isolation import EnableAccountRowSecurity

TABLES = (
    "sso_connection",
    "sso_identity",
    "sso_verified_domain",
    "sso_attempt",
    "sso_spent_assertion",
)


class Migration(migrations.Migration):
    dependencies = [("sso", "0001_connections_and_domains")]

    operations = [
        *[EnableAccountRowSecurity(table) for table in TABLES],
        migrations.RunSQL(
            sql=CONNECTION_BY_ID + DOMAIN_BY_NAME,
            reverse_sql="DROP POLICY by_id ON sso_connection;"
            "DROP POLICY by_name ON sso_verified_domain;",
        ),
        migrations.RunSQL(sql=cascading(*TABLES), reverse_sql=migrations.RunSQL.noop),
    ]
