"""What doors refused, counted by day."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from apps.core.models import Record


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
