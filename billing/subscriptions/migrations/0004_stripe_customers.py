"""Who an account is at Stripe, and what it has there as far as we know."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0003_row_security"),
        ("tenancy", "0003_plan_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="StripeCustomer",
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
                ("customer_id", models.CharField(max_length=255, unique=True)),
                (
                    "checkout_session_id",
                    models.CharField(blank=True, db_default="", max_length=255),
                ),
                ("looks", models.BigIntegerField(db_default=0)),
                ("applied_look", models.BigIntegerField(db_default=0)),
                ("looked_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stripe_customer",
                        to="tenancy.account",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="subscription",
            name="stripe_subscription_id",
            field=models.CharField(blank=True, db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="subscription",
            name="stripe_status",
            field=models.CharField(blank=True, db_default="", max_length=32),
        ),
        migrations.AddField(
            model_name="subscription",
            name="cancel_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="current_period_end",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="metered_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="metered_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("metered_until", None),
                    models.Q(
                        ("metered_since__isnull", False),
                        ("metered_until__gte", models.F("metered_since")),
                    ),
                    _connector="OR",
                ),
                name="subscriptions_metered_in_order",
            ),
        ),
    ]
