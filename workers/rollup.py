"""The loop that merges what ingest left into the rollups."""

from __future__ import annotations

import time

import structlog

from apps.core.clock import utc_now
from apps.telemetry import services as telemetry
from workers.loop import Loop

logger = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0


def step() -> bool:
    """Merge one set of pending batches; log what was claimed and how old the oldest left is."""
    started = time.perf_counter()
    merged = telemetry.merge_pending_batches()
    if not merged:
        return False
    waiting, oldest_at = telemetry.count_pending()
    logger.info(
        "rollup.merged",
        batches=merged,
        duration_ms=round((time.perf_counter() - started) * 1000),
        waiting=waiting,
        queue_age_ms=round((utc_now() - oldest_at).total_seconds() * 1000) if oldest_at else 0,
    )
    # A full claim means more waits; a part of one may grow into a bigger one during a nap, which
    # merges the same rows once instead of many times.
    return merged >= telemetry.ROLLUP_BATCHES


def loops() -> list[Loop]:
    return [Loop(name="rollup", step=step, idle_seconds=IDLE_SECONDS)]
