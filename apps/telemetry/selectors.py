"""
Reads for the HTTP layer and other apps. Each begins with the workspace.

`list_…` return querysets for keyset pages (`order` beside each); `…_item` render one row as the API
shows it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from apps.core.ids import uuid7_time
from apps.telemetry import query as metric_query
from apps.telemetry.acceptance import NIL, total_id_of
from apps.telemetry.deltas import Summary
from apps.telemetry.enums import Consumer, LogLevel
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.items import StoredEvent
from apps.telemetry.models import Event, LogLine, MetricSeries, RunMetric, RunTransition
from apps.telemetry.query import Aggregate, Fill, Plan, Points, Rollup
from apps.telemetry.store import reads

NEWEST_FIRST: Final = ("-occurred_at", "-id")
OLDEST_FIRST: Final = ("occurred_at", "id")
TRANSITION_ORDER: Final = ("id",)

MAX_MATCHED_SERIES: Final = 10_000  # series read for one query
MAX_SKETCHES: Final = 50_000  # merged for one query
LABEL_VALUES: Final = 20  # values named per label in the list of metrics
TOP_NAMES: Final = 20
HISTOGRAM_BUCKETS: Final = 120
CLOCK_SLACK: Final = timedelta(hours=1)  # a sender's clock against the one that made the run's id


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events. A name may end in `*`; `q` is looked for in names and payload."""

    name: str | None = None
    resource_kind: str | None = None
    resource_name: str | None = None
    related_kind: str | None = None
    related_name: str | None = None
    run_id: uuid.UUID | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_events(*, workspace_id: uuid.UUID, only: EventFilter) -> QuerySet[Event]:
    """Return events to be paged by NEWEST_FIRST."""
    events = Event.objects.for_workspace(workspace_id)
    if only.since is not None:
        events = events.filter(occurred_at__gte=only.since)
    if only.until is not None:
        events = events.filter(occurred_at__lt=only.until)
    if only.name:
        exact, prefix = split_name(only.name)
        events = events.filter(
            **({"name": exact} if prefix is None else {"name__startswith": prefix})
        )
    if only.resource_kind:
        events = events.filter(resource_kind=only.resource_kind)
    if only.resource_name:
        events = events.filter(resource_name=only.resource_name)
    if only.related_kind or only.related_name:
        wanted = {"kind": only.related_kind, "name": only.related_name}
        events = events.filter(
            related__contains=[{key: value for key, value in wanted.items() if value}]
        )
    if only.run_id is not None:
        events = events.filter(run_id=only.run_id, **_since_run(only.run_id))
    if only.q:
        events = events.annotate(payload_text=Cast("payload", TextField())).filter(
            Q(name__icontains=only.q)
            | Q(resource_name__icontains=only.q)
            | Q(payload_text__icontains=only.q)
        )
    return events


def list_event_keys(
    *, workspace_id: uuid.UUID, only: EventFilter, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (occurred_at, id) of the newest `limit` events, newest first; for live tails."""
    events = list_events(workspace_id=workspace_id, only=only).order_by(*NEWEST_FIRST)
    return list(events.values_list("occurred_at", "id")[:limit])


def get_events(
    *, workspace_id: uuid.UUID, keys: Sequence[tuple[datetime, uuid.UUID]]
) -> list[Event]:
    """Return the events of these keys, oldest first."""
    if not keys:
        return []
    times = [at for at, _ in keys]
    return list(
        Event.objects.for_workspace(workspace_id)
        .filter(
            occurred_at__gte=min(times),
            occurred_at__lte=max(times),
            id__in=[event_id for _, event_id in keys],
        )
        .order_by(*OLDEST_FIRST)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventScan:
    """
    Which events to read in order of time. Both bounds belong to the range.

    Names are exact or end in `*`; None: any. What narrows further is the reader's to check.
    """

    since: datetime
    until: datetime
    names: Sequence[str] | None = None
    resource_names: Sequence[str] | None = None


def scan_events(
    *,
    workspace_id: uuid.UUID,
    only: EventScan,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int,
) -> list[StoredEvent]:
    """Return up to `limit` events, oldest first, from behind the key `after`."""
    exact, prefixes = None, []
    if only.names is not None:
        pairs = [split_name(name) for name in only.names]
        exact = [name for name, _ in pairs if name is not None]
        prefixes = [prefix for _, prefix in pairs if prefix is not None]
    return reads.scan_events(
        workspace_id,
        since=only.since,
        until=only.until,
        names=exact,
        prefixes=prefixes,
        resource_names=only.resource_names,
        after=after,
        limit=limit,
    )


def find_event(
    *, workspace_id: uuid.UUID, occurred_at: datetime, event_id: uuid.UUID
) -> StoredEvent | None:
    """Return one event by its key, or None when it is no longer kept."""
    key = (occurred_at, event_id)
    return reads.events_by_key(workspace_id, [key]).get(key)


def workspaces_waiting(*, consumer: Consumer) -> list[uuid.UUID]:
    """
    Return the workspaces with pending batches, each once, however many batches one has. For loops.

    A workspace with a long backlog must not hide the others, hence the walk from one to the next.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [consumer.value, consumer.value])
        return [row[0] for row in cursor.fetchall()]


_WAITING: Final = """
    WITH RECURSIVE waiting AS (
        (SELECT workspace_id FROM telemetry_pendingbatch
         WHERE consumer = %s ORDER BY workspace_id LIMIT 1)
        UNION ALL
        SELECT (SELECT next.workspace_id FROM telemetry_pendingbatch AS next
                WHERE next.consumer = %s AND next.workspace_id > waiting.workspace_id
                ORDER BY next.workspace_id LIMIT 1)
        FROM waiting WHERE waiting.workspace_id IS NOT NULL
    )
    SELECT workspace_id FROM waiting WHERE workspace_id IS NOT NULL
"""


def event_item(event: Event) -> dict[str, object]:
    """Render an event as the API shows it."""
    resource = None
    if event.resource_kind is not None:
        resource = {
            "kind": event.resource_kind,
            "name": event.resource_name,
            "namespace": event.resource_namespace or None,
        }
    return {
        "id": event.id,
        "name": event.name,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "resource": resource,
        "related": event.related or [],
        "payload": event.payload,
        "run_id": event.run_id,
        "task_run_id": event.task_run_id,
        "follows": event.follows,
        "source": event.source,
    }


def event_histogram(
    *, workspace_id: uuid.UUID, since: datetime, until: datetime, name: str | None = None
) -> dict[str, object]:
    """Return counts per step (≤ 120 of them, empty ones present) and the most frequent names."""
    plan = metric_query.plan(since, until, wanted_points=HISTOGRAM_BUCKETS)
    exact, prefix = split_name(name) if name else (None, None)
    by_bucket: dict[int, int] = defaultdict(int)
    by_name: dict[str, int] = defaultdict(int)
    for its_name, start, count in reads.count_events(
        workspace_id, plan=plan, name=exact, prefix=prefix
    ):
        by_bucket[start] += count
        by_name[its_name] += count
    top = sorted(by_name.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_NAMES]
    return {
        "step_seconds": plan.step_seconds,
        "buckets": [
            {"at": metric_query.moment_of(start), "count": by_bucket.get(start, 0)}
            for start in plan.starts()
        ],
        "names": [{"name": its_name, "count": count} for its_name, count in top],
    }


def split_name(name: str) -> tuple[str | None, str | None]:
    """Return (exact, None), or (None, prefix) when the name ends in `*`."""
    return (None, name[:-1]) if name.endswith("*") else (name, None)


def list_logs(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    task_run_id: uuid.UUID | None = None,
    level: str | None = None,
    q: str | None = None,
) -> QuerySet[LogLine]:
    """
    Return a run's log lines, to be paged by OLDEST_FIRST or NEWEST_FIRST.

    `level` is the least one: WARNING brings errors too. `q` is looked for in the message.
    """
    lines = LogLine.objects.for_workspace(workspace_id).filter(run_id=run_id, **_since_run(run_id))
    if task_run_id is not None:
        lines = lines.filter(task_run_id=task_run_id)
    if level is not None:
        lines = lines.filter(level__gte=LogLevel[level])
    if q:
        lines = lines.filter(message__icontains=q)
    return lines


def list_log_keys(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, since: datetime | None, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (occurred_at, id) of a run's first `limit` lines from `since` on, oldest first."""
    lines = list_logs(workspace_id=workspace_id, run_id=run_id)
    if since is not None:
        lines = lines.filter(occurred_at__gte=since)
    return list(lines.order_by(*OLDEST_FIRST).values_list("occurred_at", "id")[:limit])


def list_newest_log_keys(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (occurred_at, id) of a run's last `limit` lines, newest first."""
    lines = list_logs(workspace_id=workspace_id, run_id=run_id).order_by(*NEWEST_FIRST)
    return list(lines.values_list("occurred_at", "id")[:limit])


def get_log_lines(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, keys: Sequence[tuple[datetime, uuid.UUID]]
) -> list[LogLine]:
    """Return a run's lines of these keys, oldest first."""
    if not keys:
        return []
    times = [at for at, _ in keys]
    return list(
        LogLine.objects.for_workspace(workspace_id)
        .filter(
            run_id=run_id,
            occurred_at__gte=min(times),
            occurred_at__lte=max(times),
            id__in=[line_id for _, line_id in keys],
        )
        .order_by(*OLDEST_FIRST)
    )


def log_item(line: LogLine) -> dict[str, object]:
    """Render a log line as the API shows it."""
    return {
        "id": line.id,
        "occurred_at": line.occurred_at,
        "run_id": None if line.run_id == NIL else line.run_id,
        "task_run_id": line.task_run_id,
        "level": LogLevel(line.level).label,
        "logger": line.logger,
        "message": line.message,
    }


def list_transitions(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, task_run_id: uuid.UUID | None = None
) -> QuerySet[RunTransition]:
    """Return the transitions of a run, or of one of its task runs; paged by TRANSITION_ORDER."""
    return RunTransition.objects.for_workspace(workspace_id).filter(
        run_id=run_id, task_run_id=task_run_id or NIL
    )


def transition_item(transition: RunTransition) -> dict[str, object]:
    """Render a transition as the API shows it, but for `state_type`, which runs know."""
    return {
        "id": transition.id,
        "state": transition.state,
        "occurred_at": transition.occurred_at,
        "received_at": transition.received_at,
        "epoch": transition.epoch,
        "superseded": transition.superseded,
        "message": transition.message,
        "task_run_id": None if transition.task_run_id == NIL else transition.task_run_id,
    }


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


def _since_run(run_id: uuid.UUID) -> dict[str, datetime]:
    """Return a lower bound in time for what belongs to a run, when its id carries its time."""
    if run_id.version != 7:
        return {}
    return {"occurred_at__gte": uuid7_time(run_id) - CLOCK_SLACK}


def transitions_of_runs(
    *, workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID]
) -> QuerySet[RunTransition]:
    """Return all transitions of these runs and of their task runs."""
    return RunTransition.objects.for_workspace(workspace_id).filter(run_id__in=run_ids)
