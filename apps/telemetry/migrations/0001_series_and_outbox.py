"""Relational tables: series, what a run measured, the outbox; with row security."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0002_row_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunMetric",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "run_id",
                        "series_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run_id", models.UUIDField()),
                ("series_id", models.UUIDField()),
                ("count", models.BigIntegerField()),
                ("total", models.FloatField()),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("last", models.FloatField()),
                ("last_at", models.DateTimeField()),
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
        migrations.CreateModel(
            name="MetricSeries",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("labels", models.JSONField()),
                ("unit", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("last_at", models.DateTimeField(null=True)),
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
                "indexes": [
                    models.Index(fields=["workspace", "name"], name="telemetry_series_by_name")
                ],
            },
        ),
        migrations.CreateModel(
            name="PendingBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=apps.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=apps.core.clock.utc_now, editable=False),
                ),
                ("consumer", models.CharField(choices=[("rollup", "Rollup")], max_length=20)),
                ("content", models.BinaryField()),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["consumer", "id"], name="telemetry_pending_in_order")
                ],
            },
        ),
        EnableRowSecurity("telemetry_metricseries"),
        EnableRowSecurity("telemetry_runmetric"),
        EnableRowSecurity("telemetry_pendingbatch"),
    ]
