"""What a metric was over the time before each of many moments: for rules that watch it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min

from apps.telemetry import query as metric_query
from apps.telemetry.deltas import EPOCH, Summary
from apps.telemetry.enums import Consumer
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.models import PendingBatch
from apps.telemetry.moving import NOTHING, Measured, moving
from apps.telemetry.query import Plan
from apps.telemetry.selectors.lines import MAX_CELLS, MetricQuery, match_series, series_of
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
    widths: Sequence[int],
) -> list[MovingLine]:
    """
    Return what the steps before each moment held, of each group that had points in any.

    `widths` says how many steps, of each moment. Moments are multiples of the step since 1970, a
    step apart, at least one; steps are whole minutes. Ordered by labels. A query without groups
    always has its line; before its first point there is no value, also of a sum. Reads what is
    rolled up: see `taken_in_until`.
    Raises: QueryTooLarge for too many series or values behind them.
    """
    step = timedelta(seconds=step_seconds)
    plan = Plan(
        min(at - width * step for at, width in zip(moments, widths, strict=True)),
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
    lines = [
        MovingLine(
            labels=dict(key),
            measured=moving(
                asked.aggregate,
                by_group.get(number, {}),
                moments=range(first, last + step_seconds, step_seconds),
                widths=widths,
            ),
        )
        for key, number in groups
        if number in by_group or not asked.group_by
    ]
    return lines if asked.group_by else [_without_unknown(workspace_id, asked, moments, lines[0])]


def _without_unknown(
    workspace_id: uuid.UUID, asked: MetricQuery, moments: Sequence[datetime], line: MovingLine
) -> MovingLine:
    """
    Say nothing of moments before the first point: what nobody ever told adds up to nothing known.

    Lines of groups are known from their points; this one is there before anything is.
    """
    empty = [not each.points for each in line.measured]
    if asked.aggregate not in NOTHING or not any(empty):
        return line
    series = series_of(workspace_id, name=asked.name, where=asked.where)
    told_at: datetime | None = series.aggregate(first=Min("created_at"))["first"]
    # A point may have come after its time; what is there was known then.
    known = [at for at, is_empty in zip(moments, empty, strict=True) if not is_empty]
    since = min((at for at in (told_at, *known[:1]) if at is not None), default=None)
    return MovingLine(
        labels=line.labels,
        measured=[
            Measured(None, 0) if not each.points and (since is None or at <= since) else each
            for at, each in zip(moments, line.measured, strict=True)
        ],
    )


def taken_in_until(*, workspace_id: uuid.UUID, consumer: Consumer, now: datetime) -> datetime:
    """
    Return up to when all that the workspace sent was taken in by this consumer. For loops.

    For the rollup: what was accepted by then is rolled up. Of this workspace alone: another's
    batches that nobody can take in hold nobody up here.
    """
    oldest = PendingBatch.objects.for_consumer(consumer).filter(workspace_id=workspace_id).first()
    return now if oldest is None else min(now, oldest.created_at)
