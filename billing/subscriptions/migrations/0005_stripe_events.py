"""Webhooks as they came: evidence that only Celery and the janitor look at."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0004_stripe_customers")]

    operations = [
        migrations.CreateModel(
            name="StripeEvent",
            fields=[
                ("id", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("type", models.CharField(max_length=255)),
                ("customer_id", models.CharField(blank=True, max_length=255)),
                ("body", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("processed_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("next_attempt_at__isnull", False), ("processed_at", None)
                        ),
                        fields=["next_attempt_at"],
                        name="subscriptions_event_due",
                    ),
                    models.Index(fields=["received_at"], name="subscriptions_event_age"),
                ],
            },
        ),
        migrations.RunSQL(
            # A body that was stored is not rewritten; how far it got is.
            """
            REVOKE UPDATE ON subscriptions_stripeevent FROM headway_app, headway_worker;
            GRANT UPDATE (next_attempt_at, claimed_until, attempts, processed_at, error)
                ON subscriptions_stripeevent TO headway_app;
            """,
            migrations.RunSQL.noop,
        ),
    ]
