"""
What a metric was over the time before each of many moments: windows that move on by a step. Pure.

A window holds whole buckets, from its start (included) to its moment (not included). Each window is
summed up for itself, so that what is said of a moment does not depend on which others were asked
about: a rule and its preview agree to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from apps.telemetry.deltas import Summary
from apps.telemetry.query import Aggregate
from apps.telemetry.sketch import Sketch, merge_into, quantile

# What nothing adds up to. The others have no value where there are no points.
NOTHING: Final = frozenset({Aggregate.SUM, Aggregate.COUNT, Aggregate.RATE})


class Measured(NamedTuple):
    """What a window's points become, and how many there are; None: no value, or no finite one."""

    value: float | None
    points: int


def moving(
    aggregate: Aggregate,
    buckets: Mapping[int, Summary],
    *,
    moments: range,
    widths: Sequence[int],
) -> list[Measured]:
    """
    Return what the window before each moment holds.

    `moments` are seconds since 1970, a step apart; `buckets` are keyed by their start in seconds, a
    step long; the window of each moment is as many of them as `widths` says.
    """
    step = moments.step
    widest = max(widths)
    first = moments.start - widest * step
    row = [buckets.get(start) for start in range(first, moments.stop - step, step)]
    windows = [
        row[place + widest - width : place + widest]
        for place, width in zip(range(len(moments)), widths, strict=True)
    ]
    return [
        _measure(aggregate, [each for each in window if each], width * step)
        for window, width in zip(windows, widths, strict=True)
    ]


def _measure(aggregate: Aggregate, parts: Sequence[Summary], seconds: int) -> Measured:
    count = sum(part.count for part in parts)
    if not count:
        return Measured(0.0 if aggregate in NOTHING else None, 0)
    value = _value(aggregate, parts, count, seconds)
    return Measured(value if value is not None and math.isfinite(value) else None, count)


def _value(
    aggregate: Aggregate, parts: Sequence[Summary], count: int, seconds: int
) -> float | None:
    q = aggregate.quantile
    if q is not None:
        sketch: Sketch = {}
        for part in parts:
            merge_into(sketch, part.sketch)
        low, high = min(part.low for part in parts), max(part.high for part in parts)
        return quantile(sketch, q, low=low, high=high)
    match aggregate:
        case Aggregate.COUNT:
            return float(count)
        case Aggregate.MIN:
            return min(part.low for part in parts)
        case Aggregate.MAX:
            return max(part.high for part in parts)
    try:
        total = math.fsum(part.total for part in parts)
    except (OverflowError, ValueError):
        return None
    if aggregate is Aggregate.AVG:
        return total / count
    return total / seconds if aggregate is Aggregate.RATE else total
