"""Many runs of one deployment over a range of times or a list of partitions."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.dispatch.enums import BackfillState

BACKFILL_STATES = [(state.value, state.value) for state in BackfillState]


class BackfillQuerySet(models.QuerySet["Backfill"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> BackfillQuerySet:
        return self.filter(workspace_id=workspace_id)


class Backfill(Record):
    """A wish for many runs: made little by little, and held back by a limit of its own."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    deployment = models.ForeignKey("flows.Deployment", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=BACKFILL_STATES)
    parameter = models.CharField(max_length=200, blank=True)  # which one gets the part's key
    parameters = models.JSONField(default=dict)  # laid over the deployment's, for all parts
    priority = models.SmallIntegerField(default=-10)  # of its runs: below what is due by itself
    concurrency = models.PositiveIntegerField(default=1)
    parts_total = models.PositiveIntegerField()
    since = models.DateTimeField(null=True)  # of a range of times
    until = models.DateTimeField(null=True)
    created_by = models.JSONField(null=True)  # {"kind", "id", "name"}
    ended_at = models.DateTimeField(null=True)

    objects = BackfillQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="dispatch_backfill_list"),
            models.Index(
                fields=["created_at"],
                condition=Q(state=BackfillState.RUNNING.value),
                name="dispatch_backfill_going",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BackfillPart(Record):
    """One time or partition of a backfill, and the run that was made for it."""

    workspace_id = models.UUIDField()
    backfill = models.ForeignKey(
        Backfill, on_delete=models.CASCADE, related_name="parts", db_index=False
    )
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=200)  # ISO time, or the partition's name
    run_id = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["backfill", "position"], name="dispatch_part_once"),
            models.UniqueConstraint(fields=["backfill", "key"], name="dispatch_part_key_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["backfill", "position"],
                condition=Q(run_id=None),
                name="dispatch_part_without_run",
            ),
        ]

    def __str__(self) -> str:
        return self.key
