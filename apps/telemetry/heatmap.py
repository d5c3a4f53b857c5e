"""
Heat maps, pure: sketches of some steps → a grid of time × value, with counts.

Rows part the values evenly: by magnitude where all are above zero and spread over a factor of
`SPREAD` or more, else by value. No row is narrower than a bucket of the sketches, which would show
stripes that the values do not have; narrow distributions thus have fewer rows than were asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from apps.telemetry.deltas import Summary
from apps.telemetry.sketch import ACCURACY, GAMMA, LARGEST, SMALLEST, bucket_of, value_of

MAX_ROWS: Final = 60
SPREAD: Final = 8.0


class Scale(StrEnum):
    """What the rows part evenly: magnitudes or values."""

    LOG = "log"
    LINEAR = "linear"


class Cell(NamedTuple):
    """How many values (`number`) of a step fell into a row; cells without any are left out."""

    start: int  # of the step, in seconds since 1970
    row: int
    number: int


class HeatMap(NamedTuple):
    """`edges[i]` to `edges[i + 1]` is row i, lowest first. Without values there are no edges."""

    scale: Scale
    edges: list[float]
    cells: list[Cell]


def heat_map(summaries: Mapping[int, Summary], *, rows: int) -> HeatMap:
    """Part the values of each step (by its start) into at most `rows` rows."""
    filled = {start: each for start, each in sorted(summaries.items()) if each.count}
    if not filled:
        return HeatMap(Scale.LINEAR, [], [])
    low = min(each.low for each in filled.values())
    high = max(each.high for each in filled.values())
    if low >= SMALLEST and high <= LARGEST and high / low >= SPREAD:
        return _by_magnitude(filled, low, high, rows)
    return _by_value(filled, low, high, rows)


def _by_magnitude(summaries: Mapping[int, Summary], low: float, high: float, rows: int) -> HeatMap:
    # Whole buckets to a row, so that none is cut in two.
    first, last = bucket_of(low), bucket_of(high)
    to_a_row = -(-(last - first + 1) // rows)
    count = -(-(last - first + 1) // to_a_row)
    base = value_of(first) * (GAMMA + 1) / 2 / GAMMA  # the lower edge of the first bucket
    edges = [base * GAMMA ** (row * to_a_row) for row in range(count + 1)]
    edges[0], edges[-1] = low, high
    return HeatMap(
        Scale.LOG,
        edges,
        _cells(
            summaries, {key: (key - first) // to_a_row for key in _keys(summaries)}, last=count - 1
        ),
    )


def _by_value(summaries: Mapping[int, Summary], low: float, high: float, rows: int) -> HeatMap:
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return HeatMap(
            Scale.LINEAR, [low, high], _cells(summaries, dict.fromkeys(_keys(summaries), 0), last=0)
        )
    widest = 2 * ACCURACY * max(abs(low), abs(high))
    count = max(1, min(rows, int(span / widest)))
    edges = [low + span * row / count for row in range(count)] + [high]
    return HeatMap(
        Scale.LINEAR,
        edges,
        _cells(
            summaries,
            {key: math.floor((value_of(key) - low) / span * count) for key in _keys(summaries)},
            last=count - 1,
        ),
    )


def _keys(summaries: Mapping[int, Summary]) -> set[int]:
    return {key for each in summaries.values() for key in each.sketch}


def _cells(summaries: Mapping[int, Summary], row_of: Mapping[int, int], *, last: int) -> list[Cell]:
    cells: list[Cell] = []
    for start, each in summaries.items():
        counts: dict[int, int] = {}
        for key, count in each.sketch.items():
            # What stands for a bucket may lie just outside of the exact extremes.
            row = min(max(row_of[key], 0), last)
            counts[row] = counts.get(row, 0) + count
        cells += [Cell(start, row, count) for row, count in sorted(counts.items())]
    return cells
