"""Usage belongs to the day on which it arose, and to the deployment, so that both can be shown."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0003_row_security")]
    operations = [
        migrations.RunSQL(
            # A change of type and no UPDATE: forced row security hides all rows from the owner.
            "ALTER TABLE runs_pendingusage ALTER occurred_at TYPE date"
            " USING (occurred_at AT TIME ZONE 'UTC')::date;"
            " ALTER TABLE runs_pendingusage RENAME occurred_at TO day;"
            " ALTER TABLE runs_pendingusage ADD deployment_id uuid",
            "ALTER TABLE runs_pendingusage DROP deployment_id;"
            " ALTER TABLE runs_pendingusage RENAME day TO occurred_at;"
            " ALTER TABLE runs_pendingusage ALTER occurred_at TYPE timestamptz"
            " USING occurred_at::timestamp AT TIME ZONE 'UTC'",
            state_operations=[
                migrations.RemoveField("pendingusage", "occurred_at"),
                migrations.AddField("pendingusage", "day", models.DateField()),
                migrations.AddField("pendingusage", "deployment_id", models.UUIDField(null=True)),
            ],
        )
    ]
