"""Who runs it where: pools, queues, agents, leases."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.dispatch.enums import LeaseEnd, PoolKind

POOL_KINDS = [(kind.value, kind.value) for kind in PoolKind]
LEASE_ENDS = [(end.value, end.value) for end in LeaseEnd]


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
    paused_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "name"], name="dispatch_queue_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paused(self) -> bool:
        return self.paused_at is not None


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

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["pool", "-created_at", "-id"], name="dispatch_agent_list"),
        ]

    def __str__(self) -> str:
        return self.name


class Lease(Record):
    """
    The right to execute one run, granted once: a row per grant, kept as history.

    A lease is also the slot that counts against the workspace's limit of concurrent runs.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="+", db_index=False)
    epoch = models.PositiveIntegerField()
    agent = models.ForeignKey(
        Agent, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    holder = models.CharField(max_length=300)  # "host:pid", also of local processes
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=16, choices=LEASE_ENDS, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "epoch"], name="dispatch_lease_once"),
            models.UniqueConstraint(
                fields=["run"], condition=Q(ended_at=None), name="dispatch_lease_one_active"
            ),
            models.CheckConstraint(
                name="dispatch_lease_end_has_reason",
                condition=Q(ended_at=None, ended_by="")
                | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "agent"],
                condition=Q(ended_at=None),
                name="dispatch_lease_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.epoch}"


class LeaseBeat(models.Model):
    """
    When the holder of an active lease was last heard of.

    PERF: a table of its own, narrow, half-filled pages and no index on the time, so that a beat is
    a HOT update that touches nothing else.
    """

    lease = models.OneToOneField(
        Lease, primary_key=True, on_delete=models.CASCADE, related_name="beat"
    )
    workspace_id = models.UUIDField()
    beat_at = models.DateTimeField()  # by the clock of the process that served the beat

    def __str__(self) -> str:
        return str(self.beat_at)


class FrontDoorPulse(models.Model):
    """
    The one row in which the web process says since when it can be reached.

    Our own outage must not count against a lease: silence is measured from `up_since` at the
    earliest and up to `seen_at` at the latest.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    up_since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="dispatch_pulse_single", condition=Q(id=1)),
        ]

    def __str__(self) -> str:
        return str(self.seen_at)
