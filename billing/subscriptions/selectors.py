"""Reads of plans for the HTTP layer and for the services here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from apps.tenancy.isolation import account_scope
from billing.metering.months import Month
from billing.subscriptions.gateway import LIVE, Gateway
from billing.subscriptions.models import (
    AgreedEntitlement,
    Plan,
    StripeReport,
    Subscription,
    UsageWarning,
)
from billing.subscriptions.plans import UNLIMITED, AtLimit, EntitlementKey, Entitlements, PlanCode


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan and what it allows; of an account, with what was agreed beside it."""

    code: PlanCode
    name: str
    at_limit: AtLimit
    entitlements: Entitlements
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How an account pays for its plan, as the payment provider had it when we last looked."""

    status: str
    cancel_at: datetime | None
    current_period_end: datetime | None


def billing_is_on() -> bool:
    """Tell whether plans limit anybody in this installation."""
    return bool(settings.BILLING)


def plans_can_be_bought() -> bool:
    """Tell whether this installation has a payment provider."""
    return billing_is_on() and bool(settings.STRIPE_SECRET_KEY)


def find_gateway() -> Gateway | None:
    """Return the payment provider, or None when plans cannot be bought here."""
    if not plans_can_be_bought():
        return None
    # PERF: 23 MB that whoever hosts Headway themselves has no use for.
    from billing.subscriptions import stripe_gateway

    return stripe_gateway.connect(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_BASE
    )


def prices_of(plan: PlanCode) -> tuple[str, ...]:
    """Return what the plan is made of at the payment provider; empty when it is not sold there."""
    prices: dict[str, tuple[str, ...]] = settings.STRIPE_PRICES
    return prices.get(plan.value, ())


def default_plan() -> PlanCode:
    return PlanCode.FREE if billing_is_on() else PlanCode.SELF_HOSTED


def effective_plan(stored: str) -> PlanCode:
    """Return the plan that counts: BILLING may have been switched since the row was written."""
    if not billing_is_on():
        return PlanCode.SELF_HOSTED
    return PlanCode.FREE if stored == PlanCode.SELF_HOSTED else PlanCode(stored)


def get_plan(*, account_id: uuid.UUID) -> PlanView:
    """Return the account's plan with its limits; inside its scope, or a loop."""
    subscription = Subscription.objects.filter(account_id=account_id).first()
    code = effective_plan(subscription.plan_id) if subscription else default_plan()
    plan = _view(Plan.objects.prefetch_related("entitlements").get(code=code.value))
    agreed = AgreedEntitlement.objects.filter(account_id=account_id) if billing_is_on() else ()
    return PlanView(
        code=plan.code,
        name=plan.name,
        at_limit=plan.at_limit,
        entitlements={
            **plan.entitlements,
            **{EntitlementKey(each.key): each.value for each in agreed},
        },
        since=subscription.plan_since if subscription else None,
    )


def find_payment(*, account_id: uuid.UUID) -> Payment | None:
    """Return how the account pays, or None when it bought nothing; inside its scope."""
    subscription = Subscription.objects.filter(account_id=account_id).first()
    if subscription is None or not subscription.stripe_status:
        return None
    return Payment(
        status=subscription.stripe_status,
        cancel_at=subscription.cancel_at,
        current_period_end=subscription.current_period_end,
    )


def find_obstacle(*, account_id: uuid.UUID) -> tuple[str, str] | None:
    """Return why the account may not be deleted, as code and words; None when nothing is paid."""
    with account_scope(account_id):
        payment = find_payment(account_id=account_id)
    if payment is None or payment.status not in LIVE or payment.cancel_at is not None:
        return None
    return "subscription_running", "Its plan is paid for: end that on the page of the plan first."


def list_plans() -> list[PlanView]:
    """Return what can be bought here, smallest first; nothing while billing is off."""
    if not billing_is_on():
        return []
    plans = Plan.objects.exclude(code=PlanCode.SELF_HOSTED.value).order_by("position")
    return [_view(plan) for plan in plans.prefetch_related("entitlements")]


def _view(plan: Plan) -> PlanView:
    own = {EntitlementKey(each.key): each.value for each in plan.entitlements.all()}
    return PlanView(
        code=PlanCode(plan.code),
        name=plan.name,
        at_limit=AtLimit(plan.at_limit),
        entitlements={**UNLIMITED, **own},
    )


def list_warnings(*, account_id: uuid.UUID, month: date) -> QuerySet[UsageWarning]:
    """Return what the owners were warned of in the month, in the order of its happening."""
    warnings = UsageWarning.objects.filter(account_id=account_id, month=month)
    return warnings.order_by("created_at", "threshold", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSum:
    """What Stripe was told of a meter of an account, and what it is still to be told."""

    account_id: uuid.UUID
    meter: str
    sent: int
    waiting: int


def sum_reports(*, month: Month) -> list[ReportSum]:
    """Return what was recorded in the month for Stripe, by account and meter; for commands."""
    rows = (
        StripeReport.objects.filter(
            window_starts_at__gte=month.starts_at, window_starts_at__lt=month.ends_at
        )
        .values("account_id", "meter")
        .annotate(
            told=Sum("quantity", filter=Q(sent_at__isnull=False), default=0),
            waiting=Sum("quantity", filter=Q(sent_at=None), default=0),
        )
        .order_by("account_id", "meter")
    )
    return [
        ReportSum(
            account_id=row["account_id"],
            meter=row["meter"],
            sent=int(row["told"]),
            waiting=int(row["waiting"]),
        )
        for row in rows
    ]


def list_unsettled_reports() -> list[StripeReport]:
    """Return the reports that wait for people to decide, oldest first; for commands."""
    waiting = StripeReport.objects.filter(sent_at=None, next_attempt_at=None)
    return list(waiting.order_by("recorded_at", "id")[:1_000])
