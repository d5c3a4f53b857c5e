"""Who hears a workspace's events, and the index by which they find what was left for them."""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0002_row_security"),
        ("telemetry", "0002_time_series_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Listener",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "consumer",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "consumer",
                    models.CharField(
                        choices=[("rollup", "Rollup"), ("automations", "Automations")],
                        max_length=20,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.workspace",
                    ),
                ),
            ],
        ),
        EnableRowSecurity("telemetry_listener"),
        migrations.AlterField(
            model_name="pendingbatch",
            name="consumer",
            field=models.CharField(
                choices=[("rollup", "Rollup"), ("automations", "Automations")], max_length=20
            ),
        ),
        migrations.AddIndex(
            model_name="pendingbatch",
            index=models.Index(
                condition=models.Q(("consumer", "automations")),
                fields=["workspace", "id"],
                name="telemetry_pending_automations",
            ),
        ),
    ]
