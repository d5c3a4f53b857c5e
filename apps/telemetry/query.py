"""
Metric queries, pure: a validated query → buckets, the rollup to read, values, gaps filled.

Buckets are aligned to multiples of the step since 1970 (UTC), so the same minute is always in the
same bucket whatever range is asked for. The range is widened to whole buckets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from apps.telemetry.deltas import Summary, microseconds, moment
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.sketch import quantile

MAX_POINTS: Final = 1_000  # buckets of one series
MAX_SERIES: Final = 100  # groups in one answer
WANTED_POINTS: Final = 300  # what a chart can show; decides the step when none is given

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
STEPS: Final = (
    1, 2, 5, 10, 15, 30,
    MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
    DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY,
)  # fmt: skip


class Aggregate(StrEnum):
    """What one bucket's points become. `rate` is the sum per second."""

    AVG = "avg"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"
    RATE = "rate"

    @property
    def quantile(self) -> float | None:
        """The quantile of a percentile, None for the others."""
        return _QUANTILES.get(self)


_QUANTILES: Final[Mapping[Aggregate, float]] = {
    Aggregate.P50: 0.5,
    Aggregate.P90: 0.9,
    Aggregate.P95: 0.95,
    Aggregate.P99: 0.99,
}


class Fill(StrEnum):
    """What stands in a bucket without points. Leading gaps have no previous value and stay null."""

    NULL = "null"
    ZERO = "zero"
    PREVIOUS = "previous"


class Rollup(StrEnum):
    """Where a query reads."""

    RAW = "raw"
    MINUTE = "1m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def seconds(self) -> int:
        return _ROLLUP_SECONDS[self]


_ROLLUP_SECONDS: Final[Mapping[Rollup, int]] = {
    Rollup.RAW: 0,
    Rollup.MINUTE: MINUTE,
    Rollup.HOUR: HOUR,
    Rollup.DAY: DAY,
}


class Plan(NamedTuple):
    """The buckets of a query, from `start` (inclusive) to `end` (exclusive)."""

    start: datetime
    end: datetime
    step_seconds: int
    rollup: Rollup

    @property
    def bucket_count(self) -> int:
        return (microseconds(self.end) - microseconds(self.start)) // (
            self.step_seconds * 1_000_000
        )

    @property
    def rollup_rows(self) -> int:
        """How many rows of the rollup one series has in the range, at most."""
        span = (microseconds(self.end) - microseconds(self.start)) // 1_000_000
        return span // (self.rollup.seconds or self.step_seconds)

    def starts(self) -> range:
        """Return the start of each bucket, in seconds since 1970."""
        first = microseconds(self.start) // 1_000_000
        return range(first, first + self.bucket_count * self.step_seconds, self.step_seconds)


class Reach(NamedTuple):
    """From when on there are points and minutes, and from when on at least hours are left."""

    minutes_from: datetime
    hours_from: datetime

    def least_step(self, since: datetime, until: datetime) -> int:
        """Return the shortest step of which the whole range is still there, in seconds."""
        begin = needed_from(since, until)
        if begin >= self.minutes_from:
            return 1
        return HOUR if begin >= self.hours_from else DAY


def needed_from(since: datetime, until: datetime) -> datetime:
    """
    Return from when on a range needs what it reads.

    What is over its time goes bit by bit and by whole parts, and a range like “the last day” begins
    a moment before somebody asks: a twentieth of it may lack its beginning.
    """
    return since + (until - since) / 20


def plan(
    since: datetime,
    until: datetime,
    *,
    step_seconds: int | None = None,
    max_points: int = MAX_POINTS,
    wanted_points: int = WANTED_POINTS,
    least_step: int = 1,
) -> Plan:
    """
    Choose the buckets for a range, and the coarsest rollup that fits into them.

    A step above a minute is rounded up to whole minutes, because raw points are read only below;
    one that is not made of `least_step` to the next that is.
    Raises: QueryTooLarge when the range holds more than `max_points` buckets.
    """
    if until <= since:
        raise QueryTooLarge("The range is empty.", fields={"to": ["Must be after `from`."]})
    span = (until - since).total_seconds()
    if step_seconds is None:
        step = next(
            (step for step in STEPS if span / step <= wanted_points and step % least_step == 0),
            -(-int(span // wanted_points + 1) // DAY) * DAY,
        )
    else:
        step = step_seconds
        if step > MINUTE:
            step = -(-step // MINUTE) * MINUTE
        step = -(-step // least_step) * least_step
    width = step * 1_000_000
    first = microseconds(since) // width * width
    last = -(-microseconds(until) // width) * width
    if (last - first) // width > max_points:
        raise QueryTooLarge(
            f"The range holds more than {max_points} steps of {step} seconds.",
            fields={"step_seconds": [f"Must be at least {-(-int(span) // (max_points - 1))}."]},
        )
    return Plan(moment(first), moment(last), step, coarsest_rollup(step))


def bucket_of(at: datetime, rollup: Rollup) -> datetime:
    """Return the start of the rollup's bucket that a moment is in."""
    width = rollup.seconds * 1_000_000
    return moment(microseconds(at) // width * width)


def moment_of(start: int) -> datetime:
    """Return the start of a bucket as a moment."""
    return moment(start * 1_000_000)


def coarsest_rollup(step_seconds: int) -> Rollup:
    """Return the coarsest rollup whose buckets fill the step without a rest."""
    for rollup in (Rollup.DAY, Rollup.HOUR, Rollup.MINUTE):
        if step_seconds % rollup.seconds == 0:
            return rollup
    return Rollup.RAW


def value_of(aggregate: Aggregate, summary: Summary, *, step_seconds: int) -> float | None:
    """Return what the bucket's points become; None without points."""
    if summary.count == 0:
        return None
    q = aggregate.quantile
    if q is not None:
        return quantile(summary.sketch, q, low=summary.low, high=summary.high)
    match aggregate:
        case Aggregate.AVG:
            return summary.total / summary.count
        case Aggregate.SUM:
            return summary.total
        case Aggregate.MIN:
            return summary.low
        case Aggregate.MAX:
            return summary.high
        case Aggregate.COUNT:
            return float(summary.count)
        case _:
            return summary.total / step_seconds


Points = list[tuple[int, float | None]]


def fill_gaps(values: Mapping[int, float | None], plan: Plan, fill: Fill) -> Points:
    """
    Return (milliseconds since 1970, value) for every bucket of the plan, in order.

    `values` is keyed by the bucket's start in seconds; buckets outside the plan are ignored.
    """
    points: Points = []
    empty = 0.0 if fill is Fill.ZERO else None
    for start in plan.starts():
        value = values.get(start)
        if value is None:
            value = empty
        elif fill is Fill.PREVIOUS:
            empty = value
        points.append((start * 1_000, value))
    return points


def group_labels(labels: Mapping[str, str], group_by: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the labels that a series is grouped under; a label it lacks is the empty text."""
    return tuple((name, labels.get(name, "")) for name in group_by)
