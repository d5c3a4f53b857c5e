import django.db.models.deletion
from django.db import migrations, models

import apps.core.cipher
import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableAccountRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0008_row_security_of_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditStream",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="tenancy.account",
                    ),
                ),
                ("url", apps.core.cipher.EncryptedField()),
                ("secret", apps.core.cipher.EncryptedField()),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "Active"), ("PAUSED", "Paused")],
                        default="ACTIVE",
                        max_length=16,
                    ),
                ),
                ("created_at", models.DateTimeField(default=apps.core.clock.utc_now)),
                ("updated_at", models.DateTimeField(default=apps.core.clock.utc_now)),
                ("next_attempt_at", models.DateTimeField(default=apps.core.clock.utc_now)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("failing_since", models.DateTimeField(null=True)),
                ("last_sent_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=400)),
            ],
        ),
        migrations.CreateModel(
            name="PendingAuditEntry",
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
                ("entry_id", models.UUIDField()),
            ],
            options={
                "verbose_name_plural": "pending audit entries",
            },
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="tenancy_audit_object",
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["account_id", "action", "-occurred_at", "-id"], name="tenancy_audit_action"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["account_id", "actor_id", "-occurred_at", "-id"], name="tenancy_audit_actor"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("on_behalf_of_id__isnull", False)),
                fields=["account_id", "on_behalf_of_id", "-occurred_at", "-id"],
                name="tenancy_audit_behalf",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["account_id", "object_kind", "-occurred_at", "-id"],
                name="tenancy_audit_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["account_id", "object_id", "-occurred_at", "-id"],
                name="tenancy_audit_object",
            ),
        ),
        migrations.AddIndex(
            model_name="auditstream",
            index=models.Index(
                condition=models.Q(("state", "ACTIVE")),
                fields=["next_attempt_at"],
                name="tenancy_audit_stream_due",
            ),
        ),
        migrations.AddIndex(
            model_name="pendingauditentry",
            index=models.Index(fields=["account_id", "id"], name="tenancy_audit_pending"),
        ),
        EnableAccountRowSecurity("tenancy_auditstream"),
        EnableAccountRowSecurity("tenancy_pendingauditentry"),
    ]
