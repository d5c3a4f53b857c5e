"""Who has which plan, what was agreed beside it, and who was warned of what."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0001_plans"),
        ("tenancy", "0003_plan_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgreedEntitlement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.UUIDField()),
                (
                    "key",
                    models.CharField(
                        choices=[
                            ("task_runs_per_month", "task_runs_per_month"),
                            ("managed_minutes_per_month", "managed_minutes_per_month"),
                            ("events_per_minute", "events_per_minute"),
                            ("max_users", "max_users"),
                            ("max_workspaces", "max_workspaces"),
                            ("retention_days", "retention_days"),
                        ],
                        max_length=40,
                    ),
                ),
                ("value", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "key"), name="subscriptions_agreed_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageWarning",
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
                ("month", models.DateField()),
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
                (
                    "threshold",
                    models.PositiveSmallIntegerField(
                        choices=[(50, "50"), (80, "80"), (100, "100")]
                    ),
                ),
                ("used", models.BigIntegerField()),
                ("limit", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "month", "meter", "threshold"),
                        name="subscriptions_warned_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
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
                ("plan_since", models.DateTimeField()),
                ("held_month", models.DateField(null=True)),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscription",
                        to="tenancy.account",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subscriptions.plan",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("held_month__isnull", False)),
                        fields=["held_month"],
                        name="subscriptions_held",
                    )
                ],
            },
        ),
    ]
