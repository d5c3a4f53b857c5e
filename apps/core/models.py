"""What every table of ours starts with."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from apps.core.clock import utc_now
from apps.core.ids import uuid7


class Record(models.Model):
    """A row with a UUIDv7 made in Python and the moment it was made."""

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(
        primary_key=True, default=uuid7, editable=False
    )
    created_at = models.DateTimeField(default=utc_now, editable=False)

    class Meta:
        abstract = True


class IdempotentReply(Record):
    """The answer once given to a POST with an Idempotency-Key; the janitor drops it after a day."""

    scope = models.CharField(max_length=64)  # ids of the workspace, if any, and of the actor
    key = models.CharField(max_length=200)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)  # null while the first request is running
    body = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "key"], name="core_idempotent_once")
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="core_idempotent_age")]

    def __str__(self) -> str:
        return f"{self.key} in {self.scope}"
