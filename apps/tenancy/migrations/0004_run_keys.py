"""Keys of managed runs: the workspace's own, found by their hash."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import RUN_KEY_BY_HASH, EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0003_plan_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunKey",
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
                ("run_id", models.UUIDField()),
                ("epoch", models.PositiveIntegerField()),
                ("secret_hash", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
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
                    models.Index(fields=["run_id", "epoch"], name="tenancy_run_key_run"),
                    models.Index(fields=["created_at"], name="tenancy_run_key_age"),
                ],
            },
        ),
        EnableRowSecurity("tenancy_runkey", also=RUN_KEY_BY_HASH),
    ]
