"""Estimates against what is true, on stores that are made up, the same at every run."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from apps.telemetry import sampling
from apps.telemetry.sampling import RUN_ROWS, SIDE_ROWS, Bar, Cell, Run, Spot

HOUR = 3_600
STEP = 6 * HOUR
BARS = 20
START = 80_000 * STEP
RUNS = 16

Row = tuple[float, str]  # when, and its name: what fits is called "fits"
MakeRows = Callable[[random.Random], list[Row]]


@dataclass(frozen=True)
class Store:
    """Rows in order of time, and the questions that the database answers."""

    rows: list[Row]
    forgotten: int = 0  # rows before this moment are gone, their counts are not

    def bars(self) -> list[Bar]:
        hours = Counter(int(at) // HOUR * HOUR for at, _ in self.rows)
        return [
            Bar(
                start=start,
                seconds=STEP,
                cells=[
                    Cell(hour, HOUR, hours[hour], hours[hour])
                    for hour in range(start, start + STEP, HOUR)
                    if hours[hour]
                ],
            )
            for start in range(START, START + BARS * STEP, STEP)
        ]

    def look(self, spots: list[Spot]) -> list[tuple[Spot, Run]]:
        rows = [row for row in self.rows if row[0] >= self.forgotten]
        found = []
        for spot in spots:
            since = bisect_left(rows, (spot.bar.start, ""))
            until = bisect_left(rows, (spot.bar.start + STEP, ""))
            middle = bisect_left(rows, (spot.at, ""))
            first, last = max(middle - SIDE_ROWS, since), min(middle + SIDE_ROWS, until)
            seen = rows[first:last]
            if seen:
                run = Run(
                    before=middle - first,
                    behind=last - middle,
                    first_at=seen[0][0],
                    last_at=seen[-1][0],
                    asked=len(seen),
                    found=[name for _, name in seen if name == "fits"],
                )
                found.append((spot, run))
        return found

    def true_counts(self) -> Counter[int]:
        return Counter(
            int(at) // STEP * STEP
            for at, name in self.rows
            if name == "fits" and at >= self.forgotten
        )


def estimated(store: Store, rounds: int = 2) -> sampling.Estimate:
    bars = [bar for bar in store.bars() if bar.rows]
    spots = [spot for spots in sampling.rounds(bars, RUNS)[:rounds] for spot in spots]
    return sampling.estimate(bars, store.look(spots))


def even(share: float) -> MakeRows:
    def make(chance: random.Random) -> list[Row]:
        times = sorted(chance.uniform(START, START + BARS * STEP) for _ in range(40_000))
        return [(at, "fits" if chance.random() < share else "other") for at in times]

    return make


def busy_by_day(chance: random.Random) -> list[Row]:
    """Ten times as much by day as by night, and of other things."""
    rows = []
    for hour in range(START, START + BARS * STEP, HOUR):
        is_day = hour // HOUR % 24 >= 12
        for _ in range(600 if is_day else 60):
            fits = chance.random() < (0.05 if is_day else 0.6)
            rows.append((hour + chance.uniform(0, HOUR), "fits" if fits else "other"))
    return sorted(rows)


def busy_for_minutes(chance: random.Random) -> list[Row]:
    """Most comes within ten minutes of each hour, and is what is looked for."""
    rows = []
    for hour in range(START, START + BARS * STEP, HOUR):
        for _ in range(350):
            is_burst = chance.random() < 0.8
            at = hour + (chance.uniform(0, 600) if is_burst else chance.uniform(600, HOUR))
            rows.append((at, "fits" if is_burst == (chance.random() < 0.9) else "other"))
    return sorted(rows)


def alike_in_a_row(chance: random.Random) -> list[Row]:
    """Forty of a kind come together, as from one query that reads forty tables."""
    rows = []
    for _ in range(1_000):
        at = chance.uniform(START, START + BARS * STEP - 60)
        name = "fits" if chance.random() < 0.25 else "other"
        rows += [(at + chance.uniform(0, 60), name) for _ in range(40)]
    return sorted(rows)


def clumped(chance: random.Random) -> list[Row]:
    """A hundred within ten seconds, then nothing for twenty minutes or so."""
    rows: list[Row] = []
    at = START + chance.expovariate(1 / 1_200)
    while at < START + BARS * STEP - 10:
        rows += [
            (at + chance.uniform(0, 10), "fits" if chance.random() < 0.1 else "other")
            for _ in range(100)
        ]
        at += 10 + chance.expovariate(1 / 1_200)
    return sorted(rows)


def regular(period: int) -> MakeRows:
    """One in so many is looked for, at a beat that never changes."""

    def make(chance: random.Random) -> list[Row]:
        rows, first = chance.choice([5_000, 8_333, 12_345, 16_667]), chance.randrange(period)
        return [
            (START + step * STEP / rows, "fits" if step % period == first else "other")
            for step in range(BARS * rows)
        ]

    return make


STORES = {
    "half": even(0.5),
    "few": even(0.02),
    "all": even(1),
    "by day": busy_by_day,
    "alike in a row": alike_in_a_row,
    "clumped": clumped,
    "every fortieth": regular(40),
    "every fiftieth": regular(50),
}


@pytest.mark.parametrize("rounds", [1, 2], ids=["coarse", "fine"])
@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
def test_the_margins_hold_what_is_true(make, rounds):
    bars, bars_held, totals_held = 0, 0, 0
    for seed in range(12):
        store = Store(make(random.Random(seed)))
        truth, said = store.true_counts(), estimated(store, rounds)

        bars += len(said.bars)
        bars_held += sum(
            int(share.low) <= truth[start] <= share.high + 1 for start, share in said.bars.items()
        )
        totals_held += said.total.low - 1 <= truth.total() <= said.total.high + 1

    assert bars_held >= 0.92 * bars
    assert totals_held >= 10  # of 12


def test_the_busy_minutes_of_an_hour_speak_for_most_of_it():
    store = Store(busy_for_minutes(random.Random(1)))

    said = estimated(store)

    # The spots are spread over the hour: without weights it would be four tenths of the truth.
    assert said.total.middle / store.true_counts().total() == pytest.approx(1, abs=0.2)


def test_the_same_range_is_estimated_the_same():
    store = Store(even(0.3)(random.Random(5)))

    assert estimated(store).bars == estimated(store).bars


def test_a_bar_gets_its_spots_where_its_rows_are():
    cells = [Cell(START, HOUR, 900, 900), Cell(START + 5 * HOUR, HOUR, 100, 100)]
    bar = Bar(start=START, seconds=STEP, cells=cells)

    spots = list(sampling.spots(bar, 20))

    assert [spot.at for spot in spots] == sorted(spot.at for spot in spots)
    assert sum(spot.at < START + HOUR for spot in spots) == 18
    assert all(spot.at >= START + 5 * HOUR for spot in spots[18:])
    assert spots[0].per_second == 900 / HOUR


def test_rows_that_are_no_longer_kept_are_not_counted():
    rows = even(0.5)(random.Random(2))
    store = Store(rows, forgotten=START + 9 * STEP + 2 * HOUR)

    said, truth = estimated(store), store.true_counts()

    assert set(said.bars) == {START + step * STEP for step in range(9, BARS)}
    assert said.bars[START + 9 * STEP].low <= truth[START + 9 * STEP]
    assert said.bars[START + 9 * STEP].high >= truth[START + 9 * STEP]
    assert said.of == pytest.approx(len([at for at, _ in rows if at >= store.forgotten]), rel=0.01)


def test_what_no_run_met_may_be_there_all_the_same():
    said = estimated(Store(even(0)(random.Random(3))))

    assert said.total.middle == 0
    assert said.total.high > 0
    # Rows in a run may all be alike: then it says no more than one of them.
    assert said.one_in == pytest.approx(said.examined / RUN_ROWS / 3, rel=0.01)
    assert all(share.low == 0 < share.high for share in said.bars.values())


def test_names_that_no_run_met_are_taken_to_be_as_elsewhere():
    bars = [
        Bar(start=START + step, seconds=STEP, cells=[Cell(START + step, HOUR, 1_000, 100)])
        for step in (0, STEP)
    ]
    seen = [
        (
            Spot(bars[0], START + place, 1_000 / HOUR),
            Run(
                before=8,
                behind=8,
                first_at=START + place - 30,
                last_at=START + place + 27.6,
                asked=4,
                found=["rare"] * 2,
            ),
        )
        for place in (600, 1_200, 1_800)
    ]
    empty = Run(
        before=8, behind=8, first_at=START + STEP, last_at=START + STEP + 9, asked=0, found=()
    )
    seen.append((Spot(bars[1], START + STEP + 5, 1_000 / HOUR), empty))

    said = sampling.estimate(bars, seen)

    assert said.bars[START].middle == pytest.approx(50)
    assert said.bars[START + STEP] == (pytest.approx(50), 0, 100)
    assert said.names == {"rare": pytest.approx(50)}
    assert (said.examined, said.of) == (12, 200)


@pytest.mark.parametrize(
    ("bars", "runs"), [(0, 32), (1, 32), (60, 10), (120, 5), (100_000, 1)], ids=str
)
def test_so_many_runs_as_the_sample_allows(bars, runs):
    assert sampling.runs_each(bars) == runs


@pytest.mark.parametrize(
    ("runs", "sizes"), [(1, [1]), (2, [1, 1]), (5, [2, 3]), (32, [13, 19])], ids=str
)
def test_a_coarse_look_is_spread_over_each_bar_and_the_rest_is_elsewhere(runs, sizes):
    bars = Store(even(0.5)(random.Random(4))).bars()

    rounds = sampling.rounds(bars, runs)

    assert [len(spots) / len(bars) for spots in rounds] == sizes
    for spots in rounds:
        assert len({spot.bar.start for spot in spots}) == len(bars)
    places = [(spot.bar.start, spot.at) for spots in rounds for spot in spots]
    assert len(set(places)) == len(places)
