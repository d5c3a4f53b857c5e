"""
What is kept of runs, beside what telemetry keeps.

Rows are runs and their task runs, by the day on which the run was made. Bytes are an estimate, as
those of other kinds are: rows times what a row of all workspaces takes, transitions with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection

from apps.telemetry import selectors as telemetry
from apps.telemetry.enums import StoredKind
from apps.telemetry.selectors import Part, StoredDay, StoredOfKind

LOOKED_INTO: Final = 20_000  # runs whose task runs are added up; of more, about so many are


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """`compresses`: whether the store can; it does where parts do not change any more."""

    compresses: bool
    kinds: list[StoredOfKind]


def get_storage(*, workspace_id: uuid.UUID, plan_days: int, now: datetime) -> Storage:
    """Return what the workspace keeps of each kind, by day."""
    return Storage(
        compresses=telemetry.compresses(),
        kinds=[
            get_stored(workspace_id=workspace_id, kind=kind, plan_days=plan_days, now=now)
            for kind in StoredKind
        ],
    )


def get_stored(
    *, workspace_id: uuid.UUID, kind: StoredKind, plan_days: int, now: datetime
) -> StoredOfKind:
    """Return what the workspace keeps of one kind, by day."""
    if kind is StoredKind.RUNS:
        return _stored_runs(workspace_id, plan_days, now)
    return telemetry.get_stored(workspace_id=workspace_id, kind=kind, plan_days=plan_days, now=now)


def _stored_runs(workspace_id: uuid.UUID, plan_days: int, now: datetime) -> StoredOfKind:
    own_days = telemetry.find_own_days(workspace_id=workspace_id).get(StoredKind.RUNS)
    kept_days = plan_days if own_days is None else min(own_days, plan_days)
    runs = _runs_by_day(workspace_id, now - timedelta(days=kept_days))
    one_of = max(1, sum(runs.values()) // LOOKED_INTO)
    task_runs = _task_runs_by_day(workspace_id, runs, one_of)
    transitions = telemetry.transition_parts()
    sizes = _sizes(transitions)
    return StoredOfKind(
        kind=StoredKind.RUNS,
        days=[
            StoredDay(
                day=day,
                rows=count + task_runs.get(day, 0),
                size_bytes=sizes.of(count, task_runs.get(day, 0)),
            )
            for day, count in sorted(runs.items())
        ],
        compression=telemetry.compression_of(transitions),
        plan_days=plan_days,
        own_days=own_days,
        is_estimate=one_of > 1,
    )


def _runs_by_day(workspace_id: uuid.UUID, since: datetime) -> dict[date, int]:
    with connection.cursor() as cursor:
        # PERF: of the index alone; a million take 0.2 s.
        cursor.execute(
            "SELECT (created_at AT TIME ZONE 'UTC')::date, count(*) FROM runs_run"
            " WHERE workspace_id = %s AND created_at >= %s GROUP BY 1",
            [workspace_id, since],
        )
        return dict(cursor.fetchall())


def _task_runs_by_day(
    workspace_id: uuid.UUID, runs: dict[date, int], one_of: int
) -> dict[date, int]:
    if not runs:
        return {}
    with connection.cursor() as cursor:
        # The same ones each time, so that two looks agree.
        cursor.execute(
            "SELECT (created_at AT TIME ZONE 'UTC')::date, count(*), coalesce(sum("
            "(SELECT sum(value::bigint) FROM jsonb_each_text(task_counts))), 0)::bigint"
            " FROM runs_run WHERE id IN (SELECT id FROM runs_run"
            " WHERE workspace_id = %s AND created_at >= %s"
            " AND mod(hashtext(id::text), %s) = 0) GROUP BY 1",
            [workspace_id, min(runs), one_of],
        )
        return {
            day: round(total * runs.get(day, 0) / looked_into)
            for day, looked_into, total in cursor.fetchall()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    """Bytes of one row with its indexes, of all workspaces; None: the database never counted."""

    run: float | None
    task_run: float | None
    transitions: float | None  # those of one run or task run

    def of(self, runs: int, task_runs: int) -> int | None:
        size = 0.0
        for rows, each in (
            (runs, self.run),
            (task_runs, self.task_run),
            (runs + task_runs, self.transitions),
        ):
            if rows and each is None:
                return None
            size += rows * (each or 0)
        return round(size)


def _sizes(transitions: Sequence[Part]) -> _Sizes:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT is_part, sum(pg_total_relation_size(oid))::bigint, sum(reltuples)::bigint"
            " FROM (SELECT oid, reltuples, false FROM pg_class WHERE oid = 'runs_run'::regclass"
            " UNION ALL SELECT part.oid, part.reltuples, true FROM pg_inherits"
            " JOIN pg_class part ON part.oid = inhrelid"
            " WHERE inhparent = 'runs_taskrun'::regclass) AS tables (oid, reltuples, is_part)"
            " WHERE reltuples > 0 GROUP BY 1"
        )
        counted = {is_part: (size, rows) for is_part, size, rows in cursor.fetchall()}
    runs, task_runs = counted.get(False), counted.get(True)
    parts = [part for part in transitions if part.rows]
    rows = sum(known[1] for known in (runs, task_runs) if known)
    return _Sizes(
        run=runs[0] / runs[1] if runs else None,
        task_run=task_runs[0] / task_runs[1] if task_runs else None,
        transitions=sum(part.size_bytes for part in parts) / rows if rows and parts else None,
    )
