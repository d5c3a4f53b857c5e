"""Webhooks: stored as they came, answered at once, acted on by Celery, in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core.errors import InvalidRequest
from apps.core.jobs import enqueue_or_leave
from billing.subscriptions.backoff import next_delay
from billing.subscriptions.errors import BillingIsOff
from billing.subscriptions.gateway import ForgedNotice, Gateway, GatewayError, Notice
from billing.subscriptions.models import StripeCustomer, StripeEvent
from billing.subscriptions.services.purchases import refresh_customer

logger = structlog.get_logger(__name__)
PROCESS_TASK: Final = "subscriptions.process_stripe_event"
REFRESH_TASK: Final = "subscriptions.refresh_customer"
# Whatever happened to a customer, the answer is the same: look what they have now.
LOOK_AT: Final = frozenset(
    {
        "checkout.session.completed",
        "customer.deleted",
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        "invoice.paid",
        "invoice.payment_failed",
    }
)
ATTEMPT_WINDOW: Final = timedelta(minutes=2)
ENQUEUE_WINDOW: Final = timedelta(minutes=1)  # so long an enqueued event has before it is lost
HANDED_AT_ONCE: Final = 100
GIVE_UP_AFTER: Final = timedelta(days=3)
STALE_AFTER: Final = timedelta(days=1)
STALE_AT_ONCE: Final = 500
KEPT: Final = timedelta(days=90)
DROPPED_AT_ONCE: Final = 5_000


def take_notice(
    *, gateway: Gateway | None, body: bytes, signature: str | None, now: datetime
) -> bool:
    """
    Store a webhook whose signature holds and have it processed; False when it came before.

    A broker that is away does not matter: the sweep hands out what was stored.
    Raises: BillingIsOff, InvalidRequest for what is not Stripe's; then nothing is stored.
    """
    if gateway is None:
        raise BillingIsOff("Nothing is sold in this installation.")
    try:
        notice = gateway.read_notice(body=body, signature=signature)
        text = body.decode()
    except (ForgedNotice, UnicodeDecodeError) as error:
        logger.warning("stripe.webhook_refused", reason=str(error)[:200], body_bytes=len(body))
        raise InvalidRequest("This is not signed by Stripe, or too long ago.") from error
    with transaction.atomic():
        is_new = _store(notice, text, now)
        if is_new and notice.type in LOOK_AT:
            enqueue_or_leave(PROCESS_TASK, event_id=notice.id)
    logger.info("stripe.webhook_received", event_id=notice.id, type=notice.type, is_new=is_new)
    return is_new


def _store(notice: Notice, text: str, now: datetime) -> bool:
    concerns_us = notice.type in LOOK_AT
    _, is_new = StripeEvent.objects.get_or_create(
        id=notice.id,
        defaults={
            "type": notice.type,
            "customer_id": notice.customer_id or "",
            "body": text,
            "received_at": now,
            "next_attempt_at": now + ENQUEUE_WINDOW if concerns_us else None,
            "processed_at": None if concerns_us else now,
        },
    )
    return is_new


def process_stripe_event(*, gateway: Gateway | None, event_id: str, now: datetime) -> bool:
    """
    Act on a stored webhook, unless that was done or somebody is at it; return whether it is done.

    Talks to Stripe: call it outside of any transaction.
    """
    if gateway is None:
        return False  # the sweep brings it back when Stripe is configured again
    claimed = (
        StripeEvent.objects.unclaimed(now)
        .filter(pk=event_id)
        .update(claimed_until=now + ATTEMPT_WINDOW)
    )
    if not claimed:
        return False
    event = StripeEvent.objects.get(pk=event_id)
    attempts, error = event.attempts + 1, ""
    try:
        if not event.customer_id:
            error = "about no customer"
        elif not refresh_customer(gateway=gateway, customer_id=event.customer_id, now=now):
            # Another installation's, of the same Stripe account, or of an account that is gone.
            error = "not a customer of ours"
    except GatewayError as trouble:
        _put_off(event, attempts, trouble, now)
        return False
    StripeEvent.objects.filter(pk=event_id).update(
        processed_at=now, next_attempt_at=None, claimed_until=None, attempts=attempts, error=error
    )
    logger.info("stripe.event_processed", event_id=event_id, type=event.type, note=error)
    return True


def _put_off(event: StripeEvent, attempts: int, trouble: GatewayError, now: datetime) -> None:
    given_up = now - event.received_at > GIVE_UP_AFTER
    StripeEvent.objects.filter(pk=event.pk).update(
        attempts=attempts,
        claimed_until=None,
        next_attempt_at=None if given_up else now + next_delay(attempts),
        error=str(trouble)[:300],
    )
    log = logger.error if given_up or not trouble.retryable else logger.warning
    log("stripe.event_failed", event_id=event.pk, attempts=attempts, error=str(trouble))


@transaction.atomic
def hand_out_stripe_events(*, now: datetime) -> int:
    """Enqueue the events that are due: those that failed, and those that got lost on the way."""
    due = list(
        StripeEvent.objects.due(now)
        .select_for_update(skip_locked=True)
        .order_by("next_attempt_at", "id")
        .values_list("id", flat=True)[:HANDED_AT_ONCE]
    )
    StripeEvent.objects.filter(id__in=due).update(next_attempt_at=now + ENQUEUE_WINDOW)
    for event_id in due:
        enqueue_or_leave(PROCESS_TASK, event_id=event_id)
    return len(due)


def hand_out_stale_customers(*, now: datetime) -> int:
    """
    Enqueue a look at the customers nobody looked at for a day; return how many.

    Webhooks that never came, or to a wrong address, cost a day at most.
    """
    stale = StripeCustomer.objects.filter(Q(looked_at=None) | Q(looked_at__lt=now - STALE_AFTER))
    ids = list(
        stale.order_by("looked_at", "id").values_list("customer_id", flat=True)[:STALE_AT_ONCE]
    )
    for customer_id in ids:
        enqueue_or_leave(REFRESH_TASK, customer_id=customer_id)
    return len(ids)


def refresh_quietly(*, gateway: Gateway | None, customer_id: str, now: datetime) -> None:
    """Look at a customer for the sweep: trouble is logged, and the sweep comes again."""
    if gateway is None:
        return
    try:
        refresh_customer(gateway=gateway, customer_id=customer_id, now=now)
    except GatewayError as trouble:
        logger.warning("stripe.refresh_failed", customer_id=customer_id, error=str(trouble))


def drop_old_stripe_events(*, now: datetime) -> int:
    """Delete webhooks after 90 days: they hold people's addresses. For loops."""
    old = StripeEvent.objects.filter(received_at__lt=now - KEPT).order_by("received_at")
    ids = list(old.values_list("id", flat=True)[:DROPPED_AT_ONCE])
    gone, _ = StripeEvent.objects.filter(id__in=ids).delete()
    return gone
