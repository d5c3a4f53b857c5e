"""What a metric was over the time before each of many moments: for rules that watch it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.telemetry import query as metric_query
from apps.telemetry.deltas import EPOCH, Summary
from apps.telemetry.enums import Consumer
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.models import PendingBatch
from apps.telemetry.moving import Measured, moving
from apps.telemetry.query import Plan
from apps.telemetry.selectors.lines import MAX_CELLS, MetricQuery, match_series
from apps.telemetry.store import reads

MAX_ROWS: Final = 1_000_000  # of rollups, read at once


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingLine:
    """One group of series; a value for each moment asked about."""

    labels: dict[str, str]
    measured: Sequence[Measured]


def read_moving(
    *,
    workspace_id: uuid.UUID,
    asked: MetricQuery,
    moments: Sequence[datetime],
    step_seconds: int,
    width: int,
) -> list[MovingLine]:
    """
    Return what the `width` steps before each moment held, of each group that had points in any.

    Moments are multiples of the step since 1970, a step apart, at least one; steps are whole
    minutes. Ordered by labels. A query without groups always has its line. Reads what is rolled
    up: see `rolled_up_until`.
    Raises: QueryTooLarge for too many series or values behind them.
    """
    step = timedelta(seconds=step_seconds)
    plan = Plan(
        moments[0] - width * step,
        moments[-1],
        step_seconds,
        metric_query.coarsest_rollup(step_seconds),
    )
    sketches = asked.aggregate.quantile is not None
    found = match_series(
        workspace_id,
        name=asked.name,
        group_by=asked.group_by,
        where=asked.where,
        plan=plan,
        sketches=sketches,
    )
    if len(found.series) * plan.rollup_rows > MAX_ROWS:
        raise QueryTooLarge(
            f"{len(found.series)} series over this time are too many: narrow with `where`.",
            fields={"where": ["Too many series match."]},
        )
    summaries = reads.summarise_series(
        workspace_id,
        series=found.series,
        groups=found.groups,
        plan=plan,
        sketches=sketches,
        limit=MAX_CELLS + 1,
    )
    if len(summaries) > MAX_CELLS:
        raise QueryTooLarge(
            "Too many lines over this time: group by fewer labels.",
            fields={"for_each": ["Too many lines."]},
        )
    by_group: dict[int, dict[int, Summary]] = defaultdict(dict)
    for (number, start), summary in summaries.items():
        by_group[number][start] = summary
    groups = sorted(found.numbers.items()) if asked.group_by else [((), 0)]
    first, last = (int((at - EPOCH).total_seconds()) for at in (moments[0], moments[-1]))
    return [
        MovingLine(
            labels=dict(key),
            measured=moving(
                asked.aggregate,
                by_group.get(number, {}),
                moments=range(first, last + step_seconds, step_seconds),
                width=width,
            ),
        )
        for key, number in groups
        if number in by_group or not asked.group_by
    ]


def rolled_up_until(*, now: datetime) -> datetime:
    """Return the moment up to which all that was accepted is in the rollups. For loops."""
    oldest = PendingBatch.objects.for_consumer(Consumer.ROLLUP).first()
    return now if oldest is None else min(now, oldest.created_at)
