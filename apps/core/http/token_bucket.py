"""
Pure: the arithmetic of a token bucket that holds one minute's worth. Lua's twin is in rate_classes.

Levels are fractions, since a bucket fills all the time; what is taken is whole units. A level may
be negative: what was taken beyond it is owed, and paid by what fills in.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Final, NamedTuple

PERIOD: Final = 60_000_000  # microseconds in which an empty bucket fills


class Bucket(NamedTuple):
    """How full it was, and when, in microseconds of Valkey's clock."""

    level: float
    at: int


def refilled(bucket: Bucket | None, *, capacity: int, now: int) -> Bucket:
    """Return the bucket as it is now; None stands for one that nobody took from: it is full."""
    if bucket is None:
        return Bucket(float(capacity), now)
    elapsed = max(0, now - bucket.at)  # a clock that was set back fills nothing
    level = min(float(capacity), bucket.level + elapsed * capacity / PERIOD)
    return Bucket(level, max(now, bucket.at))


def take(
    bucket: Bucket | None, *, capacity: int, asked: int, reserve: int, now: int
) -> tuple[Bucket, int]:
    """
    Return the bucket without what was granted, and how much of what was asked that is.

    `reserve` is left to others; far below zero it means that all is taken and owed.
    """
    full = refilled(bucket, capacity=capacity, now=now)
    granted = min(asked, max(0, floor(full.level - reserve)))
    return Bucket(full.level - granted, full.at), granted


def seconds_until(level: float, *, capacity: int, wanted: int, reserve: int = 0) -> int:
    """Return after how many whole seconds `wanted` units, or a full bucket, can be had."""
    missing = min(wanted, capacity - reserve) + reserve - level
    return max(0, ceil(missing * PERIOD / capacity / 1_000_000))
