"""A fourth who takes pending batches: those of events that can say what a run used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telemetry", "0006_leave_batches_for_the_world"),
        ("tenancy", "0012_whose_names_entries_hold"),
    ]

    operations = [
        migrations.AlterField(
            model_name="listener",
            name="consumer",
            field=models.CharField(
                choices=[
                    ("rollup", "Rollup"),
                    ("automations", "Automations"),
                    ("lineage", "Lineage"),
                    ("costs", "Costs"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="pendingbatch",
            name="consumer",
            field=models.CharField(
                choices=[
                    ("rollup", "Rollup"),
                    ("automations", "Automations"),
                    ("lineage", "Lineage"),
                    ("costs", "Costs"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="pendingbatch",
            index=models.Index(
                condition=models.Q(("consumer", "costs")),
                fields=["workspace", "id"],
                name="telemetry_pending_costs",
            ),
        ),
    ]
