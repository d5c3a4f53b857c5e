"""Charts: queries with letters, formulas over them, another time beside them; and heat maps."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from apps.telemetry import formula
from apps.telemetry import query as metric_query
from apps.telemetry.errors import BadFormula, QueryTooLarge
from apps.telemetry.formula import Operand
from apps.telemetry.heatmap import HeatMap, heat_map
from apps.telemetry.query import Fill, Plan, Points
from apps.telemetry.selectors.lines import (
    MAX_CELLS,
    Line,
    MetricQuery,
    match_series,
    read_lines,
)
from apps.telemetry.store import reads
from apps.telemetry.store.search import TookTooLongError, at_most

SECONDS: Final = 10.0  # for one answer
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartQuery:
    """A query of a chart. What is hidden is only there for formulas."""

    asked: MetricQuery
    letter: str
    offset_seconds: int = 0  # read that much earlier, and told as if it were now
    limit: int | None = None  # keep the lines with the highest means
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartFormula:
    """A formula over the queries, and the formulas before it."""

    expression: str
    letter: str
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """
    `compare_seconds`: everything once more, from that much earlier. `whole`: one point for each
    line, of all the range.
    """

    queries: Sequence[ChartQuery]
    formulas: Sequence[ChartFormula] = ()
    compare_seconds: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    The lines of one query or formula, ordered by their labels.

    `series` is how many series are behind them (None where a metric's own total was read, and for
    formulas), `left_out` how many more lines there are than the limit, `unmet` how many lines of a
    formula's sides met no other.
    """

    letter: str
    lines: list[Line]
    compared: list[Line] = field(default_factory=list)
    series: int | None = None
    left_out: int = 0
    unmet: int = 0


class Answers(NamedTuple):
    """In the order asked for. Offsets are what was read: whole steps."""

    queries: list[Answer]
    formulas: list[Answer]
    compare_seconds: int | None


def answer_chart(
    *, workspace_id: uuid.UUID, chart: Chart, plan: Plan, fill: Fill, seconds: float = SECONDS
) -> Answers:
    """
    Return the lines of a chart.

    Raises: BadFormula; QueryTooLarge for more than 100 lines in all, too many series behind them,
    or when reading takes longer than `seconds`.
    """
    trees = _sound_formulas(chart)
    earlier = None
    compare = chart.compare_seconds
    with _in_time(seconds) as clock:
        now = _Moment(workspace_id, chart, trees, plan, fill, clock, back=0, room=MAX_CELLS)
        if compare is not None:
            compare = whole_steps(compare, plan)
            earlier = _Moment(
                workspace_id, chart, trees, plan, fill, clock, back=compare, room=now.room
            )
    queries = [
        _answer(query.letter, now, earlier, limit=query.limit, shown=not query.hidden)
        for query in chart.queries
    ]
    formulas = [_answer(each.letter, now, earlier, limit=each.limit) for each in chart.formulas]
    shown = sum(len(each.lines) + len(each.compared) for each in (*queries, *formulas))
    if shown > metric_query.MAX_SERIES:
        raise QueryTooLarge(
            f"The answer would hold {shown} lines, and may hold {metric_query.MAX_SERIES}.",
            fields={"queries": ["Group by fewer labels, narrow with `where`, or set `limit`."]},
        )
    return Answers(queries, formulas, compare)


def answer_heat_map(
    *,
    workspace_id: uuid.UUID,
    name: str,
    where: Mapping[str, Sequence[str]],
    plan: Plan,
    rows: int,
    seconds: float = SECONDS,
) -> HeatMap:
    """
    Return how a metric's values were spread, step by step.

    Raises: QueryTooLarge, also when reading takes longer than `seconds`.
    """
    found = match_series(
        workspace_id, name=name, group_by=(), where=where, plan=plan, sketches=True
    )
    with _in_time(seconds):
        summaries = reads.summarise_series(
            workspace_id, series=found.series, groups=found.groups, plan=plan, sketches=True
        )
    return heat_map({start: each for (_, start), each in summaries.items()}, rows=rows)


@contextmanager
def _in_time(seconds: float) -> Iterator[Callable[[], None]]:
    """
    Let what is read take so long; to be asked between statements, each of which is stopped then.

    Raises: QueryTooLarge, and not SearchTooSlow: to ask the same again would take as long.
    """
    deadline = time.monotonic() + seconds

    def clock() -> None:
        if time.monotonic() > deadline:
            raise TookTooLongError

    try:
        with at_most(seconds):
            yield clock
    except TookTooLongError:
        raise QueryTooLarge(
            "So many points took too long to read: look at a shorter time, or narrow with `where`.",
            fields={"queries": ["Took too long to read."]},
        ) from None


def whole_steps(seconds: int, plan: Plan) -> int:
    """Return an offset in whole steps, at least as long: steps then lie above steps."""
    return -(-seconds // plan.step_seconds) * plan.step_seconds


def _sound_formulas(chart: Chart) -> dict[str, formula.Tree]:
    """Read the formulas before anything else is read. Raises: BadFormula, by its place."""
    known = {each.letter: frozenset(each.asked.group_by) for each in chart.queries}
    trees: dict[str, formula.Tree] = {}
    for number, each in enumerate(chart.formulas):
        try:
            trees[each.letter], known[each.letter] = formula.parse_over(each.expression, known)
        except BadFormula as refused:
            place = f"formulas.{number}.expression"
            raise BadFormula(
                f"Formula {each.letter}: {refused.message}", fields={place: [refused.message]}
            ) from None
    return trees


class _Moment:
    """All lines of a chart, by letter, as they were `back` seconds before; told as if now."""

    def __init__(
        self,
        workspace_id: uuid.UUID,
        chart: Chart,
        trees: Mapping[str, formula.Tree],
        plan: Plan,
        fill: Fill,
        clock: Callable[[], None],
        *,
        back: int,
        room: int,
    ) -> None:
        self.room = room  # how many more values the answer may hold
        self.lines: dict[str, list[Line]] = {}
        self.series: dict[str, int | None] = {}
        self.unmet: dict[str, int] = {}
        known: dict[str, Operand] = {}
        for query in chart.queries:
            offset = back + whole_steps(query.offset_seconds, plan)
            found = read_lines(
                workspace_id,
                query.asked,
                plan=_earlier(plan, offset),
                fill=fill,
                room=self.room,
                whole=chart.whole,
            )
            clock()
            self.room -= len(found.lines) * plan.bucket_count
            lines = [_moved(line, offset * 1_000) for line in found.lines]
            self.lines[query.letter] = lines
            self.series[query.letter] = found.series
            known[query.letter] = Operand(
                frozenset(query.asked.group_by),
                {
                    tuple(sorted(line.labels.items())): [value for _, value in line.points]
                    for line in lines
                },
            )
        buckets = plan.starts()[:1] if chart.whole else plan.starts()
        starts = [start * 1_000 for start in buckets]
        for letter, tree in trees.items():
            known[letter] = result = formula.evaluate(tree, known)
            self.unmet[letter] = result.unmet
            self.lines[letter] = [
                Line(labels=dict(key), points=list(zip(starts, values, strict=True)))
                for key, values in sorted(result.rows.items())
            ]


def _earlier(plan: Plan, seconds: int) -> Plan:
    back = timedelta(seconds=seconds)
    return plan._replace(start=plan.start - back, end=plan.end - back)


def _moved(line: Line, milliseconds: int) -> Line:
    if not milliseconds:
        return line
    return Line(
        labels=line.labels, points=[(at + milliseconds, value) for at, value in line.points]
    )


def _answer(
    letter: str, now: _Moment, earlier: _Moment | None, *, limit: int | None, shown: bool = True
) -> Answer:
    lines = now.lines[letter] if shown else []
    before = earlier.lines[letter] if shown and earlier else []
    kept = _highest(lines, limit)
    if len(kept) < len(lines):
        labels = [line.labels for line in kept]
        before = [line for line in before if line.labels in labels]
    else:
        before = _highest(before, limit)
    return Answer(
        letter=letter,
        lines=kept,
        compared=before,
        series=now.series.get(letter),
        left_out=len(lines) - len(kept),
        unmet=now.unmet.get(letter, 0),
    )


def _highest(lines: list[Line], limit: int | None) -> list[Line]:
    """Return the lines with the highest means, in the order that all of them had."""
    if limit is None or len(lines) <= limit:
        return lines
    chosen = {id(line) for line in sorted(lines, key=lambda line: -_mean(line.points))[:limit]}
    return [line for line in lines if id(line) in chosen]


def _mean(points: Points) -> float:
    values = [value for _, value in points if value is not None]
    return sum(values) / len(values) if values else float("-inf")
