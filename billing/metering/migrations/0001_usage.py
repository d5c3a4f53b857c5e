"""The ledger of usage and its sums by day; all references by value."""

from django.db import migrations, models

import apps.core.clock
import apps.core.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.UUIDField()),
                ("workspace_id", models.UUIDField()),
                (
                    "meter",
                    models.CharField(
                        choices=[
                            ("task_runs", "task_runs"),
                            ("managed_seconds", "managed_seconds"),
                            ("vcpu_seconds", "vcpu_seconds"),
                            ("gb_seconds", "gb_seconds"),
                        ],
                        max_length=32,
                    ),
                ),
                ("deployment_id", models.UUIDField(null=True)),
                ("day", models.DateField()),
                ("quantity", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account_id", "day"], name="metering_day_of_account")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace_id", "day", "meter", "deployment_id"),
                        name="metering_day_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageRecord",
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
                ("account_id", models.UUIDField()),
                ("workspace_id", models.UUIDField()),
                (
                    "meter",
                    models.CharField(
                        choices=[
                            ("task_runs", "task_runs"),
                            ("managed_seconds", "managed_seconds"),
                            ("vcpu_seconds", "vcpu_seconds"),
                            ("gb_seconds", "gb_seconds"),
                        ],
                        max_length=32,
                    ),
                ),
                ("quantity", models.BigIntegerField()),
                ("day", models.DateField()),
                ("deployment_id", models.UUIDField(null=True)),
                ("run_id", models.UUIDField(null=True)),
                ("source_key", models.CharField(max_length=100)),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="metering_record_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("meter", "source_key"), name="metering_record_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="metering_record_positive"
                    ),
                ],
            },
        ),
    ]
