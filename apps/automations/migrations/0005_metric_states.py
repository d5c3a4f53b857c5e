"""How the lines of watched metrics stand, and what keeps a rule from looking."""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("automations", "0004_act_for_somebody"), ("tenancy", "0002_row_security")]
    operations = [
        migrations.AddField(
            model_name="automation",
            name="trouble",
            # In the database, so that the code of before may go on adding rules meanwhile.
            field=models.TextField(blank=True, db_default=""),
        ),
        migrations.CreateModel(
            name="MetricState",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "automation_id",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.TextField()),
                ("labels", models.JSONField()),
                (
                    "level",
                    models.CharField(
                        choices=[("PENDING", "PENDING"), ("FIRING", "FIRING")], max_length=16
                    ),
                ),
                ("since", models.DateTimeField()),
                ("value", models.FloatField(null=True)),
                ("silent_since", models.DateTimeField(null=True)),
                (
                    "automation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="metric_states",
                        to="automations.automation",
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
        EnableRowSecurity("automations_metricstate"),
    ]
