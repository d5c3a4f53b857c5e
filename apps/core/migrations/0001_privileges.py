"""What the owner makes, the two serving roles may use; before any other table is made."""

from django.db import migrations

GRANTS = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO headway_app, headway_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO headway_app, headway_worker;
GRANT USAGE ON SCHEMA public TO headway_app, headway_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO headway_app, headway_worker;
"""


class Migration(migrations.Migration):
    initial = True
    run_before = [
        ("contenttypes", "0001_initial"),
        ("sessions", "0001_initial"),
        ("auth", "0001_initial"),
    ]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]
