# ruff: noqa: S608 - names come from `tables`, values are parameters
"""
Looking into rows that are too many to count: how many there are, and a few of them.

The pure side, where to look and what it means, is `sampling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from apps.telemetry.deltas import moment
from apps.telemetry.query import Rollup, moment_of
from apps.telemetry.sampling import SIDE_ROWS, Bar, Cell, Run, Spot
from apps.telemetry.store.conditions import Condition
from apps.telemetry.store.tables import EVENT, EVENT_ROLLUPS


def cells_of_events(
    workspace_id: UUID, *, rollup: Rollup, since: datetime, until: datetime, names: Condition
) -> list[Cell]:
    """Return how many events there are in each bucket of a rollup that has some, oldest first."""
    table = EVENT_ROLLUPS[rollup]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT extract(epoch FROM {table.column})::bigint, sum(count)::bigint,"
            f" coalesce(sum(count) FILTER (WHERE true{names.sql}), 0)::bigint"
            f" FROM {table.name} WHERE workspace_id = %s"
            f" AND {table.column} >= %s AND {table.column} < %s GROUP BY 1 ORDER BY 1",
            [*names.parameters, workspace_id, since, until],
        )
        return [
            Cell(int(start), rollup.seconds, int(rows), int(asked))
            for start, rows, asked in cursor.fetchall()
        ]


def count_events_of_bars(
    workspace_id: UUID, bars: Sequence[Bar], condition: Condition
) -> list[tuple[str, int, int]]:
    """Return (name, start of the bar, count) of the events in these bars that fit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT found.name, bar.start, found.count FROM"
            " unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[])"
            " AS bar (start, since, until) CROSS JOIN LATERAL"
            f" (SELECT name, count(*) FROM {EVENT.name} WHERE workspace_id = %s"
            f" AND occurred_at >= bar.since AND occurred_at < bar.until{condition.sql}"
            " GROUP BY name) AS found",
            [
                [bar.start for bar in bars],
                [moment_of(bar.start) for bar in bars],
                [moment_of(bar.start + bar.seconds) for bar in bars],
                workspace_id,
                *condition.parameters,
            ],
        )
        return [(str(row[0]), int(row[1]), int(row[2])) for row in cursor.fetchall()]


AT_ONCE: Final = 120  # spots in one statement


def look_at_events(
    workspace_id: UUID, spots: Sequence[Spot], *, condition: Condition, names: Condition
) -> list[tuple[Spot, Run]]:
    """Return what is seen at the spots (in order of time), without those with no event."""
    # PERF: both sides are walks of a few steps down the key. The bounds are the bar's, so that
    # other parts of the table are passed over while it runs; to find the part costs TimescaleDB
    # more than to read it, hence the bounds of all spots, by which most are never thought of,
    # and no more spots than AT_ONCE.
    columns = (
        f"name, (true{names.sql}) AS is_asked, (true{condition.sql}) AS fits FROM {EVENT.name}"
    )
    inside = (
        *names.parameters,
        *condition.parameters,
        workspace_id,
        moment_of(spots[0].bar.start),
        moment_of(spots[-1].bar.start + spots[-1].bar.seconds),
        SIDE_ROWS,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT spot.number, count(*) FILTER (WHERE is_before), count(*),"
            " extract(epoch FROM min(occurred_at))::float8,"
            " extract(epoch FROM max(occurred_at))::float8,"
            " count(*) FILTER (WHERE is_asked), array_agg(name) FILTER (WHERE fits)"
            " FROM unnest(%s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])"
            " AS spot (number, since, at, until) CROSS JOIN LATERAL ("
            f"(SELECT true AS is_before, occurred_at, {columns} WHERE workspace_id = %s"
            " AND occurred_at >= %s AND occurred_at < %s"
            " AND occurred_at >= spot.since AND occurred_at < spot.at"
            " ORDER BY occurred_at DESC, id DESC LIMIT %s) UNION ALL"
            f" (SELECT false, occurred_at, {columns} WHERE workspace_id = %s"
            " AND occurred_at >= %s AND occurred_at < %s"
            " AND occurred_at >= spot.at AND occurred_at < spot.until"
            " ORDER BY occurred_at, id LIMIT %s)) AS seen"
            " GROUP BY spot.number ORDER BY spot.number",
            [
                list(range(len(spots))),
                [moment_of(spot.bar.start) for spot in spots],
                [moment(int(spot.at * 1_000_000)) for spot in spots],
                [moment_of(spot.bar.start + spot.bar.seconds) for spot in spots],
                *inside,
                *inside,
            ],
        )
        rows = cursor.fetchall()
    return [
        (
            spots[number],
            Run(
                before=before,
                behind=count - before,
                first_at=first_at,
                last_at=last_at,
                asked=asked,
                found=found or (),
            ),
        )
        for number, before, count, first_at, last_at, asked, found in rows
    ]
