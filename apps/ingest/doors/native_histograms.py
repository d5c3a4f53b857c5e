"""
Native histograms of Prometheus remote write: buckets in spans become a distribution. Pure.

https://prometheus.io/docs/specs/native_histograms/
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from apps.core.ids import derived_uuid7
from apps.ingest.doors.items import ItemRefused, moment_of
from apps.ingest.doors.otlp_metrics import BUCKETS, NO_TIME
from apps.ingest.doors.protobuf import BYTES, FIXED64, fields, signed, varint
from apps.telemetry.distribution import COARSEST, FINEST, Buckets, Distribution, Exponential
from apps.telemetry.items import NewReading

CUSTOM: Final = -53  # the schema of buckets whose bounds are given one by one
_RESET, _GAUGE = 1, 3  # of ResetHint: it began anew since the last; it is no running total
_MOST: Final = 1 << 63
_FARTHEST: Final = 1 << 31  # index of a bucket; no number is near it

_COUNT_INT, _COUNT_FLOAT, _SUM, _SCHEMA, _ZERO_THRESHOLD = 1, 2, 3, 4, 5
_ZERO_INT, _ZERO_FLOAT = 6, 7
_NEGATIVE, _POSITIVE = (8, 9, 10), (11, 12, 13)  # spans, deltas, counts
_RESET_HINT, _TIMESTAMP, _CUSTOM_VALUES = 14, 15, 16
_SPANS, _DELTAS = frozenset({8, 11}), frozenset({9, 12})
_DOUBLES = frozenset({10, 13, _CUSTOM_VALUES})
_LISTS = _SPANS | _DELTAS | _DOUBLES

_double = struct.Struct("<d").unpack_from
_Value = int | float | bytes


class _Message:
    """A histogram's fields by their numbers. Of lists no more is read than they may hold."""

    def __init__(self, data: bytes) -> None:
        self._one: dict[int, int | bytes] = {}
        self._many: dict[int, list[_Value]] = {}
        for number, wire, value in fields(data):
            if number not in _LISTS:
                self._one[number] = value
                continue
            found = self._many.setdefault(number, [])
            for each in _elements(number, wire, value):
                found.append(each)
                if len(found) > BUCKETS:
                    message = f"More than {BUCKETS} buckets."
                    raise ItemRefused(message, "histograms", code="too_many_buckets")

    def __contains__(self, number: int) -> bool:
        return number in self._one

    def integer(self, number: int) -> int:
        value = self._one.get(number)
        return value if isinstance(value, int) else 0

    def double(self, number: int) -> float:
        value = self._one.get(number)
        return _float(value) if isinstance(value, bytes) and len(value) == 8 else 0.0

    def integers(self, number: int) -> list[int]:
        return [each for each in self._many.get(number, ()) if isinstance(each, int)]

    def doubles(self, number: int) -> list[float]:
        return [each for each in self._many.get(number, ()) if isinstance(each, float)]

    def spans(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield how far each run of buckets is from the one before, and how many it has."""
        for each in self._many.get(number, ()):
            offset = length = 0
            for field, _, value in fields(each) if isinstance(each, bytes) else ():
                if field == 1 and isinstance(value, int):
                    offset = signed(value)
                elif field == 2 and isinstance(value, int):
                    length = value
            yield offset, length


def is_end(data: bytes, mark: bytes) -> bool:
    """Return whether a histogram only says that its series has ended: its sum is that NaN."""
    return any(
        (number, wire, value) == (_SUM, FIXED64, mark) for number, wire, value in fields(data)
    )


def reading(metric: str, labels: dict[str, str], data: bytes) -> NewReading:
    """
    Return what a histogram says: a running total, unless it is said to be a gauge.

    Raises: ItemRefused, WireError.
    """
    sent = _Message(data)
    milliseconds = sent.integer(_TIMESTAMP)
    at = moment_of((milliseconds - (milliseconds >> 63 << 64)) * 1_000_000, "timestamp")
    hint = sent.integer(_RESET_HINT)
    parts = [text for pair in sorted(labels.items()) for text in pair]
    # Labels say which process it is: a series is a stream.
    stream = derived_uuid7(NO_TIME, "stream", "prometheus", metric, *parts)
    return NewReading(
        name=metric,
        occurred_at=at,
        value=0.0,
        id=derived_uuid7(at, "reading", str(stream)),
        labels=labels,
        stream=stream,
        running=hint != _GAUGE,
        # Said to have begun anew: all of it came since the reading before, whenever that was.
        started_at=at - timedelta(milliseconds=1) if hint == _RESET else None,
        distribution=_distribution(sent, evenly=hint == _GAUGE),
    )


def _distribution(sent: _Message, *, evenly: bool) -> Distribution:
    of_floats = _COUNT_FLOAT in sent
    schema, total = signed(sent.integer(_SCHEMA)), sent.double(_SUM)
    if schema != CUSTOM and not COARSEST <= schema <= FINEST:
        raise ItemRefused(f"Schema {schema} is not read.", "schema", code="unsupported")
    positive, negative = (
        _side(sent, numbers, of_floats=of_floats) for numbers in (_POSITIVE, _NEGATIVE)
    )
    zero = _counted(sent.double(_ZERO_FLOAT) if of_floats else sent.integer(_ZERO_INT))
    # From the least value up, so that what is rounded off goes to a neighbour.
    places: list[tuple[int, int]] = [(-1, at) for at in reversed(negative)]
    places += [(0, 0), *((1, at) for at in positive)]
    counts = [*reversed(negative.values()), zero, *positive.values()]
    whole = dict(zip(places, _whole(counts, evenly=evenly), strict=True))
    counted = sum(whole.values())
    if counted >= _MOST:
        raise ItemRefused("Expected a count.", "count")
    if not of_floats:
        _check_total(sent.integer(_COUNT_INT), counted, total)
    of_sign: dict[int, dict[int, int]] = {-1: {}, 0: {}, 1: {}}
    for (sign, at), count in whole.items():
        if count:
            of_sign[sign][at] = count
    buckets = (
        _custom(sent, of_sign)
        if schema == CUSTOM
        else Exponential(
            schema,
            whole[0, 0],
            # There a bucket is called by its upper bound, here by its lower one.
            {at - 1: count for at, count in of_sign[1].items()},
            {at - 1: count for at, count in of_sign[-1].items()},
            _threshold(sent),
        )
    )
    return Distribution(counted, total if math.isfinite(total) else None, buckets)


def _side(
    sent: _Message, numbers: tuple[int, int, int], *, of_floats: bool
) -> dict[int, int | float]:
    """Return the counts of the buckets on one side of zero, by index and in its order."""
    spans, deltas, floats = numbers
    counts: list[int | float] = []
    if of_floats:
        counts += map(_counted, sent.doubles(floats))
    else:
        count = 0
        for delta in sent.integers(deltas):
            count += signed(delta)
            counts.append(_counted(count))
    found: dict[int, int | float] = {}
    given = iter(counts)
    index = 0
    for place, (offset, length) in enumerate(sent.spans(spans)):
        if place and offset < 0:
            raise ItemRefused("Spans follow one another.", "spans")
        index += offset
        # SECURITY: compared before anything is made of it; a length has 32 bits.
        if length > len(counts) - len(found):
            raise ItemRefused("Spans have another number of buckets.", "spans")
        if abs(index) + length > _FARTHEST:
            raise ItemRefused("A bucket is beyond all numbers.", "spans")
        for _ in range(length):
            found[index] = next(given)
            index += 1
    if len(found) != len(counts):
        raise ItemRefused("Spans have another number of buckets.", "spans")
    return found


def _custom(sent: _Message, of_sign: dict[int, dict[int, int]]) -> Buckets:
    bounds = sent.doubles(_CUSTOM_VALUES)
    if not all(map(math.isfinite, bounds)):
        raise ItemRefused("Expected finite numbers.", "custom_values")
    if any(after <= before for before, after in pairwise(bounds)):
        raise ItemRefused("Bounds grow.", "custom_values")
    if of_sign[0] or of_sign[-1]:
        raise ItemRefused("Custom buckets have no zero bucket and no negative ones.", "schema")
    if any(not 0 <= at <= len(bounds) for at in of_sign[1]):
        raise ItemRefused("A bucket is beyond the bounds.", "spans")
    return Buckets(bounds, [of_sign[1].get(at, 0) for at in range(len(bounds) + 1)])


def _whole(counts: list[int | float], *, evenly: bool) -> Iterator[int]:
    """
    Yield whole numbers of values, which is what a sketch holds.

    Of running totals what is not whole yet waits for the next reading; then no bucket ever goes
    back. `evenly`, for gauges: what is rounded off one bucket comes to the next.
    """
    given, seen = 0, 0.0
    for count in counts:
        if isinstance(count, int):
            yield count
        elif evenly:
            seen += count
            yield round(seen) - given
            given = round(seen)
        else:
            yield math.floor(count)


def _check_total(said: int, counted: int, total: float) -> None:
    # What is no number is in no bucket, but counted; the sum says that there was such a one.
    if counted > said if math.isnan(total) else counted != said:
        raise ItemRefused("The buckets hold another number of values.", "count")


def _threshold(sent: _Message) -> float:
    found = sent.double(_ZERO_THRESHOLD)
    if not (math.isfinite(found) and found >= 0):
        raise ItemRefused("Expected a finite number, 0 or more.", "zero_threshold")
    return found


def _counted(count: float) -> int | float:
    if not 0 <= count < _MOST:  # nor is NaN
        raise ItemRefused("Expected counts.", "histograms")
    return count


def _elements(number: int, wire: int, value: int | bytes) -> Iterator[_Value]:
    """Yield the elements of a repeated field, packed or one by one."""
    if number in _SPANS or isinstance(value, int):
        yield value
    elif number in _DOUBLES:
        if len(value) % 8:
            raise ItemRefused("A list of numbers is cut short.", "histograms")
        for at in range(0, len(value), 8):
            yield _float(value, at)
    elif wire == BYTES and value.isascii():
        yield from value  # PERF: each is a byte of its own
    elif wire == BYTES:
        at = 0
        while at < len(value):
            element, at = varint(value, at)
            yield element


def _float(data: bytes, at: int = 0) -> float:
    (found,) = _double(data, at)
    assert isinstance(found, float)
    return found
