"""What runs used, and what it costs."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.core.models import Record
from apps.costs.derive import SUBJECT_LENGTH
from apps.costs.enums import CostKind, Unit

KINDS = [(kind.value, kind.value) for kind in CostKind]
UNITS = [(unit.value, unit.value) for unit in Unit]
NOBODY = uuid.UUID(int=0)  # in place of a deployment: a run without one


class PriceQuerySet(models.QuerySet["Price"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> PriceQuerySet:
        return self.filter(workspace_id=workspace_id)


class Price(Record):
    """What a workspace says that something costs, from a day on."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=16, choices=KINDS)
    pattern = models.CharField(max_length=SUBJECT_LENGTH)
    unit = models.CharField(max_length=32, choices=UNITS)
    price = models.DecimalField(max_digits=20, decimal_places=9)  # for `enums.PER` of the unit
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()  # in UTC
    updated_at = models.DateTimeField()

    objects = PriceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "workspace", "kind", Lower("pattern"), "unit", "valid_from", name="costs_price_once"
            ),
            models.CheckConstraint(name="costs_price_not_negative", condition=Q(price__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.pattern} {self.unit}"


class RunUsage(models.Model):
    """What one run used of one thing on one day. Prices come in only when somebody looks."""

    pk = models.CompositePrimaryKey("workspace_id", "run_id", "day", "kind", "subject", "unit")
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run_id = models.UUIDField()
    day = models.DateField()  # in UTC, by the event's time
    kind = models.CharField(max_length=16)
    subject = models.CharField(max_length=SUBJECT_LENGTH)  # the model, the warehouse
    unit = models.CharField(max_length=32)
    quantity = models.DecimalField(max_digits=30, decimal_places=9)
    count = models.BigIntegerField()  # of events
    # Whose the run is; null while nobody knows, and NOBODY for a run without a deployment.
    deployment_id = models.UUIDField(null=True)
    flow_id = models.UUIDField(null=True)
    # How much of both is in `DayUsage`: nothing while nobody knows whose the run is.
    counted_quantity = models.DecimalField(max_digits=30, decimal_places=9, default=0)
    counted = models.BigIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            # PERF: which runs made an amount, by days and by whose they are.
            models.Index(fields=["workspace", "day", "deployment_id"], name="costs_runusage_days")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.unit} of {self.run_id}"


class DayUsage(models.Model):
    """What the runs of one deployment, or of a flow without one, used on one day."""

    pk = models.CompositePrimaryKey(
        "workspace_id", "day", "deployment_id", "flow_id", "kind", "subject", "unit"
    )
    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    deployment_id = models.UUIDField()  # NOBODY: none
    flow_id = models.UUIDField()
    kind = models.CharField(max_length=16)
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    unit = models.CharField(max_length=32)
    quantity = models.DecimalField(max_digits=30, decimal_places=9)
    count = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.quantity} {self.unit} on {self.day}"
