# ruff: noqa: S608 - names come from `tables`, values are parameters
"""Merging into the rollup tables. The caller holds the workspace's lock, see `services.rollup`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from apps.telemetry.deltas import Summary, moment
from apps.telemetry.sketch import decode, encode
from apps.telemetry.store.tables import TimeTable

# Rows are written in key order everywhere: with the lock that is not needed against deadlocks, but
# it keeps the writes of one step close together on disk.


class Cell(NamedTuple):
    """A bucket of one series, event name or log level."""

    workspace_id: UUID
    subject: UUID | str | int
    bucket_at: datetime


def add_counts(table: TimeTable, counts: Mapping[Cell, Sequence[int]]) -> None:
    """Add counters to the table's rows; makes those that are not there."""
    if not counts:
        return
    counters = table.column_names[3:]
    cells = sorted(counts)
    types = dict(zip(table.column_names, table.column_types, strict=True))
    arrays: list[list[object]] = [list(column) for column in zip(*cells, strict=True)]
    arrays += [list(column) for column in zip(*(counts[cell] for cell in cells), strict=True)]
    columns = table.column_names
    unnest = ", ".join(f"%s::{types[name]}[]" for name in columns)
    added = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in counters)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM unnest({unnest})"
            f" ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {added}",
            arrays,
        )


def merge_summaries(table: TimeTable, summaries: Mapping[Cell, Summary]) -> None:
    """
    Merge summaries into a metric rollup's rows; makes those that are not there.

    Sketches cannot be added in SQL: the rows are read, merged here and written back, which is safe
    because nobody else writes this workspace's rollups while its lock is held.
    """
    if not summaries:
        return
    cells = sorted(summaries)
    keys = [list(column) for column in zip(*cells, strict=True)]
    with connection.cursor() as cursor:
        # The bounds let both stores skip the parts that cannot hold any of the rows.
        cursor.execute(
            f"SELECT t.workspace_id, t.series_id, t.bucket_at, t.count, t.total, t.low, t.high,"
            f" t.sketch FROM {table.name} t"
            " JOIN unnest(%s::uuid[], %s::uuid[], %s::timestamptz[])"
            " AS k (workspace_id, series_id, bucket_at) USING (workspace_id, series_id, bucket_at)"
            " WHERE t.bucket_at BETWEEN %s AND %s",
            [*keys, min(keys[2]), max(keys[2])],
        )
        merged = dict(summaries)
        for (
            workspace_id,
            series_id,
            bucket_at,
            count,
            total,
            low,
            high,
            sketch,
        ) in cursor.fetchall():
            cell = Cell(workspace_id, series_id, bucket_at)
            known = Summary(count, total, low, high, 0.0, 0, decode(bytes(sketch)))
            known.merge(merged[cell])
            merged[cell] = known
        rows = [merged[cell] for cell in cells]
        cursor.execute(
            f"INSERT INTO {table.name}"
            " (workspace_id, series_id, bucket_at, count, total, low, high, sketch)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bigint[],"
            " %s::double precision[], %s::double precision[], %s::double precision[], %s::bytea[])"
            f" ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET count = excluded.count,"
            " total = excluded.total, low = excluded.low, high = excluded.high,"
            " sketch = excluded.sketch",
            [
                *keys,
                [row.count for row in rows],
                [row.total for row in rows],
                [row.low for row in rows],
                [row.high for row in rows],
                [encode(row.sketch) for row in rows],
            ],
        )


def merge_run_metrics(runs: Mapping[tuple[UUID, UUID, UUID], Summary]) -> None:
    """Merge summaries keyed by (workspace, run, series) into what runs measured."""
    if not runs:
        return
    keys = sorted(runs)
    rows = [runs[key] for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry_runmetric AS t"
            " (workspace_id, run_id, series_id, count, total, low, high, last, last_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[],"
            " %s::double precision[], %s::double precision[], %s::double precision[],"
            " %s::double precision[], %s::timestamptz[])"
            " ON CONFLICT (workspace_id, run_id, series_id) DO UPDATE SET"
            " count = t.count + excluded.count, total = t.total + excluded.total,"
            " low = least(t.low, excluded.low), high = greatest(t.high, excluded.high),"
            " last = CASE WHEN (excluded.last_at, excluded.last) > (t.last_at, t.last)"
            " THEN excluded.last ELSE t.last END,"
            " last_at = greatest(t.last_at, excluded.last_at)",
            [
                *(list(column) for column in zip(*keys, strict=True)),
                [row.count for row in rows],
                [row.total for row in rows],
                [row.low for row in rows],
                [row.high for row in rows],
                [row.last for row in rows],
                [moment(row.last_us) for row in rows],
            ],
        )


def note_latest(latest: Mapping[tuple[UUID, UUID], datetime]) -> None:
    """Write when each series (workspace, id) had its latest point."""
    if not latest:
        return
    keys = sorted(latest)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE telemetry_metricseries AS t SET last_at = l.at"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS l (workspace_id, id, at)"
            " WHERE t.id = l.id AND t.workspace_id = l.workspace_id"
            " AND (t.last_at IS NULL OR t.last_at < l.at)",
            [
                *(list(column) for column in zip(*keys, strict=True)),
                [latest[key] for key in keys],
            ],
        )
