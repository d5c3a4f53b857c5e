"""
Histograms as others measure them: counts per bucket, added up here into our own sketch.

What is exact and what is not stands in docs/adr (histograms): counts and sums are, minima and
maxima where the sender says them, percentiles as finely as the sender's own buckets. Within a
bucket values are taken as spread evenly, by value where bounds are given one by one, by magnitude
in exponential ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from apps.telemetry.sketch import ACCURACY, LARGEST, SMALLEST, Sketch, bucket_of, value_of

PIECES: Final = 16  # into which the values of one wide bucket are parted
FINEST: Final = 20  # scales that OpenTelemetry knows
COARSEST: Final = -10
_ROUNDING: Final = 1e-9  # thresholds are bounds of buckets, but for what their powers are off
_MOST_EXPONENT: Final = math.log(LARGEST * 10)


class Buckets(Struct, tag="explicit", array_like=True, gc=False):
    """`counts[i]` values are in (bounds[i-1], bounds[i]]; the first and last are open."""

    bounds: list[float]
    counts: list[int]


class Exponential(Struct, tag="exponential", array_like=True, gc=False):
    """
    `positive[i]` values are in (base**i, base**(i+1)] with base = 2 ** 2**-scale.

    `zero` of them are nearer to zero than `threshold`, or as near.
    """

    scale: int
    zero: int
    positive: dict[int, int]
    negative: dict[int, int]
    threshold: float = 0.0


class Distribution(Struct, array_like=True, gc=False):
    """Many values, by their count, sum, buckets, and their extremes where those are known."""

    count: int
    total: float | None  # not every sender says it of values that may be below zero
    buckets: Buckets | Exponential
    low: float | None = None
    high: float | None = None


class Spread(NamedTuple):
    """What a point holds that stands for many values."""

    number: int
    mean: float
    low: float
    high: float
    sketch: Sketch


def difference(new: Distribution, old: Distribution) -> Distribution | None:
    """
    Return what came since `old`; None when `new` is no continuation of it: it was reset.

    Extremes of a running total say nothing of its last part, so only the buckets bound it.
    """
    if new.count < old.count or type(new.buckets) is not type(old.buckets):
        return None
    buckets: Buckets | Exponential | None
    if isinstance(new.buckets, Buckets) and isinstance(old.buckets, Buckets):
        buckets = _explicit_difference(new.buckets, old.buckets)
    else:
        assert isinstance(new.buckets, Exponential)
        assert isinstance(old.buckets, Exponential)
        buckets = _exponential_difference(new.buckets, old.buckets)
    if buckets is None:
        return None
    total = None if new.total is None or old.total is None else new.total - old.total
    return Distribution(new.count - old.count, total, buckets)


def _explicit_difference(new: Buckets, old: Buckets) -> Buckets | None:
    if new.bounds != old.bounds:
        return None
    counts = [now - before for now, before in zip(new.counts, old.counts, strict=True)]
    return None if any(count < 0 for count in counts) else Buckets(new.bounds, counts)


def _exponential_difference(new: Exponential, old: Exponential) -> Exponential | None:
    if new.scale > old.scale or new.threshold < old.threshold:
        return None
    # Senders make their buckets coarser as the range of values grows; that merges neighbours. And
    # they may widen the one around zero, which swallows those that are nearest.
    shift = old.scale - new.scale
    positive, swallowed = _beyond(_coarser(old.positive, shift), new)
    negative, more = _beyond(_coarser(old.negative, shift), new)
    zero = new.zero - old.zero - swallowed - more
    left = _less(new.positive, positive), _less(new.negative, negative)
    if zero < 0 or left[0] is None or left[1] is None:
        return None
    return Exponential(new.scale, zero, left[0], left[1], new.threshold)


def _beyond(counts: dict[int, int], new: Exponential) -> tuple[dict[int, int], int]:
    """Return the buckets that are not within the other's zero bucket, and what those hold."""
    if not new.threshold:
        return counts, 0
    step = math.log(2) * 2.0**-new.scale
    beyond = {
        index: count
        for index, count in counts.items()
        if _power((index + 1) * step) > new.threshold * (1 + _ROUNDING)
    }
    return beyond, sum(counts.values()) - sum(beyond.values())


def _coarser(counts: Mapping[int, int], shift: int) -> dict[int, int]:
    merged: dict[int, int] = {}
    for index, count in counts.items():
        merged[index >> shift] = merged.get(index >> shift, 0) + count
    return merged


def _less(new: Mapping[int, int], old: Mapping[int, int]) -> dict[int, int] | None:
    if any(new.get(index, 0) < count for index, count in old.items() if count):
        return None
    return {index: count - old.get(index, 0) for index, count in new.items()}


def spread_of(found: Distribution) -> Spread:
    """Return the sketch and extremes of at least one value."""
    sketch: Sketch = {}
    buckets = found.buckets
    explicit = isinstance(buckets, Buckets)
    parts = (
        _explicit_parts(buckets, found.low, found.high)
        if isinstance(buckets, Buckets)
        else _exponential_parts(buckets)
    )
    low, high = math.inf, -math.inf
    for first, last, count in parts:
        low, high = min(low, first), max(high, last)
        keys = _keys(first, last, min(count, PIECES), evenly=explicit)
        pieces, given = len(keys), 0
        for piece, key in enumerate(keys, start=1):
            share = count * piece // pieces - given
            given += share
            sketch[key] = sketch.get(key, 0) + share
    low = found.low if found.low is not None else low
    high = found.high if found.high is not None else high
    if found.total is not None:
        mean = found.total / found.count
    else:
        mean = sum(value_of(key) * count for key, count in sketch.items()) / found.count
    if not sketch:  # buckets are optional: the mean is all that is known
        low, high = (mean if math.isinf(each) else each for each in (low, high))
        sketch[bucket_of(mean)] = found.count
    return Spread(found.count, mean, min(low, high), max(low, high), sketch)


_Part = tuple[float, float, int]


def _explicit_parts(buckets: Buckets, low: float | None, high: float | None) -> Iterator[_Part]:
    bounds = buckets.bounds
    for index, count in enumerate(buckets.counts):
        if not count:
            continue
        if not bounds:
            # One bucket for everything: of it only the extremes say something.
            if low is not None and high is not None:
                yield low, high, count
            continue
        if index == 0:
            first = low if low is not None else min(0.0, bounds[0])
        else:
            first = bounds[index - 1]
        last = bounds[min(index, len(bounds) - 1)]
        if index == len(bounds) and high is not None:
            last = high
        # Extremes also narrow the buckets that they are in.
        if low is not None and first < low <= last:
            first = low
        if high is not None and first <= high < last:
            last = high
        yield min(first, last), last, count


def _exponential_parts(buckets: Exponential) -> Iterator[_Part]:
    if buckets.zero:
        # Below that it is zero to the sketch, too.
        edge = min(buckets.threshold, LARGEST) if buckets.threshold >= SMALLEST else 0.0
        yield -edge if buckets.negative else 0.0, edge, buckets.zero
    step = math.log(2) * 2.0**-buckets.scale
    for sign, counts in ((1, buckets.positive), (-1, buckets.negative)):
        for index, count in counts.items():
            if count:
                near, far = _power(index * step), _power((index + 1) * step)
                yield (near, far, count) if sign > 0 else (-far, -near, count)


def _power(exponent: float) -> float:
    return math.exp(max(min(exponent, _MOST_EXPONENT), -_MOST_EXPONENT))


# PERF: whatever a stream counts, its buckets stay where they are. Their logarithms were most of
# what a histogram cost: of twenty buckets 280 µs, and 70 µs where they are remembered.
@lru_cache(maxsize=8_192)
def _keys(first: float, last: float, pieces: int, *, evenly: bool) -> tuple[int, ...]:
    """Part a bucket into so many pieces at most; return where their middles are in a sketch."""
    narrow = abs(last - first) <= 2 * ACCURACY * min(abs(first), abs(last))
    if narrow or first == last:
        pieces = 1
    by_magnitude = not evenly and first * last > 0
    keys: list[int] = []
    for piece in range(pieces):
        place = (piece + 0.5) / pieces
        if by_magnitude:
            value = math.copysign(abs(first) ** (1 - place) * abs(last) ** place, first)
        else:
            # Not by their distance, which may be beyond the greatest of numbers.
            value = first * (1 - place) + last * place
        keys.append(bucket_of(value))
    return tuple(keys)
