"""How long a workspace keeps each kind, where that is shorter than its plan does."""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("telemetry", "0007_leave_batches_for_costs"),
        ("tenancy", "0012_whose_names_entries_hold"),
    ]

    operations = [
        migrations.CreateModel(
            name="Retention",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("events", "Events"), ("logs", "Logs"), ("metrics", "Metrics")],
                        max_length=16,
                    ),
                ),
                ("days", models.PositiveIntegerField()),
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
        EnableRowSecurity("telemetry_retention"),
    ]
