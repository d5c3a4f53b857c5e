"""A third who takes pending batches, and the index by which workspaces with some are found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telemetry", "0005_points_of_many_values"),
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
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="pendingbatch",
            index=models.Index(
                condition=models.Q(("consumer", "lineage")),
                fields=["workspace", "id"],
                name="telemetry_pending_lineage",
            ),
        ),
    ]
