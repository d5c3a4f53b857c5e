"""Lines of charts: which series are meant, and what each group of them was."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet

from apps.telemetry import query as metric_query
from apps.telemetry.acceptance import total_id_of
from apps.telemetry.deltas import Summary
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.models import MetricSeries
from apps.telemetry.query import Aggregate, Fill, Plan, Points, Rollup
from apps.telemetry.store import reads

MAX_MATCHED_SERIES: Final = 10_000  # series read for one query
MAX_SKETCHES: Final = 50_000  # merged for one query
MAX_CELLS: Final = 300_000  # lines × steps held for one answer, shown or not

Key = tuple[tuple[str, str], ...]  # labels by which series are grouped, in the order asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricQuery:
    """One line (or bundle of lines) of a chart."""

    name: str
    aggregate: Aggregate
    group_by: Sequence[str] = ()
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One group's points."""

    labels: dict[str, str]
    points: Points


class Matching(NamedTuple):
    """The series that a query means. `counted` is None where a metric's own total is read."""

    series: Sequence[uuid.UUID]
    groups: Sequence[int]  # of each series
    numbers: Mapping[Key, int]
    counted: int | None


def match_series(
    workspace_id: uuid.UUID,
    *,
    name: str,
    group_by: Sequence[str],
    where: Mapping[str, Sequence[str]],
    plan: Plan,
    sketches: bool,
) -> Matching:
    """
    Find the series of a query, and the group of each.

    Raises: QueryTooLarge for too many series, or more sketches than may be merged.
    """
    if not where and not group_by and plan.rollup is not Rollup.RAW:
        return Matching([total_id_of(workspace_id, name)], [0], {(): 0}, None)
    series: list[uuid.UUID] = []
    groups: list[int] = []
    numbers: dict[Key, int] = {}
    matching = series_of(workspace_id, name=name, where=where)
    rows = matching.order_by("id").values_list("id", "labels")[: MAX_MATCHED_SERIES + 1]
    for series_id, labels in rows:
        series.append(series_id)
        key = metric_query.group_labels(labels, group_by)
        groups.append(numbers.setdefault(key, len(numbers)))
    if len(series) > MAX_MATCHED_SERIES:
        raise QueryTooLarge(
            f"More than {MAX_MATCHED_SERIES} series match: narrow the query with `where`.",
            fields={"queries": [f"{name} matches too many series."]},
        )
    read = len(series) * plan.rollup_rows
    if sketches and read > MAX_SKETCHES:
        raise QueryTooLarge(
            f"Percentiles of {len(series)} series over this range would read {read} sketches.",
            fields={"queries": ["Narrow with `where`, shorten the range, or ask for an average."]},
        )
    return Matching(series, groups, numbers, len(series))


def series_of(
    workspace_id: uuid.UUID, *, name: str, where: Mapping[str, Sequence[str]]
) -> QuerySet[MetricSeries]:
    """Return the metric's series that have one of the values of each of these labels."""
    matching = MetricSeries.objects.filter(workspace_id=workspace_id, name=name)
    for label, wanted in where.items():
        # SECURITY: the label is data, never a part of a lookup's name.
        any_of = Q()
        for value in wanted:
            any_of |= Q(labels__contains={label: value}) if value else ~Q(labels__has_key=label)
        matching = matching.filter(any_of)
    return matching


class Found(NamedTuple):
    """All lines of a query, ordered by their labels, and how many series are behind them."""

    lines: list[Line]
    series: int | None


def read_lines(
    workspace_id: uuid.UUID,
    asked: MetricQuery,
    *,
    plan: Plan,
    fill: Fill,
    room: int = MAX_CELLS,
    whole: bool = False,
) -> Found:
    """
    Return all lines of a query.

    `whole`: with one point each, at the beginning, of all that the steps hold together.
    Raises: QueryTooLarge, also for more than `room` values.
    """
    sketches = asked.aggregate.quantile is not None
    found = match_series(
        workspace_id,
        name=asked.name,
        group_by=asked.group_by,
        where=asked.where,
        plan=plan,
        sketches=sketches,
    )
    summaries = reads.summarise_series(
        workspace_id,
        series=found.series,
        groups=found.groups,
        plan=plan,
        sketches=sketches,
        limit=room + 1,
    )
    by_group: dict[int, dict[int, Summary]] = defaultdict(dict)
    for (number, start), summary in summaries.items():
        by_group[number][start] = summary
    # Filled-up gaps are held as well, so whole lines are counted.
    if len(by_group) * plan.bucket_count > room or len(summaries) > room:
        raise QueryTooLarge(
            f"{asked.name} has {len(found.numbers)} lines of {plan.bucket_count} steps each,"
            " more than one answer can look at.",
            fields={"queries": ["Group by fewer labels, or narrow with `where`."]},
        )
    points_of = _one_point if whole else _points
    lines = [
        Line(labels=dict(key), points=points_of(asked.aggregate, by_group[number], plan, fill))
        for key, number in sorted(found.numbers.items())
        if number in by_group
    ]
    return Found(lines, found.counted)


def _points(
    aggregate: Aggregate, summaries: Mapping[int, Summary], plan: Plan, fill: Fill
) -> Points:
    values = {
        start: metric_query.value_of(aggregate, summary, step_seconds=plan.step_seconds)
        for start, summary in summaries.items()
    }
    return metric_query.fill_gaps(values, plan, fill)


def _one_point(
    aggregate: Aggregate, summaries: Mapping[int, Summary], plan: Plan, _: Fill
) -> Points:
    first, *others = summaries.values()
    together = first.copy()
    for each in others:
        together.merge(each)
    seconds = plan.step_seconds * plan.bucket_count
    value = metric_query.value_of(aggregate, together, step_seconds=seconds)
    return [(plan.starts()[0] * 1_000, value)]


Peaks = dict[str, dict[str, Points]]  # value of the label → metric → the highest of each step


def peaks_by_label(
    *,
    workspace_id: uuid.UUID,
    names: Sequence[str],
    label: str,
    values: Sequence[str],
    since: datetime,
    until: datetime,
    shortest_step_seconds: int,
) -> tuple[int, Peaks]:
    """
    Return the highest point of each step, for each of these metrics and values of a label.

    And before it the step in seconds: at most 300 of them, or 301 where they begin and end within
    the range. What has no points at all is left out; steps without any are None.
    """
    plan = metric_query.plan(since, until)
    if plan.step_seconds < shortest_step_seconds:
        plan = metric_query.plan(plan.start, plan.end, step_seconds=shortest_step_seconds)
    found: Peaks = {}
    for first in range(0, len(values), metric_query.MAX_SERIES):
        where = {label: values[first : first + metric_query.MAX_SERIES]}
        for name in names:
            asked = MetricQuery(name=name, aggregate=Aggregate.MAX, group_by=[label], where=where)
            for line in read_lines(workspace_id, asked, plan=plan, fill=Fill.NULL).lines:
                found.setdefault(line.labels[label], {})[name] = line.points
    return plan.step_seconds, found
