"""What Stripe is told of use: written once, sent until it is known to have arrived."""

from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableAccountRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0005_stripe_events"),
        ("metering", "0004_unreported_usage"),
    ]

    operations = [
        migrations.CreateModel(
            name="StripeReport",
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
                ("customer_id", models.CharField(max_length=255)),
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
                ("window_starts_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("quantity", models.BigIntegerField()),
                ("identifier", models.CharField(max_length=100, unique=True)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("unsure_since", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)),
                        name="subscriptions_report_positive",
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_attempt_at__isnull", False), ("sent_at", None)),
                        fields=["next_attempt_at"],
                        name="subscriptions_report_due",
                    ),
                    models.Index(
                        fields=["account_id", "window_starts_at"], name="subscriptions_report_of"
                    ),
                ],
            },
        ),
        EnableAccountRowSecurity("subscriptions_stripereport"),
        migrations.RunSQL(
            """
            REVOKE UPDATE, DELETE, TRUNCATE ON subscriptions_stripereport
                FROM headway_app, headway_worker;
            GRANT UPDATE (next_attempt_at, claimed_until, attempts, unsure_since, sent_at, error)
                ON subscriptions_stripereport TO headway_app, headway_worker;
            """,
            migrations.RunSQL.noop,
        ),
    ]
