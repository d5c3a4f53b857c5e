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
import struct
import sys
from array import array
from collections.abc import Iterable, Mapping
from typing import Final

ACCURACY: Final = 0.01  # relative error of a percentile
GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
SMALLEST: Final = 1e-12
LARGEST: Final = 1e21

_LOG_GAMMA: Final = math.log(GAMMA)
_FIRST: Final = math.ceil(math.log(SMALLEST) / _LOG_GAMMA)
_LAST: Final = math.ceil(math.log(LARGEST) / _LOG_GAMMA)
_SHIFT: Final = 1 - _FIRST  # so that keys of positive values start at 1, and 0 is zero
_LAST_KEY: Final = _LAST + _SHIFT
# What `bucket_of` reckons with, for those who say the same in another language.
PLACES: Final = (SMALLEST, _LOG_GAMMA, _SHIFT, _LAST_KEY)

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


# Packed: segments one after the other, each a run of buckets: first key, number of buckets, bytes
# per count, then the counts, little end first. Sketches put one after the other are thus a sketch
# too: their sum. Runs are cut at gaps that cost more than the head of a new one.
_HEAD: Final = struct.Struct("<hHB")
_GAP: Final = 16


def encode(sketch: Mapping[int, int]) -> bytes:
    """Pack for storage; a day of a usual metric takes a few hundred bytes."""
    parts: list[bytes] = []
    run: list[int] = []
    first = 0
    for key in sorted(sketch):
        gap = key - first - len(run)
        if run and gap <= _GAP:
            run.extend([0] * gap)
        else:
            parts += _segment(first, run)
            first, run = key, []
        run.append(sketch[key])
    parts += _segment(first, run)
    return b"".join(parts)


def _segment(first: int, counts: list[int]) -> list[bytes]:
    if not counts:
        return []
    most = max(counts)
    width = 1 if most < 1 << 8 else 2 if most < 1 << 16 else 4 if most < 1 << 32 else 8
    packed = array(_TYPE_OF_WIDTH[width], counts)
    if sys.byteorder == "big":
        packed.byteswap()
    return [_HEAD.pack(first, len(counts), width), packed.tobytes()]


_TYPE_OF_WIDTH: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}


def decode(data: bytes) -> Sketch:
    """Unpack what `encode` packed, or the sum of several put one after the other."""
    # PERF: merging tens of thousands of sketches bucket by bucket takes seconds. Here runs are
    # added as whole numbers with one 64-bit lane for each bucket, which Python does in C; no lane
    # overflows, because no series has 2^64 points.
    lanes: dict[int, int] = {}
    sizes: dict[int, int] = {}
    at, end = 0, len(data)
    while at < end:
        first, count, width = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        run = data[at : at + count * width]
        at += count * width
        wide = bytearray(count * 8)
        for byte in range(width):
            wide[byte::8] = run[byte::width]
        lanes[first] = lanes.get(first, 0) + int.from_bytes(wide, "little")
        if sizes.get(first, 0) < count:
            sizes[first] = count
    sketch: Sketch = {}
    for first, summed in lanes.items():
        counts = array("Q", summed.to_bytes(sizes[first] * 8, sys.byteorder))
        if sys.byteorder == "big":
            counts.reverse()
        for key, number in enumerate(counts, first):
            if number:
                sketch[key] = sketch.get(key, 0) + number
    return sketch
