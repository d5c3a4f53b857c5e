"""Pure: how deep queues are over time, as metrics of the workspace that anybody may chart."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apps.core.ids import derived_uuid7
from apps.telemetry.items import NewPoint

SAMPLE_TIME = timedelta(seconds=15)
# A sample may be on its way for so long; until then an empty last step means nothing.
SAMPLE_DELAY = timedelta(seconds=10)
MOST_COUNTED = 10_000  # runs of a queue; so many means so many or more

WAITING = "headway.queue.waiting"
PARKED = "headway.queue.parked"
RUNNING = "headway.queue.running"
OLDEST = "headway.queue.oldest_seconds"
METRICS = (WAITING, PARKED, RUNNING, OLDEST)
_UNITS = {WAITING: "runs", PARKED: "runs", RUNNING: "runs", OLDEST: "s"}
# Names may change, what is measured stays the same queue: charts of it group by this label.
QUEUE_LABEL = "queue_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was in a queue at one moment."""

    queue_id: uuid.UUID
    queue: str
    pool: str
    waiting: int = 0
    parked: int = 0
    running: int = 0
    oldest_seconds: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.parked or self.running)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthPoint:
    """The most of each that was measured in one step."""

    at: datetime
    waiting: int
    parked: int
    running: int
    oldest_seconds: int


def slot_of(now: datetime) -> datetime:
    """Return the moment that a sample taken now stands for: all replicas agree on it."""
    step = int(SAMPLE_TIME.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // step * step, tz=UTC)


def seconds_to_next_slot(now: datetime) -> float:
    """Return how long to sleep until the next sample is due."""
    return (slot_of(now) + SAMPLE_TIME - now).total_seconds()


def metric_points(sample: Sample, at: datetime) -> list[NewPoint]:
    """Return the sample as points; taken again they are the same points."""
    values = {
        WAITING: sample.waiting,
        PARKED: sample.parked,
        RUNNING: sample.running,
        OLDEST: sample.oldest_seconds,
    }
    labels = {"pool": sample.pool, "queue": sample.queue, QUEUE_LABEL: str(sample.queue_id)}
    return [
        NewPoint(
            id=derived_uuid7(at, metric, str(sample.queue_id)),
            name=metric,
            occurred_at=at,
            value=float(value),
            labels=labels,
            unit=_UNITS[metric],
        )
        for metric, value in values.items()
    ]


def points_of(
    measured: Mapping[str, Sequence[tuple[int, float | None]]], *, now: datetime
) -> list[DepthPoint]:
    """
    Return a point for each step, or none at all when nothing was measured.

    What is empty is not measured again and again, so a step without a sample is one of zeros. Only
    the last one may still get its sample.
    """
    if not measured:
        return []
    by_metric = {metric: dict(measured.get(metric, ())) for metric in METRICS}
    steps = sorted({start for values in by_metric.values() for start in values})
    points = []
    for start in steps:
        found = {metric: values.get(start) for metric, values in by_metric.items()}
        at = datetime.fromtimestamp(start / 1_000, tz=UTC)
        is_open = start == steps[-1] and now - at < SAMPLE_TIME + SAMPLE_DELAY
        if is_open and all(value is None for value in found.values()):
            continue
        counted = {metric: round(value or 0) for metric, value in found.items()}
        points.append(
            DepthPoint(
                at=at,
                waiting=counted[WAITING],
                parked=counted[PARKED],
                running=counted[RUNNING],
                oldest_seconds=counted[OLDEST],
            )
        )
    return points
