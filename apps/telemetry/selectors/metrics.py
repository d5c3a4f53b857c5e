"""Reads of metrics: what there is, lines of charts, and what a run measured."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import Q

from apps.telemetry import query as metric_query
from apps.telemetry.acceptance import total_id_of
from apps.telemetry.deltas import Summary
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.models import MetricSeries, RunMetric
from apps.telemetry.query import Aggregate, Fill, Plan, Points, Rollup
from apps.telemetry.store import reads

MAX_MATCHED_SERIES: Final = 10_000  # series read for one query
MAX_SKETCHES: Final = 50_000  # merged for one query
LABEL_VALUES: Final = 20  # values named per label in the list of metrics


def run_metrics(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> list[dict[str, object]]:
    """
    Return what a run measured, one entry a series, by name and labels.

    Lags behind the points by the rollup worker's nap, about a second.
    """
    measured = list(
        RunMetric.objects.filter(workspace_id=workspace_id, run_id=run_id).order_by("series_id")[
            :MAX_MATCHED_SERIES
        ]
    )
    series = MetricSeries.objects.filter(workspace_id=workspace_id).in_bulk(
        [row.series_id for row in measured]
    )
    items: list[dict[str, object]] = [
        {
            "name": series[row.series_id].name,
            "unit": series[row.series_id].unit or None,
            "labels": series[row.series_id].labels,
            "last": row.last,
            "count": row.count,
            "min": row.low,
            "max": row.high,
        }
        for row in measured
        if row.series_id in series
    ]
    return sorted(items, key=lambda item: (str(item["name"]), str(item["labels"])))


def list_metrics(*, workspace_id: uuid.UUID) -> list[dict[str, object]]:
    """Return the workspace's metrics by name, each with its labels and some of their values."""
    found: dict[str, dict[str, object]] = {}
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = (
        MetricSeries.objects.filter(workspace_id=workspace_id)
        .order_by("name", "id")
        .values_list("name", "unit", "last_at", "created_at", "labels")
    )
    for name, unit, last_at, created_at, labels in rows.iterator(chunk_size=2_000):
        at = last_at or created_at
        metric = found.get(name)
        if metric is None:
            found[name] = metric = {"name": name, "unit": unit or None, "series": 0, "last_at": at}
        metric["series"] = int(str(metric["series"])) + 1
        metric["unit"] = metric["unit"] or unit or None
        metric["last_at"] = max(metric["last_at"], at)  # type: ignore[call-overload]
        for label, value in labels.items():
            values[name][label].add(value)
    for name, metric in found.items():
        metric["labels"] = {
            label: sorted(its_values)[:LABEL_VALUES]
            for label, its_values in sorted(values[name].items())
        }
    return list(found.values())


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


def query_metrics(
    *, workspace_id: uuid.UUID, queries: Sequence[MetricQuery], plan: Plan, fill: Fill
) -> list[list[Line]]:
    """
    Return for each query its lines, ordered by their labels.

    Raises: QueryTooLarge for more than 100 lines in all, or too many series behind them.
    """
    answers: list[list[Line]] = []
    room = metric_query.MAX_SERIES
    for asked in queries:
        lines = _query_metric(workspace_id, asked, plan, fill, room)
        room -= len(lines)
        answers.append(lines)
    return answers


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
            (lines,) = query_metrics(
                workspace_id=workspace_id, queries=[asked], plan=plan, fill=Fill.NULL
            )
            for line in lines:
                found.setdefault(line.labels[label], {})[name] = line.points
    return plan.step_seconds, found


def _query_metric(
    workspace_id: uuid.UUID, asked: MetricQuery, plan: Plan, fill: Fill, room: int
) -> list[Line]:
    wants_all = not asked.where and not asked.group_by and plan.rollup is not Rollup.RAW
    if wants_all:
        series = [total_id_of(workspace_id, asked.name)]
        return _lines(workspace_id, asked, plan, fill, room, series, [0], {(): 0})
    series = []
    groups: list[int] = []
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    matching = MetricSeries.objects.filter(workspace_id=workspace_id, name=asked.name)
    for label, wanted in asked.where.items():
        # SECURITY: the label is data, never a part of a lookup's name.
        any_of = Q()
        for value in wanted:
            any_of |= Q(labels__contains={label: value}) if value else ~Q(labels__has_key=label)
        matching = matching.filter(any_of)
    rows = matching.order_by("id").values_list("id", "labels")[: MAX_MATCHED_SERIES + 1]
    for series_id, labels in rows:
        series.append(series_id)
        key = metric_query.group_labels(labels, asked.group_by)
        groups.append(numbers.setdefault(key, len(numbers)))
    if len(series) > MAX_MATCHED_SERIES:
        raise QueryTooLarge(
            f"More than {MAX_MATCHED_SERIES} series match: narrow the query with `where`.",
            fields={"queries": [f"{asked.name} matches too many series."]},
        )
    percentile = asked.aggregate.quantile is not None
    sketches = len(series) * plan.rollup_rows
    if percentile and sketches > MAX_SKETCHES:
        raise QueryTooLarge(
            f"Percentiles of {len(series)} series over this range would read {sketches} sketches.",
            fields={"queries": ["Narrow with `where`, shorten the range, or ask for an average."]},
        )
    return _lines(workspace_id, asked, plan, fill, room, series, groups, numbers)


def _lines(
    workspace_id: uuid.UUID,
    asked: MetricQuery,
    plan: Plan,
    fill: Fill,
    room: int,
    series: Sequence[uuid.UUID],
    groups: Sequence[int],
    numbers: Mapping[tuple[tuple[str, str], ...], int],
) -> list[Line]:
    summaries = reads.summarise_series(
        workspace_id,
        series=series,
        groups=groups,
        plan=plan,
        sketches=asked.aggregate.quantile is not None,
    )
    by_group: dict[int, dict[int, Summary]] = defaultdict(dict)
    for (number, start), summary in summaries.items():
        by_group[number][start] = summary
    if len(by_group) > room:
        raise QueryTooLarge(
            f"The answer would hold more than {metric_query.MAX_SERIES} lines.",
            fields={"queries": ["Group by fewer labels, or narrow with `where`."]},
        )
    return [
        Line(
            labels=dict(key),
            points=metric_query.fill_gaps(
                {
                    start: metric_query.value_of(
                        asked.aggregate, summary, step_seconds=plan.step_seconds
                    )
                    for start, summary in by_group[number].items()
                },
                plan,
                fill,
            ),
        )
        for key, number in sorted(numbers.items())
        if number in by_group
    ]
