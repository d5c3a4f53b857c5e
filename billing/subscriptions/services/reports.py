"""Tell Stripe what was used: each record of the ledger once, however often anything is killed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction

from apps.core.ids import uuid7
from apps.core.jobs import enqueue_or_leave
from apps.tenancy.isolation import account_scope
from billing.metering import services as metering
from billing.metering.meters import Meter
from billing.metering.services import Unreported
from billing.subscriptions import selectors
from billing.subscriptions.backoff import next_delay
from billing.subscriptions.gateway import LIVE, Gateway, GatewayError, GoneError, MeterEvent
from billing.subscriptions.models import StripeCustomer, StripeReport, Subscription
from billing.subscriptions.plans import PlanCode
from billing.subscriptions.reporting import billed_at, hour_of, may_repeat

logger = structlog.get_logger(__name__)
SEND_TASK: Final = "subscriptions.send_stripe_report"
TAKEN_AT_ONCE: Final = 5_000
HANDED_AT_ONCE: Final = 200
ATTEMPT_WINDOW: Final = timedelta(minutes=2)
ENQUEUE_WINDOW: Final = timedelta(minutes=3)
IDENTIFIER: Final = "headway-{id}"


@dataclass(slots=True)
class _Sum:
    quantity: int
    recorded_at: datetime


def report_usage(*, now: datetime) -> int:
    """
    Make reports of what was recorded in hours that are over; return how many records were taken.

    0 means the caller may sleep. Taking and making are one transaction, and nothing is sent in
    it. What is recorded late, by a transaction that took its time, makes a report of its own.
    Any number of callers at once. For loops.
    """
    with transaction.atomic():
        taken = metering.take_unreported(before=hour_of(now), limit=TAKEN_AT_ONCE)
        made = _make_reports(taken, now=now)
    if taken:
        logger.info("usage.reports_made", records=len(taken), reports=made)
    return len(taken)


def follow_metering(subscription: Subscription, *, now: datetime) -> None:
    """
    Begin to report the account's use, or stop, as its plan and payment say.

    Inside the account's scope, its subscription locked. What was recorded until now is settled by
    the old rule: what was free stays so, what was to be paid is.
    """
    is_metered = subscription.metered_since is not None and subscription.metered_until is None
    wanted = (
        selectors.effective_plan(subscription.plan_id) is PlanCode.STANDARD
        and subscription.stripe_status in LIVE
    )
    if is_metered == wanted:
        return
    account_id = subscription.account_id
    taken = metering.take_unreported(before=now, limit=None, account_id=account_id)
    _make_reports(taken, now=now)
    if wanted:
        subscription.metered_since, subscription.metered_until = now, None
    else:
        subscription.metered_until = now
    subscription.save(update_fields=["metered_since", "metered_until"])
    logger.info("metering.begun" if wanted else "metering.ended", account_id=str(account_id))


def _make_reports(taken: Sequence[Unreported], *, now: datetime) -> int:
    accounts = {each.account_id for each in taken}
    metered = {
        row.account_id: row
        for row in Subscription.objects.filter(account_id__in=accounts, metered_since__isnull=False)
    }
    customers = dict(
        StripeCustomer.objects.filter(account_id__in=metered).values_list(
            "account_id", "customer_id"
        )
    )
    sums: dict[tuple[uuid.UUID, Meter, datetime], _Sum] = {}
    for each in taken:
        subscription = metered.get(each.account_id)
        if (
            subscription is None
            or each.account_id not in customers
            or each.meter.value not in settings.STRIPE_METERS
            or not subscription.is_metered_at(each.recorded_at)
        ):
            continue
        key = (each.account_id, each.meter, hour_of(each.recorded_at))
        known = sums.setdefault(key, _Sum(0, each.recorded_at))
        known.quantity += each.quantity
        known.recorded_at = max(known.recorded_at, each.recorded_at)
    reports = []
    for (account_id, meter, window), total in sorted(sums.items(), key=lambda item: item[0]):
        report_id = uuid7()
        reports.append(
            StripeReport(
                id=report_id,
                created_at=now,
                account_id=account_id,
                customer_id=customers[account_id],
                meter=meter.value,
                window_starts_at=window,
                recorded_at=total.recorded_at,
                quantity=total.quantity,
                identifier=IDENTIFIER.format(id=report_id),
                next_attempt_at=now,
            )
        )
    StripeReport.objects.bulk_create(reports)
    return len(reports)


@transaction.atomic
def hand_out_reports(*, now: datetime) -> int:
    """Enqueue the reports that are due; return how many. For loops."""
    if not selectors.plans_can_be_bought():
        return 0
    due = list(
        StripeReport.objects.due(now)
        .select_for_update(skip_locked=True)
        .order_by("next_attempt_at", "id")
        .values_list("account_id", "id")[:HANDED_AT_ONCE]
    )
    StripeReport.objects.filter(id__in=[report_id for _, report_id in due]).update(
        next_attempt_at=now + ENQUEUE_WINDOW
    )
    for account_id, report_id in due:
        enqueue_or_leave(SEND_TASK, account_id=str(account_id), report_id=str(report_id))
    return len(due)


def send_stripe_report(
    *, gateway: Gateway | None, account_id: uuid.UUID, report_id: uuid.UUID, now: datetime
) -> bool:
    """
    Try once to tell Stripe; return whether it is told now.

    An attempt is noted before it is made: whoever dies in between leaves a report of which nobody
    knows whether it arrived. It goes again with the same identifier while Stripe remembers that,
    and after that waits for people (`manage.py stripe_reports`).
    Talks to Stripe: call it outside of any transaction.
    """
    if gateway is None:
        return False
    with account_scope(account_id):
        report = _claim(report_id, now)
    if report is None:
        return False
    try:
        gateway.send_meter_event(
            MeterEvent(
                name=settings.STRIPE_METERS[report.meter][0],
                identifier=report.identifier,
                customer_id=report.customer_id,
                quantity=report.quantity,
                occurred_at=billed_at(report.recorded_at, now=now),
            )
        )
    except GatewayError as trouble:
        with account_scope(account_id):
            _put_off(report, trouble, now)
        return False
    with account_scope(account_id):
        StripeReport.objects.filter(pk=report_id).update(
            sent_at=now, next_attempt_at=None, claimed_until=None, unsure_since=None, error=""
        )
    logger.info("usage.reported", report_id=str(report_id), quantity=report.quantity)
    return True


def _claim(report_id: uuid.UUID, now: datetime) -> StripeReport | None:
    """Take the report for one attempt; its `unsure_since` is that of the attempts before."""
    report = StripeReport.objects.unclaimed(now).select_for_update().filter(pk=report_id).first()
    if report is None or report.meter not in settings.STRIPE_METERS:
        return None
    own = StripeReport.objects.filter(pk=report_id)
    if not may_repeat(report.unsure_since, now=now):
        own.update(next_attempt_at=None, error="It may have arrived, and may not go again.")
        logger.error("usage.report_unsettled", report_id=str(report_id), quantity=report.quantity)
        return None
    report.attempts += 1
    own.update(
        claimed_until=now + ATTEMPT_WINDOW,
        next_attempt_at=now + ENQUEUE_WINDOW,
        attempts=report.attempts,
        unsure_since=report.unsure_since or now,
    )
    return report


def _put_off(report: StripeReport, trouble: GatewayError, now: datetime) -> None:
    gone = isinstance(trouble, GoneError)
    StripeReport.objects.filter(pk=report.pk).update(
        claimed_until=None,
        next_attempt_at=None if gone else now + next_delay(report.attempts),
        # What surely did not arrive leaves no doubt; what an earlier attempt left stays.
        unsure_since=report.unsure_since if trouble.certain else report.unsure_since or now,
        error=str(trouble)[:300],
    )
    log = logger.warning if trouble.retryable else logger.error
    log(
        "usage.report_failed",
        report_id=str(report.pk),
        attempts=report.attempts,
        error=str(trouble),
    )


def settle_report(*, report_id: uuid.UUID, arrived: bool, now: datetime) -> bool:
    """
    Let people decide about a report that waits for them; False when there is none such.

    `arrived`: they found it at Stripe; else it goes again. For commands, as a loop's role.
    """
    waiting = StripeReport.objects.filter(pk=report_id, sent_at=None, next_attempt_at=None)
    if arrived:
        return bool(waiting.update(sent_at=now, unsure_since=None, error="settled by hand"))
    return bool(waiting.update(next_attempt_at=now, unsure_since=None, claimed_until=None))
