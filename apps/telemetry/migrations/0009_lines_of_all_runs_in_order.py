"""For databases that were made before; where the tables are made today, 0002 makes the index."""

from django.db import migrations

NAME = "telemetry_log_line_workspace_id_occurred_at"


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0008_retention_by_kind")]
    operations = [
        migrations.RunSQL(
            f"CREATE INDEX IF NOT EXISTS {NAME} ON telemetry_log_line (workspace_id, occurred_at)",
            f"DROP INDEX {NAME}",
        )
    ]
