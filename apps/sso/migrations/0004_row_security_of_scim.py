from django.db import migrations

from apps.sso.isolation import SCIM_FOLLOWS, SCIM_TOKEN_BY_HASH
from apps.tenancy.isolation import EnableAccountRowSecurity

TABLES = ("sso_scim_token", "sso_scim_user", "sso_scim_group")


class Migration(migrations.Migration):
    dependencies = [("sso", "0003_scim")]

    operations = [
        *[EnableAccountRowSecurity(table) for table in TABLES],
        migrations.RunSQL(
            sql=SCIM_TOKEN_BY_HASH, reverse_sql="DROP POLICY by_hash ON sso_scim_token;"
        ),
        migrations.RunSQL(sql=SCIM_FOLLOWS, reverse_sql=migrations.RunSQL.noop),
    ]
