"""What was bought: plans with their entitlements, who has which, and who was warned of what."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

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

    # As Stripe had it when we last looked; all empty when nothing was ever bought there.
    stripe_subscription_id = models.CharField(max_length=255, blank=True, db_default="")
    stripe_status = models.CharField(max_length=32, blank=True, db_default="")
    cancel_at = models.DateTimeField(null=True)
    current_period_end = models.DateTimeField(null=True)
    # What was recorded from then on, and before the other, is reported to Stripe; by our clock.
    metered_since = models.DateTimeField(null=True)
    metered_until = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["held_month"],
                condition=Q(held_month__isnull=False),
                name="subscriptions_held",
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="subscriptions_metered_in_order",
                condition=Q(metered_until=None)
                | Q(metered_since__isnull=False, metered_until__gte=F("metered_since")),
            )
        ]

    def is_metered_at(self, moment: datetime) -> bool:
        """Tell whether a use recorded then is paid through Stripe."""
        return (
            self.metered_since is not None
            and self.metered_since <= moment
            and (self.metered_until is None or moment < self.metered_until)
        )

    def __str__(self) -> str:
        return f"{self.plan_id} of {self.account_id}"


class StripeCustomer(Record):
    """
    Who an account is at Stripe.

    Without row security, as members are: a webhook names the customer, and this tells whose it is.
    """

    account = models.OneToOneField(
        "tenancy.Account", on_delete=models.CASCADE, related_name="stripe_customer"
    )
    customer_id = models.CharField(max_length=255, unique=True)
    checkout_session_id = models.CharField(max_length=255, blank=True, db_default="")  # the last
    # Who looks at Stripe takes a number first, and what was seen with a lower one is old.
    looks = models.BigIntegerField(db_default=0)
    applied_look = models.BigIntegerField(db_default=0)
    looked_at = models.DateTimeField(null=True)  # when it was last applied

    def __str__(self) -> str:
        return self.customer_id


class StripeEventQuerySet(models.QuerySet["StripeEvent"]):
    def unclaimed(self, now: datetime) -> StripeEventQuerySet:
        """Return those that still have to be processed and that no worker is at."""
        free = Q(claimed_until=None) | Q(claimed_until__lt=now)
        return self.filter(free, processed_at=None)

    def due(self, now: datetime) -> StripeEventQuerySet:
        return self.unclaimed(now).filter(next_attempt_at__lte=now)


class StripeEvent(models.Model):
    """
    A webhook as it came, whose signature held. Of all accounts; only Celery reads it.

    The body is evidence: what it tells of is asked for anew.
    """

    id = models.CharField(primary_key=True, max_length=255)  # Stripe's: the same event comes again
    type = models.CharField(max_length=255)
    customer_id = models.CharField(max_length=255, blank=True)
    body = models.TextField()
    received_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)  # null: processed, or given up
    claimed_until = models.DateTimeField(null=True)  # a worker that died leaves it to the next
    attempts = models.PositiveSmallIntegerField(default=0)
    processed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    objects = StripeEventQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(processed_at=None, next_attempt_at__isnull=False),
                name="subscriptions_event_due",
            ),
            models.Index(fields=["received_at"], name="subscriptions_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class StripeReportQuerySet(models.QuerySet["StripeReport"]):
    def unclaimed(self, now: datetime) -> StripeReportQuerySet:
        """Return those that are not sent and that no worker is at."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), sent_at=None)

    def due(self, now: datetime) -> StripeReportQuerySet:
        return self.unclaimed(now).filter(next_attempt_at__lte=now)


class StripeReport(Record):
    """
    So much of a meter was recorded in an hour, as Stripe is told. What it says never changes.

    A count that comes later is another report, whatever hour it is of.
    """

    account_id = models.UUIDField()
    customer_id = models.CharField(max_length=255)
    meter = models.CharField(max_length=32, choices=METERS)
    window_starts_at = models.DateTimeField()  # of the hour in which it was recorded
    recorded_at = models.DateTimeField()  # the last of what it adds up
    quantity = models.BigIntegerField()
    identifier = models.CharField(max_length=100, unique=True)  # Stripe counts it once
    next_attempt_at = models.DateTimeField(null=True)  # null: sent, or for people to decide
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    # The first attempt of which nobody knows whether it arrived: identifiers are unique for a day.
    unsure_since = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    objects = StripeReportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0), name="subscriptions_report_positive"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(sent_at=None, next_attempt_at__isnull=False),
                name="subscriptions_report_due",
            ),
            models.Index(fields=["account_id", "window_starts_at"], name="subscriptions_report_of"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.meter} of {self.account_id}"


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
