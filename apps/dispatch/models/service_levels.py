"""What a deployment promises, and when it did not keep it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import Record
from apps.dispatch.enums import ServiceLevelKind

LEVEL_KINDS = [(kind.value, kind.value) for kind in ServiceLevelKind]


class ServiceLevelQuerySet(models.QuerySet["ServiceLevel"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ServiceLevelQuerySet:
        return self.filter(workspace_id=workspace_id)


class ServiceLevel(Record):
    """
    One promise: by a time of day, within seconds of the due time, or at least every so often.

    START_BY and FINISH_BY name a time of day in a zone, on some weekdays; LASTS_AT_MOST and
    SUCCEEDS_WITHIN a number of seconds.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    deployment = models.ForeignKey("flows.Deployment", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=LEVEL_KINDS)
    seconds = models.PositiveIntegerField(null=True)
    time_of_day = models.TimeField(null=True)
    weekdays = models.PositiveSmallIntegerField(default=127)  # bits, Monday first
    timezone = models.CharField(max_length=64, default="UTC")
    paused_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)  # null exactly while paused

    objects = ServiceLevelQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="dispatch_level_kind_fields",
                condition=Q(
                    kind__in=[ServiceLevelKind.START_BY.value, ServiceLevelKind.FINISH_BY.value],
                    seconds=None,
                    time_of_day__isnull=False,
                )
                | Q(
                    kind__in=[
                        ServiceLevelKind.LASTS_AT_MOST.value,
                        ServiceLevelKind.SUCCEEDS_WITHIN.value,
                    ],
                    seconds__gt=0,
                    time_of_day=None,
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="dispatch_level_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.deployment_id}"


class ServiceLevelBreach(Record):
    """One time a promise was not kept; also an event `headway.service_level.breached`."""

    workspace_id = models.UUIDField()
    level = models.ForeignKey(
        ServiceLevel, on_delete=models.CASCADE, related_name="breaches", db_index=False
    )
    due_at = models.DateTimeField()  # by when it should have been so
    run_id = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["level", "due_at", "run_id"],
                name="dispatch_breach_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level_id} at {self.due_at}"
