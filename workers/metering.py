"""The loops that write the ledger of usage, hold accounts to their plans and report to Stripe."""

from __future__ import annotations

import time

import structlog

from apps.core.clock import utc_now
from billing.metering import services as metering
from billing.subscriptions import services as subscriptions
from workers.loop import Loop

logger = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0
SUBSCRIBE_SECONDS = 60.0
REPORT_SECONDS = 5.0


def step() -> bool:
    """Record one batch of counts; True when more may wait."""
    started = time.perf_counter()
    taken = metering.record_usage(now=utc_now())
    if taken:
        logger.info(
            "usage.recorded",
            counts=taken,
            duration_ms=round((time.perf_counter() - started) * 1000),
        )
    return taken >= metering.BATCH


def enforce() -> bool:
    """Look at the accounts whose use changed; True when there may be more."""
    return subscriptions.enforce_limits(now=utc_now()) > 0


def report() -> bool:
    """Make reports of the hours that are over and have them sent; True when more may wait."""
    now = utc_now()
    taken = subscriptions.report_usage(now=now)
    handed = subscriptions.hand_out_reports(now=now)
    return taken >= subscriptions.TAKEN_AT_ONCE or handed >= subscriptions.HANDED_AT_ONCE


class Subscriber:
    """Applies all plans once at the start, later only to accounts that have none yet."""

    def __init__(self) -> None:
        self.is_first = True

    def step(self) -> bool:
        started = time.perf_counter()
        accounts = subscriptions.subscribe_accounts(now=utc_now(), everybody=self.is_first)
        self.is_first = False
        if accounts:
            logger.info(
                "plans.applied",
                accounts=accounts,
                duration_ms=round((time.perf_counter() - started) * 1000),
            )
        return False


def loops() -> list[Loop]:
    return [
        Loop(name="metering", step=step, idle_seconds=IDLE_SECONDS),
        Loop(name="quotas", step=enforce, idle_seconds=IDLE_SECONDS),
        Loop(name="reports", step=report, idle_seconds=REPORT_SECONDS),
        Loop(name="plans", step=Subscriber().step, idle_seconds=SUBSCRIBE_SECONDS),
    ]
