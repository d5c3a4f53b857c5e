"""How much may go on at once or in a minute, and who has it now."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.dispatch.enums import LimitKind
from apps.dispatch.models.leases import Lease

LIMIT_KINDS = [(kind.value, kind.value) for kind in LimitKind]


class LimitQuerySet(models.QuerySet["ConcurrencyLimit"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> LimitQuerySet:
        return self.filter(workspace_id=workspace_id)

    def of_runs(self) -> LimitQuerySet:
        """Those that a run must pass before it is leased; the others are asked for by its code."""
        return self.exclude(kind__in=[LimitKind.NAMED.value, LimitKind.RATE.value])


class ConcurrencyLimit(Record):
    """
    At most so many runs, holders or calls at once, or a minute.

    `key` says of what, by the kind: the id of a pool, queue, deployment, flow or backfill; a tag;
    a name that code asks for. There is no counter of what is taken: the slots are.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=16, choices=LIMIT_KINDS)
    key = models.CharField(max_length=200)
    slots = models.PositiveIntegerField(null=True)  # 0 lets nothing through; null for rates
    per_minute = models.PositiveIntegerField(null=True)
    free_at = models.DateTimeField(null=True)  # of a rate: when all that was promised is over
    made_by_code = models.BooleanField(default=False)  # else by a person, whose word stands
    updated_at = models.DateTimeField()

    objects = LimitQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "key"], name="dispatch_limit_once"
            ),
            models.CheckConstraint(
                name="dispatch_limit_says_how_much",
                condition=Q(kind=LimitKind.RATE.value, slots=None, per_minute__gt=0)
                | (~Q(kind=LimitKind.RATE.value) & Q(slots__isnull=False, per_minute=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class ConcurrencySlot(Record):
    """
    A part of a limit, held under a lease; it goes with the lease, in the same transaction.

    Of named limits code may wait for one: then nothing is granted yet, and whoever came first is
    served first. A waiter that stopped asking is passed over and dropped.
    """

    workspace_id = models.UUIDField()
    limit = models.ForeignKey(
        ConcurrencyLimit, on_delete=models.CASCADE, related_name="held", db_index=False
    )
    lease = models.ForeignKey(Lease, on_delete=models.CASCADE, related_name="slots")
    run_id = models.UUIDField()
    amount = models.PositiveIntegerField(default=1)
    granted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()  # last, of one that waits

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["limit", "created_at", "id"], name="dispatch_slot_of_limit"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.limit_id}"
