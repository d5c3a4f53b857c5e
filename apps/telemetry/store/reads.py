# ruff: noqa: S608 - names come from `tables`, values are parameters
"""
Reading aggregates: SQL that the ORM cannot say, each function beginning with the workspace.

SECURITY: hypertables with compression cannot carry row security, so these tables have none. Rows
leave this app only through here and through `models.ScopedManager`, and neither can be called
without a workspace.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from apps.telemetry.deltas import Summary
from apps.telemetry.items import StoredEvent
from apps.telemetry.query import Plan
from apps.telemetry.sketch import PLACES as SKETCH_PLACES
from apps.telemetry.sketch import decode
from apps.telemetry.store.conditions import Condition, escaped
from apps.telemetry.store.tables import (
    EVENT,
    EVENT_ROLLUPS,
    LOG_ROLLUPS,
    METRIC_POINT,
    METRIC_ROLLUPS,
)

Group = int
STEP = "floor(extract(epoch FROM {column}))::bigint / %s * %s"


def summarise_series(
    workspace_id: UUID,
    *,
    series: Sequence[UUID],
    groups: Sequence[Group],
    plan: Plan,
    sketches: bool,
    limit: int | None = None,
) -> dict[tuple[Group, int], Summary]:
    """
    Return one summary per group and bucket (its start in seconds since 1970), at most `limit`.

    `groups[i]` is the group of `series[i]`. Sketches are read only when percentiles are wanted.
    """
    if not series:
        return {}
    raw = plan.rollup.seconds == 0
    table = METRIC_POINT if raw else METRIC_ROLLUPS[plan.rollup]
    bucket = STEP.format(column=f"t.{table.column}")
    source = (
        f"FROM {table.name} t JOIN unnest(%s::uuid[], %s::int[]) AS g (series_id, number)"
        " USING (series_id) WHERE t.workspace_id = %s AND t.series_id = ANY(%s::uuid[])"
        f" AND t.{table.column} >= %s AND t.{table.column} < %s"
    )
    parameters: list[Any] = [
        plan.step_seconds,
        plan.step_seconds,
        list(series),
        list(groups),
        workspace_id,
        list(series),
        plan.start,
        plan.end,
    ]
    columns = (
        "sum(coalesce(t.count, 1))::bigint, sum(t.value * coalesce(t.count, 1)),"
        " min(coalesce(t.low, t.value)), max(coalesce(t.high, t.value))"
        if raw
        else "sum(t.count)::bigint, sum(t.total), min(t.low), max(t.high)"
    )
    # Sketches put one after the other are their sum.
    extra = "string_agg(t.sketch, ''::bytea)" if sketches else "NULL"
    found: dict[tuple[Group, int], Summary] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT g.number, {bucket} AS bucket, {columns}, {extra} {source} GROUP BY 1, 2"
            " LIMIT %s",
            [*parameters, limit],
        )
        for number, start, count, total, low, high, parts in cursor.fetchall():
            sketch = {} if parts is None else decode(bytes(parts))
            found[number, start] = Summary(count, total, low, high, 0.0, 0, sketch)
        if raw and sketches:
            # PERF: put into buckets there, so that what comes here are buckets and never points, of
            # which there may be millions.
            cursor.execute(
                f"SELECT g.number, {bucket} AS bucket, {_SKETCH_KEY} AS key, count(*) {source}"
                " AND t.sketch IS NULL GROUP BY 1, 2, 3",
                [*parameters[:2], *SKETCH_PLACES, *parameters[2:]],
            )
            for number, start, key, count in cursor.fetchall():
                if (summary := found.get((number, start))) is not None:
                    summary.sketch[key] = summary.sketch.get(key, 0) + count
    return found


# `sketch.bucket_of` of a point.
_SKETCH_KEY = (
    "CASE WHEN abs(t.value) < %s THEN 0 ELSE (sign(t.value)"
    " * least(ceil(ln(abs(t.value)) / %s) + %s, %s))::int END"
)


def count_events(workspace_id: UUID, *, plan: Plan, names: Condition) -> list[tuple[str, int, int]]:
    """
    Return (name, start of bucket in seconds since 1970, count) for each that is not zero.

    From rollups: `plan.rollup` is one, and `names` speaks of names only.
    """
    table = EVENT_ROLLUPS[plan.rollup]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, {STEP.format(column=table.column)}, sum(count)::bigint"
            f" FROM {table.name}"
            f" WHERE workspace_id = %s AND {table.column} >= %s AND {table.column} < %s{names.sql}"
            " GROUP BY 1, 2",
            [
                plan.step_seconds,
                plan.step_seconds,
                workspace_id,
                plan.start,
                plan.end,
                *names.parameters,
            ],
        )
        return [(str(row[0]), int(row[1]), int(row[2])) for row in cursor.fetchall()]


EVENT_COLUMNS = (
    "e.id, e.occurred_at, e.name, e.received_at, e.resource_kind, e.resource_namespace,"
    " e.resource_name, e.related::text, e.payload::text, e.run_id, e.task_run_id, e.follows,"
    " e.source"
)


def measure_logs(workspace_id: UUID, *, plan: Plan) -> list[tuple[int, int, int, int]]:
    """Return (level, start of bucket in seconds since 1970, lines, bytes), from rollups."""
    table = LOG_ROLLUPS[plan.rollup]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT level, {STEP.format(column=table.column)}, sum(count)::bigint,"
            f" sum(bytes)::bigint FROM {table.name} WHERE workspace_id = %s"
            f" AND {table.column} >= %s AND {table.column} < %s GROUP BY 1, 2",
            [plan.step_seconds, plan.step_seconds, workspace_id, plan.start, plan.end],
        )
        return [(int(a), int(b), int(c), int(d)) for a, b, c, d in cursor.fetchall()]


def stored_event(row: Sequence[Any]) -> StoredEvent:
    """Return an event from its EVENT_COLUMNS."""
    return StoredEvent(
        id=row[0],
        occurred_at=row[1],
        name=row[2],
        received_at=row[3],
        resource_kind=row[4],
        resource_namespace=row[5],
        resource_name=row[6],
        related_json=row[7],
        payload_json=row[8],
        run_id=row[9],
        task_run_id=row[10],
        follows=row[11],
        source=row[12],
    )


def events_by_key(
    workspace_id: UUID, keys: Sequence[tuple[datetime, UUID]]
) -> dict[tuple[datetime, UUID], StoredEvent]:
    """Return the events of these keys that are there."""
    if not keys:
        return {}
    times = [at for at, _ in keys]
    with connection.cursor() as cursor:
        # The bounds say the same once more, so that parts outside of them are not opened.
        cursor.execute(
            f"SELECT {EVENT_COLUMNS} FROM unnest(%s::timestamptz[], %s::uuid[]) AS k (at, id)"
            f" JOIN {EVENT.name} e ON e.workspace_id = %s AND e.occurred_at = k.at AND e.id = k.id"
            " WHERE e.occurred_at >= %s AND e.occurred_at <= %s",
            [times, [id_ for _, id_ in keys], workspace_id, min(times), max(times)],
        )
        found = [stored_event(row) for row in cursor.fetchall()]
    return {event.key: event for event in found}


def scan_events(
    workspace_id: UUID,
    *,
    since: datetime,
    until: datetime,
    names: Sequence[str] | None,
    prefixes: Sequence[str],
    resource_names: Sequence[str] | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredEvent]:
    """
    Return up to `limit` events with since <= time <= until, oldest first, from behind `after`.

    `names` None: of any name; else of one of them or beginning with one of the prefixes.
    """
    where = ["e.workspace_id = %s", "e.occurred_at >= %s", "e.occurred_at <= %s"]
    parameters: list[Any] = [workspace_id, since, until]
    if after is not None:
        where.append("(e.occurred_at, e.id) > (%s, %s)")
        parameters += after
    if names is not None:
        starts = [" OR starts_with(e.name, %s)"] * len(prefixes)
        where.append(f"(e.name = ANY(%s){''.join(starts)})")
        parameters += [list(names), *prefixes]
    if resource_names is not None:
        where.append("e.resource_name = ANY(%s)")
        parameters.append(list(resource_names))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {EVENT_COLUMNS} FROM {EVENT.name} e WHERE {' AND '.join(where)}"
            " ORDER BY e.occurred_at, e.id LIMIT %s",
            [*parameters, limit],
        )
        return [stored_event(row) for row in cursor.fetchall()]


def newest_notable(
    workspace_id: UUID,
    *,
    since: datetime,
    until: datetime,
    names: Sequence[str],
    pattern: str,
    run_ids: Sequence[UUID],
    look_at: int,
    limit: int,
) -> list[StoredEvent]:
    """
    Return up to `limit` of the newest `look_at` events of this time, newest first.

    Those that name one of `names`, are called like `pattern` (a regular expression without regard
    to case), or are of one of the runs; of queries only those that change something. Not what
    Headway says itself of runs and automations.
    """
    in_text = [f"%{escaped(name)}%" for name in names]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {EVENT_COLUMNS} FROM (SELECT * FROM {EVENT.name} WHERE workspace_id = %s"
            " AND occurred_at >= %s AND occurred_at <= %s"
            " ORDER BY occurred_at DESC, id DESC LIMIT %s) e"
            " WHERE NOT starts_with(e.name, 'headway.') AND (CASE"
            " WHEN starts_with(e.name, 'query.') THEN e.payload -> 'error' IS NOT NULL"
            "  AND e.payload -> 'error' <> 'null'::jsonb OR"
            "  (coalesce(e.payload ->> 'text', e.payload ->> 'sql') ~* %s AND"
            "   (e.resource_name = ANY(%s)"
            "    OR coalesce(e.payload ->> 'text', e.payload ->> 'sql') ILIKE ANY(%s)))"
            " ELSE e.resource_name = ANY(%s) OR e.name ~* %s OR e.run_id = ANY(%s)"
            "  OR EXISTS (SELECT 1 FROM jsonb_array_elements(coalesce(e.related, '[]'::jsonb)) p"
            "   WHERE p ->> 'name' = ANY(%s)) END)"
            " ORDER BY e.occurred_at DESC, e.id DESC LIMIT %s",
            [
                workspace_id,
                since,
                until,
                look_at,
                _CHANGES,
                list(names),
                in_text,
                list(names),
                pattern,
                list(run_ids),
                list(names),
                limit,
            ],
        )
        return [stored_event(row) for row in cursor.fetchall()]


_CHANGES = r"^\s*(insert|update|delete|merge|create|drop|alter|truncate|copy|grant|with)\M"


def time_of_nth(
    workspace_id: UUID, *, since: datetime, until: datetime, place: int
) -> datetime | None:
    """Return the time of the newest event but `place` in this time; None when there are fewer."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT occurred_at FROM {EVENT.name} WHERE workspace_id = %s AND occurred_at >= %s"
            " AND occurred_at <= %s ORDER BY occurred_at DESC, id DESC OFFSET %s LIMIT 1",
            [workspace_id, since, until, place],
        )
        row = cursor.fetchone()
    found: datetime | None = row[0] if row else None
    return found
