"""Where runs go, and who takes them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.dispatch.enums import PoolKind

POOL_KINDS = [(kind.value, kind.value) for kind in PoolKind]


class PoolQuerySet(models.QuerySet["Pool"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> PoolQuerySet:
        return self.filter(workspace_id=workspace_id)


class Pool(Record):
    """Where runs go; agents join one."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=POOL_KINDS, default=PoolKind.PROCESS.value)
    paused_at = models.DateTimeField(null=True)  # nothing is leased from it while set
    # What its runs' jobs get unless their deployment says otherwise; the kind's schema applies.
    job_defaults = models.JSONField(default=dict)

    objects = PoolQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="dispatch_pool_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paused(self) -> bool:
        return self.paused_at is not None


class Queue(Record):
    """An ordered lane of a pool; lanes with a smaller priority number are served first."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="queues", db_index=False)
    name = models.CharField(max_length=100)
    priority = models.PositiveSmallIntegerField(default=1)
    is_default = models.BooleanField(default=False)  # takes what names no queue; else the first
    paused_at = models.DateTimeField(null=True)
    # Kept for the runs that went through it. Nothing new comes here, but what does is served.
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["pool", "name"], condition=Q(deleted_at=None), name="dispatch_queue_name"
            ),
            models.CheckConstraint(
                name="dispatch_queue_default_stands",
                condition=Q(deleted_at=None) | Q(is_default=False, paused_at=None),
            ),
            models.UniqueConstraint(
                fields=["pool"], condition=Q(is_default=True), name="dispatch_queue_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paused(self) -> bool:
        return self.paused_at is not None


class DepthSample(models.Model):
    """
    The one row that says when queues were measured last, and which had something then.

    Whoever holds its lock measures; a queue that had something is told once more when it is empty.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sampled_at = models.DateTimeField()
    queue_ids = ArrayField(models.UUIDField())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="dispatch_depth_single", condition=Q(id=1)),
        ]

    def __str__(self) -> str:
        return str(self.sampled_at)


class Agent(Record):
    """A process that takes runs; it names its own id, new at each start."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="agents", db_index=False)
    name = models.CharField(max_length=200)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=50)
    labels = models.JSONField(default=dict)
    capacity = models.PositiveSmallIntegerField()  # runs at a time, by its own word
    last_seen_at = models.DateTimeField()  # last poll or heartbeat, by our clock
    draining_at = models.DateTimeField(null=True)  # it gets no further runs while set

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["pool", "-created_at", "-id"], name="dispatch_agent_list"),
        ]

    def __str__(self) -> str:
        return self.name
