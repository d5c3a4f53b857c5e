"""The right to execute a run, and when its holder was last heard of."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.dispatch.enums import LeaseEnd
from apps.dispatch.models.pools import Agent

LEASE_ENDS = [(end.value, end.value) for end in LeaseEnd]


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
