"""Exports under way and made: what is done of each is here, the bytes are in the storage."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.exports.enums import ExportState


class ExportJobQuerySet(models.QuerySet["ExportJob"]):
    def of(self, account_id: uuid.UUID, workspace_id: uuid.UUID | None) -> ExportJobQuerySet:
        return self.filter(account_id=account_id, workspace_id=workspace_id)

    def unfinished(self) -> ExportJobQuerySet:
        return self.filter(state__in=[ExportState.PENDING, ExportState.RUNNING])

    def unclaimed(self, now: datetime) -> ExportJobQuerySet:
        return self.unfinished().filter(Q(claimed_until=None) | Q(claimed_until__lt=now))


class ExportJob(Record):
    """
    One export, of a workspace or of a whole account. Ids by value: it outlives the workspace.

    A worker that was killed leaves its claim to lapse; the next goes on where it stopped.
    """

    account_id = models.UUIDField()
    workspace_id = models.UUIDField(null=True)  # null: of the whole account
    requested_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    state = models.CharField(
        max_length=16, choices=ExportState, default=ExportState.PENDING, db_default="PENDING"
    )
    claim = models.UUIDField(null=True)  # of the worker that is at it
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # since anything was last completed
    file_key = models.CharField(max_length=200, blank=True)  # in the storage, once it is done
    size_bytes = models.BigIntegerField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # its bytes and its row go then
    error = models.CharField(max_length=300, blank=True)

    objects = ExportJobQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account_id", "workspace_id"],
                condition=Q(state__in=["PENDING", "RUNNING"]),
                nulls_distinct=False,
                name="exports_job_one_at_a_time",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["account_id", "-created_at", "-id"], name="exports_job_list"),
            models.Index(fields=["expires_at"], name="exports_job_age"),
        ]

    def __str__(self) -> str:
        return f"export {self.id}"


class ExportPart(models.Model):
    """One file of the zip: how far it is, and in which pieces it lies in the storage."""

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(
        primary_key=True, default=uuid.uuid4
    )
    job = models.ForeignKey(ExportJob, on_delete=models.CASCADE, related_name="parts")
    account_id = models.UUIDField()
    position = models.PositiveIntegerField()
    folder = models.CharField(max_length=120)  # in the zip
    kind = models.CharField(max_length=40)
    of_workspace = models.UUIDField(null=True)  # null: of the account
    cursor: models.JSONField[list[Any] | None, list[Any] | None] = models.JSONField(null=True)
    pieces: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    rows = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "position"], name="exports_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.folder}/{self.kind}"
