"""What was bought: plans with their entitlements, who has which, and who was warned of what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import Record
from billing.metering.meters import Meter
from billing.subscriptions.plans import THRESHOLDS, AtLimit, EntitlementKey, PlanCode

CODES = [(code.value, code.value) for code in PlanCode]
KEYS = [(key.value, key.value) for key in EntitlementKey]
METERS = [(meter.value, meter.value) for meter in Meter]
AT_LIMIT = [(each.value, each.value) for each in AtLimit]


class Plan(models.Model):
    """What can be bought. Rows come with migrations and no serving role may write them."""

    code = models.CharField(primary_key=True, max_length=16, choices=CODES)
    name = models.CharField(max_length=40)
    at_limit = models.CharField(max_length=8, choices=AT_LIMIT)
    position = models.PositiveSmallIntegerField()  # smallest plan first

    class Meta:
        managed = False
        db_table = "subscriptions_plan"

    def __str__(self) -> str:
        return self.name


class Entitlement(models.Model):
    """One limit of a plan; null is none. Rows come with migrations."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="entitlements")
    key = models.CharField(max_length=40, choices=KEYS)
    value = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "subscriptions_entitlement"

    def __str__(self) -> str:
        return f"{self.key} of {self.plan_id}"


class AgreedEntitlement(models.Model):
    """A limit that was agreed with one account and stands before its plan's."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.UUIDField()
    key = models.CharField(max_length=40, choices=KEYS)
    value = models.BigIntegerField(null=True)  # null: no limit

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_id", "key"], name="subscriptions_agreed_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.account_id}"


class Subscription(Record):
    """Which plan an account has. Whoever decides about the account's limits locks its row."""

    account = models.OneToOneField(
        "tenancy.Account", on_delete=models.CASCADE, related_name="subscription"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    plan_since = models.DateTimeField()
    held_month = models.DateField(null=True)  # first day of the month whose use holds new runs

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["held_month"],
                condition=Q(held_month__isnull=False),
                name="subscriptions_held",
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} of {self.account_id}"


class UsageWarning(Record):
    """The owners were told, once, that so much of a month's limit is used."""

    account_id = models.UUIDField()
    month = models.DateField()  # its first day
    meter = models.CharField(max_length=32, choices=METERS)
    threshold = models.PositiveSmallIntegerField(choices=[(each, str(each)) for each in THRESHOLDS])
    used = models.BigIntegerField()
    limit = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account_id", "month", "meter", "threshold"],
                name="subscriptions_warned_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.threshold} % of {self.meter}, {self.account_id}"
