"""What doors refused, counted by day; webhooks, and which deliveries they had; schemas."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.cipher import EncryptedField
from apps.core.clock import utc_now
from apps.core.models import Record
from apps.ingest.enums import SchemaMode, WebhookPreset


class RefusalQuerySet(models.QuerySet["Refused"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> RefusalQuerySet:
        return self.filter(workspace_id=workspace_id)


class Refused(Record):
    """How often a door refused something with one code on one day, and the last of it."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    door = models.CharField(max_length=20)
    code = models.CharField(max_length=60)
    day = models.DateField()  # UTC, by our clock
    count = models.BigIntegerField()
    last_at = models.DateTimeField()
    samples = models.JSONField()  # newest first: at, message, field, item; see `samples`

    objects = RefusalQuerySet.as_manager()

    class Meta:
        db_table = "ingest_refusal"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "day", "door", "code"], name="ingest_refusal_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "last_at", "id"], name="ingest_refusal_latest"),
            models.Index(fields=["day"], name="ingest_refusal_age"),
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.code} at {self.door}"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> WebhookQuerySet:
        return self.filter(workspace_id=workspace_id)

    def of_token(self, token_hash: str, now: datetime) -> WebhookQuerySet:
        """The one whose address holds this token, or held it until a rotation's overlap ends."""
        former = Q(former_hash=token_hash, former_until__gt=now)
        return self.filter(Q(token_hash=token_hash) | former)


class Webhook(Record):
    """An address at which somebody else's service tells what happened there."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=120)
    preset = models.CharField(max_length=16, choices=WebhookPreset)  # never changes
    token_hash = models.CharField(max_length=64, unique=True)  # of what its address ends with
    token_start = models.CharField(max_length=16)  # its first characters, to tell addresses apart
    # After a rotation the address before goes on for a while.
    former_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - none is not an empty one
    former_until = models.DateTimeField(null=True)
    secret = EncryptedField()  # what deliveries are signed with; empty: nothing
    template = models.TextField(blank=True, default="")  # of the custom preset
    topic_arn = models.CharField(max_length=400, blank=True, default="")  # of SNS
    header = models.CharField(max_length=100, blank=True, default="")  # of the signature
    disabled_at = models.DateTimeField(null=True)
    received_count = models.BigIntegerField(default=0)  # deliveries that were taken
    refused_count = models.BigIntegerField(default=0)  # deliveries of which nothing was
    last_received_at = models.DateTimeField(null=True)
    last_refused_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(default=utc_now)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="ingest_webhook_name"),
            models.CheckConstraint(
                condition=Q(former_hash__isnull=True, former_until__isnull=True)
                | Q(former_hash__isnull=False, former_until__isnull=False),
                name="ingest_webhook_former",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="ingest_webhook_list")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None

    @property
    def has_secret(self) -> bool:
        return bool(self.secret)


class SeenDelivery(Record):
    """
    When a delivery that says no time of its own first came, so that its repeats have the same.

    Kept for longer than any sender repeats.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="+", db_index=False)
    key_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "ingest_seen_delivery"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "key_hash"], name="ingest_seen_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="ingest_seen_age"),
            models.Index(fields=["workspace"], name="ingest_seen_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id} at {self.created_at}"


class EventSchema(Record):
    """What payloads of events of a name hold; one that ends in `*` is the beginning of names."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=200)  # never changes
    mode = models.CharField(max_length=8, choices=SchemaMode)
    number = models.PositiveIntegerField(default=1)  # of the version that is in force
    schema = models.JSONField()  # that version's
    # What did not fit that version: events, each as often as it was sent.
    warned_count = models.BigIntegerField(default=0)
    refused_count = models.BigIntegerField(default=0)
    counted_since = models.DateTimeField(default=utc_now)  # since it is in force
    last_misfit_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(default=utc_now)

    class Meta:
        db_table = "ingest_event_schema"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="ingest_schema_name")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


class EventSchemaVersion(Record):
    """What a schema was, or is, at one time; kept as long as the schema."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    event_schema = models.ForeignKey(
        EventSchema, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    schema = models.JSONField()
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        db_table = "ingest_event_schema_version"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event_schema", "number"], name="ingest_schema_version_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "created_at", "id"], name="ingest_schema_versions")
        ]

    def __str__(self) -> str:
        return f"version {self.number}"
