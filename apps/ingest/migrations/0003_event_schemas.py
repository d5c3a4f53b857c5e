"""What the payloads of events hold, and what schemas were before."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0002_webhooks"),
        ("tenancy", "0012_whose_names_entries_hold"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EventSchema",
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
                ("name", models.CharField(max_length=200)),
                (
                    "mode",
                    models.CharField(
                        choices=[("OFF", "Off"), ("WARN", "Warn"), ("REFUSE", "Refuse")],
                        max_length=8,
                    ),
                ),
                ("number", models.PositiveIntegerField(default=1)),
                ("schema", models.JSONField()),
                ("updated_at", models.DateTimeField(default=apps.core.clock.utc_now)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
            options={
                "db_table": "ingest_event_schema",
            },
        ),
        migrations.CreateModel(
            name="EventSchemaVersion",
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
                ("number", models.PositiveIntegerField()),
                ("schema", models.JSONField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event_schema",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="ingest.eventschema",
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
            options={
                "db_table": "ingest_event_schema_version",
            },
        ),
        migrations.AddConstraint(
            model_name="eventschema",
            constraint=models.UniqueConstraint(
                fields=("workspace", "name"), name="ingest_schema_name"
            ),
        ),
        migrations.AddIndex(
            model_name="eventschemaversion",
            index=models.Index(
                fields=["workspace", "created_at", "id"], name="ingest_schema_versions"
            ),
        ),
        migrations.AddConstraint(
            model_name="eventschemaversion",
            constraint=models.UniqueConstraint(
                fields=("event_schema", "number"), name="ingest_schema_version_once"
            ),
        ),
        EnableRowSecurity("ingest_event_schema"),
        EnableRowSecurity("ingest_event_schema_version"),
    ]
