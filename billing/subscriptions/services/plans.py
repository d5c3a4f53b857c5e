"""Give accounts plans, write what plans allow through to the product, and watch the limits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction

from apps.core.ids import derived_uuid7
from apps.identity import services as identity
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Resource, object_payload
from apps.tenancy import audit
from apps.tenancy import selectors as tenancy_selectors
from apps.tenancy import services as tenancy
from apps.tenancy.actors import AccountRef, Hold, PlanLimits
from apps.tenancy.isolation import account_scope, workspace_scope
from billing.metering import selectors as metering_selectors
from billing.metering import services as metering
from billing.metering.meters import Meter
from billing.metering.months import Month
from billing.subscriptions import selectors
from billing.subscriptions.errors import BillingIsOff
from billing.subscriptions.mails import warning_mail
from billing.subscriptions.models import AgreedEntitlement, Subscription, UsageWarning
from billing.subscriptions.plans import (
    AtLimit,
    EntitlementKey,
    Entitlements,
    PlanCode,
    crossed,
    hold_reason,
    limits_by_meter,
)
from billing.subscriptions.selectors import PlanView
from billing.subscriptions.services.reports import follow_metering

logger = structlog.get_logger(__name__)
CHANGES_AT_ONCE = 500
TURNED_AT_ONCE = 50
PAGE = 1_000  # accounts


@transaction.atomic
def change_plan(*, account_id: uuid.UUID, plan: PlanCode, now: datetime) -> PlanView:
    """
    Give the account another plan, which counts at once.

    Raises: BillingIsOff.
    """
    if not selectors.billing_is_on() or plan is PlanCode.SELF_HOSTED:
        raise BillingIsOff("This installation is hosted by its users; there is nothing to buy.")
    with account_scope(account_id):
        subscription = locked_subscription(account_id, now)
        set_plan(subscription, plan, now=now)
        follow_metering(subscription, now=now)
        apply_entitlements(account_id=account_id, now=now)
        return selectors.get_plan(account_id=account_id)


def set_plan(subscription: Subscription, plan: PlanCode, *, now: datetime) -> None:
    """Write the plan to the locked subscription; what it allows is the caller's to apply."""
    if subscription.plan_id == plan.value:
        return
    audit.record(
        action="plan.changed",
        target=audit.Object(kind="plan", id=subscription.account_id),
        before={"plan": subscription.plan_id},
        after={"plan": plan.value},
        account_id=subscription.account_id,
    )
    subscription.plan_id = plan.value
    subscription.plan_since = now
    subscription.save(update_fields=["plan", "plan_since"])
    logger.info("plan.changed", account_id=str(subscription.account_id), plan=plan.value)


@transaction.atomic
def agree(
    *, account_id: uuid.UUID, key: EntitlementKey, value: int | None, now: datetime
) -> PlanView:
    """
    Set one limit for one account, before what its plan says; None is no limit.

    Raises: BillingIsOff.
    """
    if not selectors.billing_is_on():
        raise BillingIsOff("This installation is hosted by its users; nothing is limited.")
    with account_scope(account_id):
        agreed = AgreedEntitlement.objects.filter(account_id=account_id, key=key.value)
        before = agreed.values_list("value", flat=True).first()
        AgreedEntitlement.objects.update_or_create(
            account_id=account_id, key=key.value, defaults={"value": value}
        )
        audit.record(
            action="plan.limit_agreed",
            target=audit.Object(kind="plan", id=account_id),
            before={key.value: before},
            after={key.value: value},
            account_id=account_id,
        )
        apply_entitlements(account_id=account_id, now=now)
        return selectors.get_plan(account_id=account_id)


@transaction.atomic
def apply_entitlements(*, account_id: uuid.UUID, now: datetime) -> None:
    """
    Write what the account's plan allows to its limits, hold or release it, and warn its owners.

    An account without a subscription gets one. Repeating it changes nothing: it is the answer to
    whatever may have changed, the plan, the use, or the month. One at a time per account.
    """
    account = tenancy_selectors.find_account(account_id=account_id)
    if account is None:
        return
    with account_scope(account_id):
        subscription = locked_subscription(account_id, now)
        plan = selectors.get_plan(account_id=account_id)
        month = Month.of(now)
        limits = limits_by_meter(plan.entitlements)
        totals = metering_selectors.totals_of_account(account_id=account_id, month=month)
        used = {meter: totals.get(meter, 0) for meter in limits}
        for meter, limit in limits.items():
            _warn(account, plan, month, meter=meter, used=used[meter], limit=limit, now=now)
        present, present_managed = tenancy_selectors.find_account_holds(account_id=account_id)
        hold = _hold(Meter.TASK_RUNS, plan, month, limits, used, present)
        managed_hold = _hold(Meter.MANAGED_SECONDS, plan, month, limits, used, present_managed)
        tenancy.set_limits(
            account_id=account_id,
            limits=_plan_limits(plan.entitlements),
            hold=hold,
            managed_hold=managed_hold,
        )
        held_month = month.since if hold or managed_hold else None
        if subscription.held_month != held_month:
            subscription.held_month = held_month
            subscription.save(update_fields=["held_month"])
            what = "account.held" if held_month else "account.freed"
            logger.info(what, account_id=str(account_id))


def enforce_limits(*, now: datetime) -> int:
    """
    Look at the accounts whose use changed, and at those whose held month is over.

    Returns how many; 0 means the caller may sleep. Any number of callers at once. For loops.
    """
    with transaction.atomic():
        changed = metering.take_changed_accounts(limit=CHANGES_AT_ONCE)
        if selectors.billing_is_on():
            # In one order, so that two callers wait for each other in a line.
            for account_id in sorted(changed):
                apply_entitlements(account_id=account_id, now=now)
    with transaction.atomic():
        over = Subscription.objects.filter(held_month__lt=Month.of(now).since)
        turned = list(
            over.select_for_update(skip_locked=True)
            .order_by("account_id")
            .values_list("account_id", flat=True)[:TURNED_AT_ONCE]
        )
        for account_id in turned:
            apply_entitlements(account_id=account_id, now=now)
    return len(changed) + len(turned)


def subscribe_accounts(*, now: datetime, everybody: bool) -> int:
    """
    Give plans to accounts that came about without one; return how many were looked at.

    `everybody` applies all plans anew: BILLING may have been switched, or a plan's rows changed.
    For loops.
    """
    looked_at, after = 0, None
    while page := tenancy_selectors.list_account_ids(after=after, limit=PAGE):
        after = page[-1]
        known = set(
            Subscription.objects.filter(account_id__in=page).values_list("account_id", flat=True)
        )
        for account_id in page:
            if everybody or account_id not in known:
                apply_entitlements(account_id=account_id, now=now)
                looked_at += 1
    return looked_at


def locked_subscription(account_id: uuid.UUID, now: datetime) -> Subscription:
    """Return the account's subscription, made if need be, locked until the transaction ends."""
    Subscription.objects.get_or_create(
        account_id=account_id,
        defaults={
            "plan_id": selectors.default_plan().value,
            "plan_since": now,
            "created_at": now,
        },
    )
    return Subscription.objects.select_for_update().get(account_id=account_id)


def _plan_limits(entitlements: Entitlements) -> PlanLimits:
    return PlanLimits(
        max_users=entitlements[EntitlementKey.MAX_USERS],
        max_workspaces=entitlements[EntitlementKey.MAX_WORKSPACES],
        events_per_minute=entitlements[EntitlementKey.EVENTS_PER_MINUTE],
        task_runs_per_month=entitlements[EntitlementKey.TASK_RUNS_PER_MONTH],
        managed_minutes_per_month=entitlements[EntitlementKey.MANAGED_MINUTES_PER_MONTH],
        retention_days=entitlements[EntitlementKey.RETENTION_DAYS],
    )


def _hold(
    meter: Meter,
    plan: PlanView,
    month: Month,
    limits: Mapping[Meter, int],
    used: Mapping[Meter, int],
    present: Hold | None,
) -> Hold | None:
    limit = limits.get(meter)
    if plan.at_limit is not AtLimit.HOLD or limit is None or used[meter] < limit:
        return None
    reason = hold_reason(meter=meter, limit=limit, month=month, plan_name=plan.name)
    if present is not None and present.reason == reason and present.resets_at == month.ends_at:
        return present  # what still runs goes on counting; the limits need not be written again
    return Hold(
        reason=reason,
        meter=meter.value,
        used=used[meter],
        limit=limit,
        resets_at=month.ends_at,
    )


def _warn(
    account: AccountRef,
    plan: PlanView,
    month: Month,
    *,
    meter: Meter,
    used: int,
    limit: int,
    now: datetime,
) -> None:
    """Note each threshold that was reached, and tell of the highest that is new."""
    known = set(
        UsageWarning.objects.filter(
            account_id=account.id, month=month.since, meter=meter.value
        ).values_list("threshold", flat=True)
    )
    new = [threshold for threshold in crossed(used, limit) if threshold not in known]
    if not new:
        return
    UsageWarning.objects.bulk_create(
        UsageWarning(
            account_id=account.id,
            month=month.since,
            meter=meter.value,
            threshold=threshold,
            used=used,
            limit=limit,
            created_at=now,
        )
        for threshold in new
    )
    subject, text = warning_mail(
        account_name=account.name,
        meter=meter,
        threshold=new[-1],
        used=used,
        limit=limit,
        month=month,
        at_limit=plan.at_limit,
        url=settings.PUBLIC_URL,
    )
    for address in sorted(tenancy_selectors.list_owner_addresses(account_id=account.id)):
        identity.queue_mail(recipient=address, subject=subject, text=text, now=now)
    event = NewEvent(
        id=derived_uuid7(month.starts_at, str(account.id), meter.value, str(new[-1])),
        name="headway.usage.warning",
        occurred_at=now,
        resource=Resource(kind="account", name=str(account.id)),
        payload=object_payload(
            {
                "meter": meter.value,
                "threshold": new[-1],
                "used": used,
                "limit": limit,
                "month": str(month),
            }
        ),
        source="headway",
    )
    for workspace in tenancy_selectors.list_account_workspaces(account_id=account.id):
        with workspace_scope(workspace.id):
            telemetry.emit(workspace_id=workspace.id, events=[event], now=now)
    logger.info(
        "usage.warned", account_id=str(account.id), meter=meter.value, threshold=new[-1], used=used
    )
