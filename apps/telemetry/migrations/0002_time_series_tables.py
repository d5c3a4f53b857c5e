"""
Time-series tables. Which store holds them is decided here, once, by what the database offers.

The tables are described in `store.tables`. Later changes of them are migrations of their own with
plain ALTER TABLE, which both stores understand.
"""

from django.db import migrations, models

from apps.telemetry import store
from apps.telemetry.store import tables


def make_tables(_apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        store.for_new_tables(cursor).create(cursor, tables.ALL)


def drop_tables(_apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table in tables.ALL:
            cursor.execute(f"DROP TABLE {table.name} CASCADE")
        for function in ("make_room", "drop_before", "compress_before"):
            cursor.execute(f"DROP FUNCTION telemetry_{function}(text, timestamptz)")


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0001_series_and_outbox")]
    operations = [
        migrations.RunPython(make_tables, drop_tables),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "occurred_at",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("id", models.UUIDField()),
                ("name", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("resource_kind", models.TextField(null=True)),
                ("resource_namespace", models.TextField(null=True)),
                ("resource_name", models.TextField(null=True)),
                ("related", models.JSONField(null=True)),
                ("payload", models.JSONField()),
                ("run_id", models.UUIDField(null=True)),
                ("task_run_id", models.UUIDField(null=True)),
                ("follows", models.UUIDField(null=True)),
                ("source", models.TextField()),
            ],
            options={
                "db_table": "telemetry_event",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LogLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "run_id",
                        "occurred_at",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.UUIDField()),
                ("run_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("id", models.UUIDField()),
                ("task_run_id", models.UUIDField(null=True)),
                (
                    "level",
                    models.SmallIntegerField(
                        choices=[
                            (10, "DEBUG"),
                            (20, "INFO"),
                            (30, "WARNING"),
                            (40, "ERROR"),
                            (50, "CRITICAL"),
                        ]
                    ),
                ),
                ("logger", models.TextField()),
                ("message", models.TextField()),
            ],
            options={
                "db_table": "telemetry_log_line",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="MetricPoint",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "series_id",
                        "occurred_at",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.UUIDField()),
                ("series_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("id", models.UUIDField()),
                ("value", models.FloatField()),
                ("run_id", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "telemetry_metric_point",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="RunTransition",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("workspace_id", models.UUIDField()),
                ("run_id", models.UUIDField()),
                ("task_run_id", models.UUIDField()),
                ("state", models.TextField()),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("epoch", models.IntegerField()),
                ("superseded", models.BooleanField()),
                ("message", models.TextField()),
            ],
            options={
                "db_table": "telemetry_run_transition",
                "managed": False,
            },
        ),
    ]
