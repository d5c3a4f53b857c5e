"""The loop that writes the ledger of usage."""

from __future__ import annotations

import time

import structlog

from apps.core.clock import utc_now
from billing.metering import services as metering
from workers.loop import Loop

logger = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0


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


def loops() -> list[Loop]:
    return [Loop(name="metering", step=step, idle_seconds=IDLE_SECONDS)]
