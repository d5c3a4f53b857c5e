"""Webhooks, found by their token before their workspace is known, and which deliveries came."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.cipher
import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import APP_ROLE, EnableRowSecurity

WEBHOOK_BY_TOKEN = (
    f"CREATE POLICY by_hash ON ingest_webhook FOR SELECT TO {APP_ROLE}"
    " USING (nullif(current_setting('app.key_hash', true), '') IN (token_hash, former_hash));"
)


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0001_count_what_is_refused"),
        ("tenancy", "0012_whose_names_entries_hold"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
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
                ("name", models.CharField(max_length=120)),
                (
                    "preset",
                    models.CharField(
                        choices=[
                            ("GITHUB", "GitHub"),
                            ("STRIPE", "Stripe"),
                            ("SNS", "Amazon SNS"),
                            ("EVENTBRIDGE", "Amazon EventBridge"),
                            ("SLACK", "Slack"),
                            ("DBT_CLOUD", "dbt Cloud"),
                            ("GENERIC", "Generic"),
                            ("CUSTOM", "Custom"),
                        ],
                        max_length=16,
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("token_start", models.CharField(max_length=16)),
                ("former_hash", models.CharField(max_length=64, null=True, unique=True)),
                ("former_until", models.DateTimeField(null=True)),
                ("secret", apps.core.cipher.EncryptedField()),
                ("template", models.TextField(blank=True, default="")),
                ("topic_arn", models.CharField(blank=True, default="", max_length=400)),
                ("header", models.CharField(blank=True, default="", max_length=100)),
                ("disabled_at", models.DateTimeField(null=True)),
                ("received_count", models.BigIntegerField(default=0)),
                ("refused_count", models.BigIntegerField(default=0)),
                ("last_received_at", models.DateTimeField(null=True)),
                ("last_refused_at", models.DateTimeField(null=True)),
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
        ),
        migrations.CreateModel(
            name="SeenDelivery",
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
                ("key_hash", models.BinaryField(max_length=32)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.workspace",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="ingest.webhook",
                    ),
                ),
            ],
            options={
                "db_table": "ingest_seen_delivery",
            },
        ),
        migrations.AddIndex(
            model_name="webhook",
            index=models.Index(
                fields=["workspace", "-created_at", "-id"], name="ingest_webhook_list"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.UniqueConstraint(
                fields=("workspace", "name"), name="ingest_webhook_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("former_hash__isnull", True), ("former_until__isnull", True)),
                    models.Q(("former_hash__isnull", False), ("former_until__isnull", False)),
                    _connector="OR",
                ),
                name="ingest_webhook_former",
            ),
        ),
        migrations.AddIndex(
            model_name="seendelivery",
            index=models.Index(fields=["created_at"], name="ingest_seen_age"),
        ),
        migrations.AddIndex(
            model_name="seendelivery",
            index=models.Index(fields=["workspace"], name="ingest_seen_workspace"),
        ),
        migrations.AddConstraint(
            model_name="seendelivery",
            constraint=models.UniqueConstraint(
                fields=("webhook", "key_hash"), name="ingest_seen_once"
            ),
        ),
        EnableRowSecurity("ingest_webhook", also=WEBHOOK_BY_TOKEN),
        EnableRowSecurity("ingest_seen_delivery"),
    ]
