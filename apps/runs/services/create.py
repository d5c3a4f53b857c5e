"""Bring runs into being: for a pool's agents, or around a process that already runs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime

import orjson
from django.db import connection
from django.db.models import JSONField

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.runs.names import run_name
from apps.runs.reports import LocalRun, NewRun
from apps.runs.services.record import Move, record_moves


def create_run(*, new: NewRun, now: datetime) -> Run:
    """Create a run that waits and wake its pool when it is due already."""
    return create_runs(new=[new], now=now)[0]


@joined
def create_runs(*, new: Sequence[NewRun], now: datetime) -> list[Run]:
    """
    Create waiting, held or skipped runs of any workspaces; return those that were made.

    Idempotent for schedules: a (schedule, due time) that already has its run is passed over.
    """
    wanted = [_scheduled(each, now) for each in new]
    reasons = {
        run.id: each.skipped_reason or each.held_reason
        for run, each in zip(wanted, new, strict=True)
    }
    runs = _insert_unless_known(wanted)
    record_moves(
        [
            Move(
                run=run,
                state=RunState(run.state),
                occurred_at=now,
                epoch=0,
                message=reasons[run.id],
            )
            for run in runs
        ]
    )
    return runs


@joined
def adopt_runs(
    *, workspace_id: uuid.UUID, started: Sequence[LocalRun], now: datetime
) -> dict[uuid.UUID, tuple[Run, bool]]:
    """
    Take over runs that processes started by themselves; return each, and whether it was new.

    They enter as RUNNING since `occurred_at`; what else their processes report moves them on. Of
    several with one id the first counts. Ids that belong to somebody else are left out.
    """
    runs = {each.run_id: each for each in reversed(started)}
    new = _insert_unless_known([_adopted(workspace_id, runs[id_], now) for id_ in sorted(runs)])
    record_moves(
        [
            Move(run=run, state=RunState.RUNNING, occurred_at=run.created_at, epoch=run.epoch)
            for run in new
        ]
    )
    found = {run.id: (run, True) for run in new}
    if len(found) < len(runs):
        # Reported before, or by another request at this moment, or the id is somebody else's.
        rest = Run.objects.for_workspace(workspace_id).filter(id__in=runs.keys() - found.keys())
        found |= {run.id: (run, False) for run in rest}
    return found


def _adopted(workspace_id: uuid.UUID, local: LocalRun, now: datetime) -> Run:
    return _unsaved(
        id=local.run_id,
        workspace_id=workspace_id,
        flow_id=local.flow_id,
        parent_run_id=local.parent_run_id,
        parent_task_run_id=local.parent_task_run_id,
        name=local.name or run_name(local.run_id),
        source=local.source.value,
        created_by=local.created_by,
        created_at=local.occurred_at,
        tags=local.tags,
        parameters=local.parameters,
        state=RunState.RUNNING.value,
        state_at=local.occurred_at,
        changed_at=now,
        epoch=local.epoch,
        scheduled_for=local.occurred_at,
        started_at=local.occurred_at,
    )


def _scheduled(new: NewRun, now: datetime) -> Run:
    run_id = new.run_id or uuid7()
    state = RunState.HELD if new.held_reason else RunState.SCHEDULED
    if new.skipped_reason:
        state = RunState.SKIPPED
    return _unsaved(
        id=run_id,
        workspace_id=new.workspace_id,
        flow_id=new.flow_id,
        deployment_id=new.deployment_id,
        deployment_version=new.deployment_version,
        schedule_id=new.schedule_id,
        due_at=new.due_at,
        backfill_id=new.backfill_id,
        pool_id=new.pool_id,
        queue_id=new.queue_id,
        name=new.name or run_name(run_id),
        source=new.source.value,
        created_by=new.created_by,
        created_at=now,
        tags=new.tags,
        parameters=new.parameters,
        priority=new.priority,
        parent_run_id=new.parent_run_id,
        parent_task_run_id=new.parent_task_run_id,
        copied_from_id=new.copied_from_id,
        state=state.value,
        ended_at=now if state is RunState.SKIPPED else None,
        state_at=now,
        changed_at=now,
        scheduled_for=new.scheduled_for,
    )


_FIELDS = Run._meta.concrete_fields
_COLUMNS = ", ".join(field.attname for field in _FIELDS)
_UNSET = {field.attname: None if field.primary_key else field.get_default() for field in _FIELDS}
_JSON = [field.attname for field in _FIELDS if isinstance(field, JSONField)]
# A column that a row does not name is null.
_INSERT = (
    f"INSERT INTO runs_run ({_COLUMNS}) SELECT {_COLUMNS}"  # noqa: S608 - the model's own
    " FROM json_populate_recordset(NULL::runs_run, %s) ON CONFLICT DO NOTHING RETURNING id"
)
_ROWS_AT_ONCE = 1_000


def _unsaved(**columns: object) -> Run:
    """
    Return a run of these columns, which are to have its id, times, tags and parameters.

    PERF: given them by name, Django takes three times as long.
    """
    values = _UNSET | columns
    return Run.from_db(connection.alias, list(values), list(values.values()))


def _insert_unless_known(runs: Sequence[Run]) -> list[Run]:
    """
    Insert runs and return those that were new: neither id nor (schedule, due time) was there.

    An id counts as known in whichever workspace it is.
    PERF: all rows are one parameter. Forty for each row, and Django's way of building such an
    INSERT, take longer than the database takes to execute it.
    """
    inserted: set[uuid.UUID] = set()
    for start in range(0, len(runs), _ROWS_AT_ONCE):
        rows = orjson.dumps([_row(run) for run in runs[start : start + _ROWS_AT_ONCE]])
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [rows.decode()])
            inserted |= {id_ for (id_,) in cursor.fetchall()}
    return [run for run in runs if run.id in inserted]


def _row(run: Run) -> dict[str, object]:
    row = {name: value for name, value in vars(run).items() if value is not None}
    del row["_state"]
    for name in _JSON:
        if row.get(name):
            # orjson knows no integer beyond 64 bits.
            row[name] = orjson.Fragment(json.dumps(row[name]))
    return row
