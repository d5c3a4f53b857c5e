"""Running totals → what came since the stream's last reading."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import connection

from apps.core.ids import derived_uuid7
from apps.telemetry.acceptance import Window
from apps.telemetry.distribution import Distribution, difference
from apps.telemetry.items import NewPoint, NewReading
from apps.telemetry.models import MetricStream

# A stream that began longer ago and is new to us was counted by somebody else meanwhile, or by us
# before we forgot it: all of it in one minute would be a peak that never was.
LATELY: Final = timedelta(hours=1)
FORGOTTEN_AFTER: Final = timedelta(days=1)
_DROP_BATCH: Final = 5_000

Reading = float | Distribution
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(float | Distribution).decode

_LOCK: Final = (
    "SELECT stream_id, last_at, started_at, reading FROM telemetry_metricstream"
    " WHERE workspace_id = %s AND stream_id = ANY(%s) ORDER BY stream_id FOR UPDATE"
)
_MAKE: Final = (
    "INSERT INTO telemetry_metricstream (workspace_id, stream_id, touched_at)"
    " SELECT %s, unnest(%s::uuid[]), %s ON CONFLICT DO NOTHING"
)
_KEEP: Final = (
    "UPDATE telemetry_metricstream AS t SET last_at = n.last_at, started_at = n.started_at,"
    " reading = n.reading, touched_at = %s"
    " FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::bytea[])"
    " AS n (stream_id, last_at, started_at, reading)"
    " WHERE t.workspace_id = %s AND t.stream_id = n.stream_id"
)


@dataclass(slots=True)
class Settled:
    """
    Points to be stored, None where one is settled; and how many were kept or seen before.

    `differing` are the places of those that were seen before at the same time, with another value.
    """

    points: Sequence[NewPoint | None]
    kept: int = 0
    repeated: int = 0
    differing: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Last:
    at: datetime | None = None
    started_at: datetime | None = None
    reading: Reading | None = None


def settle_readings(
    *, workspace_id: uuid.UUID, points: Sequence[NewPoint], window: Window
) -> Settled:
    """
    Return the points with each running total replaced by what came on top of the last reading.

    In the caller's transaction: the readings are remembered if and only if the points are stored.
    A reading that is not newer than the last of its stream was seen before. What is outside of the
    time window, or no number, is left to be refused.
    """
    settled = Settled([*points])
    streams: dict[uuid.UUID, list[int]] = {}
    for place, point in enumerate(points):
        if type(point) is not NewReading:
            continue
        if point.distribution is not None:
            settled.points[place] = _point(point, point.distribution)  # type: ignore[index]
        if point.running and window.oldest <= point.occurred_at <= window.newest:
            if point.distribution is None and not math.isfinite(point.value):
                continue
            streams.setdefault(point.stream, []).append(place)
    if streams:
        _settle_running(workspace_id, points, streams, settled, window.received_at)
    return settled


def drop_old_streams(*, now: datetime) -> int:
    """Forget streams that ended; return how many. For loops."""
    old = MetricStream.objects.filter(touched_at__lt=now - FORGOTTEN_AFTER)
    gone = 0
    while True:
        keys = list(old.values_list("workspace_id", "stream_id")[:_DROP_BATCH])
        if keys:
            with connection.cursor() as cursor:
                cursor.execute(
                    "DELETE FROM telemetry_metricstream USING unnest(%s::uuid[], %s::uuid[])"
                    " AS k (workspace, stream) WHERE workspace_id = workspace"
                    " AND stream_id = stream AND touched_at < %s",
                    [*map(list, zip(*keys, strict=True)), now - FORGOTTEN_AFTER],
                )
        gone += len(keys)
        if len(keys) < _DROP_BATCH:
            return gone


def _settle_running(
    workspace_id: uuid.UUID,
    points: Sequence[NewPoint],
    streams: dict[uuid.UUID, list[int]],
    settled: Settled,
    now: datetime,
) -> None:
    known = _lock(workspace_id, sorted(streams), now)
    kept: list[NewPoint | None] = list(settled.points)
    changed: list[uuid.UUID] = []
    for stream, places in streams.items():
        last = known[stream]
        before = last.at
        for place in sorted(places, key=lambda each: points[each].occurred_at):
            point = points[place]
            assert isinstance(point, NewReading)
            reading = point.value if point.distribution is None else point.distribution
            if last.at is not None and point.occurred_at <= last.at:
                kept[place] = None
                settled.repeated += 1
                if point.occurred_at == last.at and reading != last.reading:
                    settled.differing.append(place)
                continue
            added = _added(reading, point, last)
            kept[place] = None if added is None else _point(point, added)
            if kept[place] is None:
                settled.kept += 1
            last.at, last.started_at, last.reading = (
                point.occurred_at,
                point.started_at,
                reading,
            )
        if last.at != before:
            changed.append(stream)
    settled.points = kept
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(
                _KEEP,
                [
                    now,
                    changed,
                    [known[stream].at for stream in changed],
                    [known[stream].started_at for stream in changed],
                    [_encode(known[stream].reading) for stream in changed],
                    workspace_id,
                ],
            )


def _lock(
    workspace_id: uuid.UUID, streams: list[uuid.UUID], now: datetime
) -> dict[uuid.UUID, _Last]:
    found: dict[uuid.UUID, _Last] = {}
    with connection.cursor() as cursor:

        def look(asked: list[uuid.UUID]) -> None:
            cursor.execute(_LOCK, [workspace_id, asked])
            for stream, at, started_at, reading in cursor.fetchall():
                found[stream] = _Last(
                    at, started_at, None if reading is None else _decode(bytes(reading))
                )

        look(streams)
        if new := [stream for stream in streams if stream not in found]:
            # Made first: who comes with the same new stream waits here until we are done.
            cursor.execute(_MAKE, [workspace_id, new, now])
            look(new)
    return found


def _added(reading: Reading, point: NewReading, last: _Last) -> Reading | None:
    """Return what the reading adds; None when that is not known, or nothing of a histogram."""
    if last.reading is None:
        began = point.started_at
        is_known = began is not None and point.occurred_at - LATELY <= began < point.occurred_at
        return reading if is_known else None
    is_new_start = point.started_at != last.started_at and point.started_at is not None
    if isinstance(reading, Distribution):
        added = None
        if not is_new_start and isinstance(last.reading, Distribution):
            added = difference(reading, last.reading)
        found = added or reading
        return found if found.count else None
    if is_new_start or isinstance(last.reading, Distribution) or reading < last.reading:
        return reading  # it began anew
    return reading - last.reading


def _point(point: NewReading, added: Reading) -> NewPoint | None:
    """Return the point to store; None for a histogram of nothing."""
    many = added if isinstance(added, Distribution) else None
    if many is not None and not many.count:
        return None
    return NewReading(
        name=point.name,
        occurred_at=point.occurred_at,
        value=0.0 if isinstance(added, Distribution) else added,
        # A stream says one thing at a time, whoever else says the same in the same series.
        id=point.id or derived_uuid7(point.occurred_at, "reading", str(point.stream)),
        labels=point.labels,
        unit=point.unit,
        run_id=point.run_id,
        stream=point.stream,
        distribution=many,
    )
