"""What runs used knows whose the runs are: for lists of the runs that made an amount."""

from django.db import migrations, models

TABLES = ("costs_runusage", "runs_run")


class Migration(migrations.Migration):
    dependencies = [
        ("costs", "0002_budgets_are_rules"),
        ("runs", "0008_partitions_take_over_the_rest"),
    ]
    operations = [
        migrations.AddField("runusage", "deployment_id", models.UUIDField(null=True)),
        migrations.AddField("runusage", "flow_id", models.UUIDField(null=True)),
        # The owner of the tables is under row security as well, and no policy lets it through.
        migrations.RunSQL(
            [
                *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in TABLES),
                "UPDATE costs_runusage u SET flow_id = r.flow_id, deployment_id ="
                " coalesce(r.deployment_id, '00000000-0000-0000-0000-000000000000')"
                " FROM runs_run r WHERE r.id = u.run_id AND r.workspace_id = u.workspace_id"
                " AND u.counted > 0",
                *(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in TABLES),
            ],
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            "runusage",
            models.Index(fields=["workspace", "day", "deployment_id"], name="costs_runusage_days"),
        ),
    ]
