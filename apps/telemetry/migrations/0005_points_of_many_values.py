"""Points that stand for many values (histograms), and the last readings of running totals."""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.isolation import EnableRowSecurity

# Where the tables are made today, 0002 makes them with these columns.
ADD = """
    ALTER TABLE telemetry_metric_point ADD COLUMN IF NOT EXISTS count bigint;
    ALTER TABLE telemetry_metric_point ADD COLUMN IF NOT EXISTS low double precision;
    ALTER TABLE telemetry_metric_point ADD COLUMN IF NOT EXISTS high double precision;
    ALTER TABLE telemetry_metric_point ADD COLUMN IF NOT EXISTS sketch bytea;
"""
DROP = """
    ALTER TABLE telemetry_metric_point DROP COLUMN count;
    ALTER TABLE telemetry_metric_point DROP COLUMN low;
    ALTER TABLE telemetry_metric_point DROP COLUMN high;
    ALTER TABLE telemetry_metric_point DROP COLUMN sketch;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0002_row_security"),
        ("telemetry", "0004_read_dates_of_partitions_only"),
    ]

    operations = [
        migrations.RunSQL(ADD, DROP),
        migrations.CreateModel(
            name="MetricStream",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "stream_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("stream_id", models.UUIDField()),
                ("last_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("reading", models.BinaryField(null=True)),
                ("touched_at", models.DateTimeField()),
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
            options={
                "indexes": [models.Index(fields=["touched_at"], name="telemetry_stream_age")],
            },
        ),
        EnableRowSecurity("telemetry_metricstream"),
    ]
