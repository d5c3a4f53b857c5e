"""
How many events when: from rollups, by counting, or, where both would not do, by an estimate.

Names alone have rollups. Of everything else what is few is counted. What is too much to be counted
while somebody waits is estimated from a few rows out of each bar, and marked so; who wants to know
exactly asks for that, and hears how far back it was counted when the time was up.
"""

from __future__ import annotations

import math
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from apps.telemetry import query as metric_query
from apps.telemetry import sampling
from apps.telemetry.query import MINUTE, Plan, Rollup
from apps.telemetry.sampling import Bar, Cell, Estimate, Run, Spot
from apps.telemetry.search.terms import NOTHING, Kind, Query, Term, has_none, is_of
from apps.telemetry.selectors.events import EventSearch, walk_events
from apps.telemetry.selectors.walk import BUDGET, Budget
from apps.telemetry.store import conditions, reads, sample, search
from apps.telemetry.store.conditions import Condition

TOP_NAMES: Final = 20
BARS: Final = 120
MOST_CELLS: Final = 3_600  # of rollups, to see how many rows there are when


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """
    From how many rows on to estimate, and how long each step may take.

    So many rows are counted about as fast as more are estimated. When a step is not done in its
    time, rows are counted instead, as far as the budget reaches. An estimate is coarse when a finer
    one would take more than `fine_seconds`: rows that come from the disk, or from compressed parts.
    """

    quick_rows: int = 40_000
    overview_seconds: float = 0.5
    counting_seconds: float = 0.5
    looking_seconds: float = 1.0
    fine_seconds: float = 0.11


EFFORT: Final = Effort()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBar:
    """One bar. `low` to `high` holds the true count 95 times of 100, or is it when it is exact."""

    at: datetime
    count: int
    is_estimate: bool = False
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedName:
    """One of the most frequent names."""

    name: str
    count: int
    is_estimate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    What an estimate rests on: `examined` rows out of `of`; `low` to `high` is of all bars' sum.

    What is rarer than one event in `one_in` may not have been met; 0: nothing can be said.
    """

    examined: int
    of: int
    low: int
    high: int
    one_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """
    Counts per step, empty ones present, and the most frequent names.

    `sample` is None when all is exact. `counted_from`: nothing before was counted, nor estimated.
    """

    step_seconds: int
    buckets: list[CountedBar]
    names: list[CountedName]
    counted_from: datetime | None = None
    sample: Sample | None = None


@dataclass(slots=True)
class _Tally:
    """What was counted, by the start of the bar and by name, and what is estimated besides."""

    bars: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    names: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    estimate: Estimate | None = None

    def add(self, counts: Iterable[tuple[str, int, int]]) -> bool:
        for name, start, count in counts:
            self.bars[start] += count
            self.names[name] += count
        return False

    def result(self, plan: Plan, counted_from: datetime | None = None) -> EventCounts:
        names, guessed = dict(self.names), self.estimate.names if self.estimate else {}
        for name, count in guessed.items():
            names[name] = names.get(name, 0) + count
        top = sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_NAMES]
        return EventCounts(
            step_seconds=plan.step_seconds,
            buckets=[self._bar(start) for start in plan.starts()],
            names=[
                CountedName(name=name, count=round(count), is_estimate=name in guessed)
                for name, count in top
            ],
            counted_from=counted_from,
            sample=self._sample(self.estimate) if self.estimate else None,
        )

    def _bar(self, start: int) -> CountedBar:
        at, count = metric_query.moment_of(start), self.bars.get(start, 0)
        share = self.estimate.bars.get(start) if self.estimate else None
        if share is None:
            return CountedBar(at=at, count=count, low=count, high=count)
        return CountedBar(
            at=at,
            count=round(share.middle),
            is_estimate=True,
            low=math.floor(share.low),
            high=math.ceil(share.high),
        )

    def _sample(self, estimate: Estimate) -> Sample:
        counted = sum(self.bars.values())
        return Sample(
            examined=estimate.examined,
            of=estimate.of,
            low=counted + math.floor(estimate.total.low),
            high=counted + math.ceil(estimate.total.high),
            one_in=estimate.one_in,
        )


def event_histogram(
    *,
    workspace_id: uuid.UUID,
    since: datetime,
    until: datetime,
    query: Query = NOTHING,
    exact: bool = False,
    budget: Budget = BUDGET,
    effort: Effort = EFFORT,
) -> EventCounts:
    """
    Return counts per step (≤ 120 of them) and the most frequent names.

    Of names alone from rollups. Else by counting when that is quick, when ids are asked for (no
    sample meets them) or when it shall be `exact`: the latest first, within the budget. Else
    estimated.
    Raises: SearchTooSlow.
    """
    asked = _Asked(workspace_id, query, budget, effort)
    plan = metric_query.plan(since, until, wanted_points=BARS)
    if plan.rollup is not Rollup.RAW and is_of(query, "name"):
        return asked.from_rollups(plan)
    if not exact and not any(_is_of_few(term) for term in query):
        estimated = asked.estimated(plan, since, until)
        if estimated is not None:
            return estimated
    return asked.counted(plan)


def _is_of_few(term: Term) -> bool:
    return term.kind is Kind.ID and not term.is_negated and not has_none(term)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question, by each way to answer it."""

    workspace_id: uuid.UUID
    query: Query
    budget: Budget
    effort: Effort

    def from_rollups(self, plan: Plan) -> EventCounts:
        tally = _Tally()
        names = conditions.of_events(self.query)
        tally.add(reads.count_events(self.workspace_id, plan=plan, names=names))
        return tally.result(plan)

    def counted(self, plan: Plan) -> EventCounts:
        tally, condition = _Tally(), conditions.of_events(self.query)
        only = EventSearch(query=self.query, since=plan.start, until=plan.end)
        walk = walk_events(workspace_id=self.workspace_id, only=only, budget=self.budget)
        walk.go(lambda part: tally.add(search.count_events_in(part, condition, plan.step_seconds)))
        return tally.result(plan, counted_from=walk.back_to)

    def estimated(self, plan: Plan, since: datetime, until: datetime) -> EventCounts | None:
        """Return None when counting is as quick, or when this was not done in its time."""
        if plan.rollup is Rollup.RAW:
            plan = metric_query.plan(since, until, step_seconds=MINUTE)
        try:
            with search.at_most(self.effort.overview_seconds):
                bars = self._bars(plan)
            if sum(bar.rows for bar in bars) <= self.effort.quick_rows:
                return None
            if is_of(self.query, "name"):
                return self.from_rollups(plan)
            return self._sampled(plan, bars)
        except search.TookTooLongError:
            return None

    @property
    def names(self) -> Condition:
        """What is asked of names, which rollups know."""
        return conditions.of_events(tuple(term for term in self.query if term.field == "name"))

    def _bars(self, plan: Plan) -> list[Bar]:
        cells: dict[int, list[Cell]] = defaultdict(list)
        for cell in sample.cells_of_events(
            self.workspace_id,
            rollup=_cells_for(plan),
            since=plan.start,
            until=plan.end,
            names=self.names,
        ):
            cells[cell.start // plan.step_seconds * plan.step_seconds].append(cell)
        return [
            Bar(start=start, seconds=plan.step_seconds, cells=cells.get(start, ()))
            for start in plan.starts()
        ]

    def _sampled(self, plan: Plan, bars: Sequence[Bar]) -> EventCounts:
        tally, condition = _Tally(), conditions.of_events(self.query)
        few, many = _few_and_many(bars, self.effort.quick_rows)
        with search.at_most(self.effort.counting_seconds):
            tally.add(sample.count_events_of_bars(self.workspace_id, few, condition))
        rounds = sampling.rounds(many, sampling.runs_each(len(many)))
        tally.estimate = sampling.estimate(many, self._seen(rounds, condition))
        return tally.result(plan)

    def _seen(
        self, rounds: Sequence[Sequence[Spot]], condition: Condition
    ) -> list[tuple[Spot, Run]]:
        seen: list[tuple[Spot, Run]] = []
        begun, looked = time.monotonic(), 0
        # PERF: the limit is set once, as to set it takes three statements: it holds for each
        # portion, and between them the clock says whether the time is up.
        with search.at_most(self.effort.looking_seconds):
            for spots in rounds:
                taken = time.monotonic() - begun
                if looked and taken * (1 + len(spots) / looked) > self.effort.fine_seconds:
                    break
                for first in range(0, len(spots), sample.AT_ONCE):
                    if time.monotonic() - begun > self.effort.looking_seconds:
                        raise search.TookTooLongError
                    seen += sample.look_at_events(
                        self.workspace_id,
                        spots[first : first + sample.AT_ONCE],
                        condition=condition,
                        names=self.names,
                    )
                looked += len(spots)
        return seen


def _few_and_many(bars: Sequence[Bar], most_rows: int) -> tuple[list[Bar], list[Bar]]:
    """Return the bars to count, of the newest ones and of those with few rows, and the others."""
    few: list[Bar] = []
    many: list[Bar] = []
    rows = 0
    enough = sampling.RUN_ROWS * sampling.runs_each(len(bars))
    for bar in reversed(bars):
        if bar.rows <= enough or (not many and rows + bar.rows <= most_rows):
            few.append(bar)
            rows += bar.rows
        elif bar.asked:
            many.append(bar)
    return few, many[::-1]


def _cells_for(plan: Plan) -> Rollup:
    """Return the finest rollup whose buckets fill the steps and are not too many."""
    span = plan.bucket_count * plan.step_seconds
    return next(
        (
            rollup
            for rollup in (Rollup.MINUTE, Rollup.HOUR)
            if plan.step_seconds % rollup.seconds == 0 and span // rollup.seconds <= MOST_CELLS
        ),
        plan.rollup,
    )
