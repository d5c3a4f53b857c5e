"""What front doors refuse, counted by day, with samples."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0012_whose_names_entries_hold"),
    ]

    operations = [
        migrations.CreateModel(
            name="Refused",
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
                ("door", models.CharField(max_length=20)),
                ("code", models.CharField(max_length=60)),
                ("day", models.DateField()),
                ("count", models.BigIntegerField()),
                ("last_at", models.DateTimeField()),
                ("samples", models.JSONField()),
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
                "db_table": "ingest_refusal",
                "indexes": [
                    models.Index(
                        fields=["workspace", "last_at", "id"], name="ingest_refusal_latest"
                    ),
                    models.Index(fields=["day"], name="ingest_refusal_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "day", "door", "code"), name="ingest_refusal_once"
                    )
                ],
            },
        ),
        EnableRowSecurity("ingest_refusal"),
    ]
