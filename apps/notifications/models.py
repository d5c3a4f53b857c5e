"""Where notifications go, and what was sent there."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

import orjson
from django.db import models
from django.db.models import Q

from apps.core.cipher import EncryptedField
from apps.core.clock import utc_now
from apps.core.models import Record
from apps.notifications.enums import ChannelKind, DeliveryState, Purpose
from apps.notifications.messages import MAX_SUBJECT_LENGTH


class ChannelQuerySet(models.QuerySet["Channel"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ChannelQuerySet:
        return self.filter(workspace_id=workspace_id)


class Channel(Record):
    """Where messages go. What is needed to send there is a secret; `shown` is what is not."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=ChannelKind)  # never changes
    config = EncryptedField()  # JSON; its form is the transport's
    shown = models.JSONField(default=dict)  # the same, masked, made when the config is written
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(default=utc_now)

    last_delivery: Delivery | None = None  # set by those who show it; `selectors.last_deliveries`

    objects = ChannelQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="notifications_channel_name")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "-created_at", "-id"], name="notifications_channel_list"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration in clear, for the transport."""
        found: dict[str, Any] = orjson.loads(str(self.config))
        return found


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> DeliveryQuerySet:
        return self.filter(workspace_id=workspace_id)

    def tests_since(self, moment: datetime) -> DeliveryQuerySet:
        return self.filter(purpose=Purpose.TEST, created_at__gt=moment)


class Delivery(Record):
    """One message to one channel; tried again under the same row."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    source_key = models.CharField(max_length=200)  # the sender's name for it: sent once per key
    purpose = models.CharField(max_length=16, choices=Purpose)
    subject = models.CharField(max_length=MAX_SUBJECT_LENGTH)
    body = models.TextField()
    state = models.CharField(max_length=16, choices=DeliveryState)
    attempts = models.PositiveSmallIntegerField(default=1)  # the one under way included
    interrupted = models.PositiveSmallIntegerField(default=0)  # tries of which no end is known
    started_at = models.DateTimeField()  # of the last try
    ended_at = models.DateTimeField(null=True)  # of the last try
    outcome = models.JSONField(null=True)  # core.outbound.Outcome of the last try that ended

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["channel", "source_key"], name="notifications_delivery_once"
            ),
            models.CheckConstraint(
                name="notifications_delivery_ended",
                condition=Q(state=DeliveryState.SENDING, ended_at=None)
                | (
                    ~Q(state=DeliveryState.SENDING)
                    & Q(ended_at__isnull=False, outcome__isnull=False)
                ),
            ),
        ]
        indexes: ClassVar = [
            # Retention, and the count of tests within a minute.
            models.Index(fields=["workspace", "created_at"], name="notifications_delivery_age"),
            models.Index(
                fields=["channel", "-created_at", "-id"], name="notifications_delivery_list"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.state})"
