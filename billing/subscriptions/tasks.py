"""Celery shells: ids in, one service call."""

import uuid

from celery import shared_task

from apps.core.clock import utc_now
from billing.subscriptions import selectors, services


@shared_task(name=services.PROCESS_TASK)
def process_stripe_event(*, event_id: str, **_ignored: object) -> None:
    services.process_stripe_event(
        gateway=selectors.find_gateway(), event_id=event_id, now=utc_now()
    )


@shared_task(name="subscriptions.hand_out_stripe_events")
def hand_out_stripe_events(**_ignored: object) -> None:
    services.hand_out_stripe_events(now=utc_now())


@shared_task(name=services.REFRESH_TASK)
def refresh_customer(*, customer_id: str, **_ignored: object) -> None:
    services.refresh_quietly(
        gateway=selectors.find_gateway(), customer_id=customer_id, now=utc_now()
    )


@shared_task(name="subscriptions.hand_out_stale_customers")
def hand_out_stale_customers(**_ignored: object) -> None:
    services.hand_out_stale_customers(now=utc_now())


@shared_task(name=services.SEND_TASK)
def send_stripe_report(*, account_id: str, report_id: str, **_ignored: object) -> None:
    services.send_stripe_report(
        gateway=selectors.find_gateway(),
        account_id=uuid.UUID(account_id),
        report_id=uuid.UUID(report_id),
        now=utc_now(),
    )
