"""The ledger of usage, and its sums by day."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.core.models import Record
from billing.metering.meters import Meter

METERS = [(meter.value, meter.value) for meter in Meter]


class UsageRecord(Record):
    """
    One count with its source. Append-only: no serving role may change or delete a row.

    Everything by value: the ledger outlives what it tells of.
    """

    account_id = models.UUIDField()
    workspace_id = models.UUIDField()
    meter = models.CharField(max_length=32, choices=METERS)
    quantity = models.BigIntegerField()  # in the meter's unit
    day = models.DateField()  # on which it arose, in UTC
    deployment_id = models.UUIDField(null=True)
    run_id = models.UUIDField(null=True)
    source_key = models.CharField(max_length=100)  # the same count says the same key again

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["meter", "source_key"], name="metering_record_once"),
            models.CheckConstraint(name="metering_record_positive", condition=Q(quantity__gt=0)),
        ]
        indexes: ClassVar = [models.Index(fields=["day"], name="metering_record_day")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.meter} of {self.workspace_id}"


class ChangedAccount(models.Model):
    """
    Outbox for what is above: this account's sums changed. A row for each transaction that did.

    Not one row an account: its reader could delete a sign that another transaction relies on.
    """

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(primary_key=True, default=uuid7)
    account_id = models.UUIDField()

    def __str__(self) -> str:
        return str(self.account_id)


class UnreportedUsage(models.Model):
    """
    Outbox for what is above: what one transaction added to a meter of an account.

    Not a cursor over the ledger: a slow transaction's records would lie behind it, never seen.
    """

    id = models.BigAutoField(primary_key=True)
    account_id = models.UUIDField()
    meter = models.CharField(max_length=32, choices=METERS)
    quantity = models.BigIntegerField()
    recorded_at = models.DateTimeField()  # the records' `created_at`

    class Meta:
        indexes: ClassVar = [models.Index(fields=["recorded_at"], name="metering_unreported_age")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.meter} of {self.account_id}"


class UsageDay(models.Model):
    """What the records of one day add up to; kept by the transaction that adds a record."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.UUIDField()
    workspace_id = models.UUIDField()
    meter = models.CharField(max_length=32, choices=METERS)
    deployment_id = models.UUIDField(null=True)
    day = models.DateField()
    quantity = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace_id", "day", "meter", "deployment_id"],
                nulls_distinct=False,
                name="metering_day_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account_id", "day"], name="metering_day_of_account")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.meter} of {self.workspace_id} on {self.day}"
