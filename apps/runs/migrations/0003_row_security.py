"""Runs, task runs and pending usage are the workspace's own. Rows of runs change often: leave room."""

from django.db import migrations

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("runs", "0002_task_runs"), ("tenancy", "0002_row_security")]
    operations = [
        EnableRowSecurity("runs_run"),
        EnableRowSecurity("runs_taskrun"),
        EnableRowSecurity("runs_pendingusage"),
        # Counts of task runs change far more often than anything indexed: HOT updates need space.
        migrations.RunSQL(
            "ALTER TABLE runs_run SET (fillfactor = 80)", "ALTER TABLE runs_run RESET (fillfactor)"
        ),
    ]
