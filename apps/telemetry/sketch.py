"""
A mergeable sketch of a distribution: counts per logarithmic bucket, percentiles within 1 %.

A bucket holds the values between two neighbouring powers of GAMMA, so whatever value stands for the
bucket is at most ACCURACY away from each value in it. Merging adds counts, which is exact and does
not depend on order: a rollup merged from any split of the points equals the one computed at once.

The promise holds for magnitudes from SMALLEST to LARGEST. Below, values count as zero; above, they
share the last bucket; the row's exact minimum and maximum bound what is reported in both cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

ACCURACY: Final = 0.01  # relative error of a percentile
GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
SMALLEST: Final = 1e-12
LARGEST: Final = 1e21

_LOG_GAMMA: Final = math.log(GAMMA)
_FIRST: Final = math.ceil(math.log(SMALLEST) / _LOG_GAMMA)
_LAST: Final = math.ceil(math.log(LARGEST) / _LOG_GAMMA)
_SHIFT: Final = 1 - _FIRST  # so that keys of positive values start at 1, and 0 is zero
_LAST_KEY: Final = _LAST + _SHIFT

# Bucket key → count. Keys order like the values they stand for: negative values have negative keys.
Sketch = dict[int, int]


def bucket_of(value: float) -> int:
    """Return the key of the bucket that a finite value belongs to."""
    magnitude = abs(value)
    if magnitude < SMALLEST:
        return 0
    key = min(math.ceil(math.log(magnitude) / _LOG_GAMMA) + _SHIFT, _LAST_KEY)
    return key if value > 0 else -key


def value_of(key: int) -> float:
    """Return the value that stands for a bucket."""
    if key == 0:
        return 0.0
    magnitude = 2 * math.exp((abs(key) - _SHIFT) * _LOG_GAMMA) / (GAMMA + 1)
    return math.copysign(magnitude, key)


def sketch_of(values: Iterable[float]) -> Sketch:
    """Return the sketch of the values."""
    sketch: Sketch = {}
    for value in values:
        key = bucket_of(value)
        sketch[key] = sketch.get(key, 0) + 1
    return sketch


def merge_into(target: Sketch, other: Mapping[int, int]) -> None:
    """Add the counts of `other` to `target`."""
    if not target:
        target.update(other)
        return
    get = target.get
    for key, count in other.items():
        target[key] = get(key, 0) + count


def quantile(sketch: Mapping[int, int], q: float, *, low: float, high: float) -> float | None:
    """
    Return the value at quantile `q` (0 to 1), None for an empty sketch.

    It is within ACCURACY of the smallest value with at least `q` of all values at or below it, and
    never outside `low` and `high`, the exact extremes kept beside the sketch.
    """
    total = sum(sketch.values())
    if total == 0:
        return None
    rank = max(math.ceil(q * total), 1)
    if rank == total:
        return high
    if rank == 1:
        return low
    seen = 0
    key = 0
    for key in sorted(sketch):
        seen += sketch[key]
        if seen >= rank:
            break
    return min(max(value_of(key), low), high)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[list[int], list[int]])


def encode(sketch: Mapping[int, int]) -> bytes:
    """Pack for storage: keys as steps from one to the next, so that most take one byte."""
    keys = sorted(sketch)
    steps = []
    previous = 0
    for key in keys:
        steps.append(key - previous)
        previous = key
    return _encoder.encode((steps, [sketch[key] for key in keys]))


def decode(data: bytes | memoryview) -> Sketch:
    """Unpack what `encode` packed; empty input is the empty sketch."""
    if not data:
        return {}
    steps, counts = _decoder.decode(data)
    sketch: Sketch = {}
    key = 0
    for step, count in zip(steps, counts, strict=True):
        key += step
        sketch[key] = count
    return sketch
