"""
What one stored batch adds to the rollups: computed once at ingest, merged later by the worker.

Only rows that were really inserted are counted, so a repeated batch adds nothing. Everything here
adds up (counts, sums, sketches) or compares (extremes, latest), so batches may be merged in any
order, and points that come late change the minutes, hours and days they belong to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from apps.telemetry.sketch import Sketch, bucket_of, merge_into

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MINUTE_US: Final = 60_000_000

Key = TypeVar("Key")


def microseconds(at: datetime) -> int:
    """Return microseconds since 1970, exactly."""
    return (at - EPOCH) // MICROSECOND


def moment(at_us: int) -> datetime:
    """Return the moment that `microseconds` came from."""
    return EPOCH + timedelta(microseconds=at_us)


class Summary(Struct, array_like=True, gc=False):
    """Count, sum, extremes, latest value and sketch of some points of one series."""

    count: int
    total: float
    low: float
    high: float
    last: float
    last_us: int  # microseconds since 1970 of `last`; among equals the greater value wins
    sketch: Sketch

    def copy(self) -> Summary:
        """Return a summary that may be merged into without changing this one."""
        return Summary(
            self.count, self.total, self.low, self.high, self.last, self.last_us, dict(self.sketch)
        )

    def merge(self, other: Summary) -> None:
        """Take in the points that `other` summarises."""
        self.count += other.count
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        if (other.last_us, other.last) > (self.last_us, self.last):
            self.last_us, self.last = other.last_us, other.last
        merge_into(self.sketch, other.sketch)


class SeriesMinute(Struct, array_like=True, gc=False):
    series_id: UUID
    minute: int  # minutes since 1970
    summary: Summary


class RunSeries(Struct, array_like=True, gc=False):
    run_id: UUID
    series_id: UUID
    summary: Summary  # without sketch


class EventMinute(Struct, array_like=True, gc=False):
    name: str
    minute: int
    count: int


class LogMinute(Struct, array_like=True, gc=False):
    level: int
    minute: int
    count: int
    bytes: int


class Deltas(Struct, array_like=True):
    """All that one batch adds."""

    events: list[EventMinute] = []
    logs: list[LogMinute] = []
    series: list[SeriesMinute] = []
    runs: list[RunSeries] = []


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder = msgspec.msgpack.Decoder(Deltas)


def encode(deltas: Deltas) -> bytes:
    return _encoder.encode(deltas)


def decode(data: bytes | memoryview) -> Deltas:
    return _decoder.decode(data)


def count_events(names: Sequence[str], times: Sequence[datetime]) -> list[EventMinute]:
    """Count names per minute; `times[i]` is when `names[i]` occurred."""
    counts: dict[tuple[str, int], int] = {}
    if not names:
        return []
    first, last = microseconds(min(times)) // MINUTE_US, microseconds(max(times)) // MINUTE_US
    if first == last:  # PERF: most batches are of one minute, and Counter counts in C
        return [EventMinute(name, first, count) for name, count in Counter(names).items()]
    for name, at in zip(names, times, strict=True):
        key = (name, microseconds(at) // MINUTE_US)
        counts[key] = counts.get(key, 0) + 1
    return [EventMinute(name, minute, count) for (name, minute), count in counts.items()]


def count_logs(items: Iterable[tuple[int, datetime, int]]) -> list[LogMinute]:
    """Count (level, occurred_at, bytes) per level and minute."""
    counts: dict[tuple[int, int], LogMinute] = {}
    start = end = EPOCH
    minute = 0
    for level, at, size in items:
        if not start <= at < end:
            minute = microseconds(at) // MINUTE_US
            start = EPOCH + timedelta(minutes=minute)
            end = start + timedelta(minutes=1)
        line = counts.get((level, minute))
        if line is None:
            counts[level, minute] = LogMinute(level, minute, 1, size)
        else:
            line.count += 1
            line.bytes += size
    return list(counts.values())


def summarise_points(
    items: Sequence[tuple[UUID, datetime, float, UUID | None]],
    many: Mapping[int, Summary] | None = None,
) -> tuple[list[SeriesMinute], list[RunSeries]]:
    """
    Summarise (series, occurred_at, value, run) per series and minute, and per run and series.

    `many` has the summaries of those items, by their place, that stand for many values.
    """
    minutes: dict[tuple[UUID, int], Summary] = {}
    runs: dict[tuple[UUID, UUID], Summary] = {}
    for place, (series_id, at, value, run_id) in enumerate(items):
        at_us = microseconds(at)
        if many and (whole := many.get(place)) is not None:
            _merge(minutes, (series_id, at_us // MINUTE_US), whole.copy())
            if run_id is not None:
                sketchless = whole.copy()
                sketchless.sketch = {}
                _merge(runs, (run_id, series_id), sketchless)
            continue
        _add(minutes, (series_id, at_us // MINUTE_US), value, at_us, {bucket_of(value): 1})
        if run_id is not None:
            _add(runs, (run_id, series_id), value, at_us, {})
    return (
        [SeriesMinute(*key, summary) for key, summary in minutes.items()],
        [RunSeries(*key, summary) for key, summary in runs.items()],
    )


def totals_of(series: Iterable[SeriesMinute], total_ids: Mapping[UUID, UUID]) -> list[SeriesMinute]:
    """Summarise per metric what is summarised per series; `total_ids` by the id of the series."""
    totals: dict[tuple[UUID, int], Summary] = {}
    for each in series:
        key = (total_ids[each.series_id], each.minute)
        known = totals.get(key)
        if known is None:
            totals[key] = each.summary.copy()
        else:
            known.merge(each.summary)
    return [SeriesMinute(*key, summary) for key, summary in totals.items()]


def _add(into: dict[Key, Summary], key: Key, value: float, at_us: int, sketch: Sketch) -> None:
    _merge(into, key, Summary(1, value, value, value, value, at_us, sketch))


def _merge(into: dict[Key, Summary], key: Key, one: Summary) -> None:
    known = into.get(key)
    if known is None:
        into[key] = one
    else:
        known.merge(one)
