"""
Pure: where to look into rows that are too many to count, and what may be said of all of them.

A rollup says how many rows each hour (or minute) has, so runs of a few rows next to each other are
looked at where the rows are: each stands for as many. Moments come from the time alone, never from
chance, so that two looks at the same range see the same.

Rows next to each other are alike, and within one cell of the rollup nobody knows where the rows
are. Hence two corrections. A run counts for more where its rows stand closer together than they do
on average in its cell, and for less where they are far apart: else the quiet minutes would speak
for the busy one. And the margins are those of so many rows as the runs are worth, measured by how
much they differ from each other.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

SAMPLE_ROWS: Final = 20_000  # looked at in all, about
SIDE_ROWS: Final = 16  # of a run, before its moment and behind it
RUN_ROWS: Final = 2 * SIDE_ROWS
MOST_RUNS: Final = 32  # in one bar
COARSE: Final = 0.4  # of the runs, for an estimate where to look takes long
_HEAVIEST: Final = 8.0  # one run must not speak for all others; the lightest is its inverse
_Z: Final = 1.96  # 95 of 100


class Cell(NamedTuple):
    """What a rollup knows of a time: all rows, and those whose names fit."""

    start: int  # seconds since 1970
    seconds: int
    rows: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a chart, whose cells are in order of time."""

    start: int  # seconds since 1970
    seconds: int
    cells: Sequence[Cell]

    @property
    def rows(self) -> int:
        return sum(cell.rows for cell in self.cells)

    @property
    def asked(self) -> int:
        return sum(cell.asked for cell in self.cells)


class Spot(NamedTuple):
    """Where to look: up to SIDE_ROWS rows before the moment and as many behind it, in its bar."""

    bar: Bar
    at: float  # seconds since 1970
    per_second: float  # rows that its cell has on average


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen at one spot: at least one row. Times in seconds since 1970."""

    before: int  # rows
    behind: int
    first_at: float
    last_at: float
    asked: int  # rows whose names fit
    found: Sequence[str]  # the name of each row that fits altogether


def runs_each(bars: int) -> int:
    """Return how many runs a bar gets when so many bars are estimated."""
    return min(max(SAMPLE_ROWS // (RUN_ROWS * max(bars, 1)), 1), MOST_RUNS)


def rounds(bars: Sequence[Bar], runs: int) -> list[list[Spot]]:
    """
    Return where to look for a coarse estimate, and where besides for one of all the runs.

    Either is spread over all rows of each bar, so that an estimate can rest on the first alone.
    """
    coarse = max(round(runs * COARSE), 1)
    return [
        [spot for bar in bars for spot in spots(bar, each, turn)]
        for turn, each in enumerate((coarse, runs - coarse))
        if each
    ]


def spots(bar: Bar, runs: int, turn: int = 0) -> Iterator[Spot]:
    """Yield the bar's spots in order of time, one in each `runs`th part; others in each turn."""
    ordinal, total = bar.start // bar.seconds * runs, bar.rows
    cells = (cell for cell in bar.cells if cell.rows)
    cell, passed = next(cells), 0
    for number in range(runs):
        # Not in the midst of each part, nor by any distance that comes again: such meet what is
        # regular in the rows always at the same place.
        place = (number + _scattered(2 * (ordinal + number) + turn)) / runs * total
        while passed + cell.rows < place:
            passed += cell.rows
            cell = next(cells)
        at = cell.start + (place - passed) / cell.rows * cell.seconds
        yield Spot(bar, at, cell.rows / cell.seconds)


def _scattered(number: int) -> float:
    """Return what looks like chance, from 0 to 1, and is the same for the same number."""
    mixed = number * 0x9E3779B97F4A7C15 % 2**64
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 % 2**64
    return (mixed ^ mixed >> 32) / 2**64


class Share(NamedTuple):
    """What is said of one bar, or of all."""

    middle: float
    low: float
    high: float


NONE: Final = Share(0, 0, 0)


@dataclass(slots=True)
class Estimate:
    """Counts by the start of the bar; `low` to `high` holds the true one 95 times of 100, about."""

    bars: dict[int, Share] = field(default_factory=dict)
    names: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    total: Share = NONE
    examined: int = 0  # rows whose names fit, as `of`
    of: int = 0  # how many there are
    one_in: int = 0  # what is rarer than one in so many may not have been seen


@dataclass(slots=True)
class _Looked:
    """One bar, and the sums over its runs, each by its weight."""

    start: int
    of: int
    rows: int = 0
    asked: float = 0
    found: float = 0
    names: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    parts: list[tuple[float, float]] = field(default_factory=list)  # asked, found of each run

    @property
    def share(self) -> float:
        return self.found / self.asked

    @property
    def binomial(self) -> float:
        """The variance of the share if all rows had been chosen one by one."""
        return self.share * (1 - self.share) / self.rows

    @property
    def clustered(self) -> float:
        """The variance of the share as the runs differ, each from what the others say."""
        rests = 0.0
        for asked, found in self.parts:
            # A heavy run draws the share to itself: measured as if it had not.
            others = max(1 - asked / self.asked, 0.1)
            rests += ((found - self.share * asked) / others) ** 2
        return rests / self.asked**2


def estimate(bars: Sequence[Bar], seen: Sequence[tuple[Spot, Run]]) -> Estimate:
    """
    Say of all rows in the bars what the runs say.

    `seen` has no run of spots where nothing was: a bar without any has no rows, and is left out.
    """
    runs: dict[int, list[tuple[Spot, Run]]] = defaultdict(list)
    for spot, run in seen:
        runs[spot.bar.start].append((spot, run))
    looked = [_look(bar, runs[bar.start]) for bar in bars if bar.start in runs]
    known = [each for each in looked if each.rows]
    result = Estimate(
        examined=sum(run.asked for _, run in seen),
        of=sum(each.of for each in looked),
    )
    if not result.of or not known:
        result.bars = {each.start: Share(0, 0, each.of) for each in looked}
        result.total = Share(0, 0, result.of)
        return result
    worth = _rows_worth_one(known)
    of_known = sum(each.of for each in known)
    mean = sum(each.of * each.share for each in known) / of_known
    for each in looked:
        # Where no row of such a name was met, they are taken to be as they are elsewhere.
        share, rows = (each.share, each.rows / worth) if each.rows else (mean, 0.0)
        result.bars[each.start] = _interval(share, rows, each.of)
        for name, found in each.names.items():
            result.names[name] += each.of * found / each.asked
    rows = of_known**2 / sum(each.of**2 / each.rows for each in known) / worth
    result.total = _interval(mean, rows, result.of)
    result.one_in = int(rows / 3)  # at most three in so many of which none was seen, 95 of 100
    return result


def _look(bar: Bar, runs: Sequence[tuple[Spot, Run]]) -> _Looked:
    # Rollups are kept longer than rows: what lies before the first row of the bar is not there.
    first_at = min(
        (run.first_at for _, run in runs if run.before < SIDE_ROWS), default=float(bar.start)
    )
    kept = [cell for cell in bar.cells if cell.start + cell.seconds > first_at]
    found = _Looked(bar.start, sum(cell.asked for cell in kept))
    for spot, run in runs:
        if not kept or spot.at < kept[0].start or not run.asked:
            continue
        weight = _weight(spot, run)
        found.rows += run.asked
        found.asked += weight * run.asked
        found.found += weight * len(run.found)
        found.parts.append((weight * run.asked, weight * len(run.found)))
        for name, times in Counter(run.found).items():
            found.names[name] += weight * times
    return found


def _weight(spot: Spot, run: Run) -> float:
    bar = spot.bar
    since = run.first_at if run.before == SIDE_ROWS else bar.start
    until = run.last_at if run.behind == SIDE_ROWS else bar.start + bar.seconds
    expected = (run.before + run.behind) / spot.per_second
    return min(max(expected / max(until - since, 1e-6), 1 / _HEAVIEST), _HEAVIEST)


def _rows_worth_one(looked: Sequence[_Looked]) -> float:
    """Return how many rows in runs say as much as one that was chosen by itself; of all bars."""
    measured = [each for each in looked if len(each.parts) > 1]
    alone = sum(each.of**2 * each.binomial for each in measured)
    if not alone:
        return RUN_ROWS  # all alike, or none found: then a run may be worth one row
    return max(sum(each.of**2 * each.clustered for each in measured) / alone, 1.0)


def _interval(share: float, rows: float, of: int) -> Share:
    """Return Wilson's interval, which is right for few and for none as well."""
    if not rows:
        return Share(of * share, 0, of)
    square = _Z**2 / rows
    middle = (share + square / 2) / (1 + square)
    half = _Z * math.sqrt(share * (1 - share) / rows + square / (4 * rows)) / (1 + square)
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return Share(of * share, of * min(low, share), of * max(high, share))
