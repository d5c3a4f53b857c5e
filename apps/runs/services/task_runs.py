"""Take over what executors decided about task runs, batch by batch."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import orjson
from django.db import connection

from apps.core.ids import derived_uuid7, uuid7, uuid7_floor
from apps.core.transactions import joined
from apps.runs.enums import TYPE_OF, RunState, StateType
from apps.runs.models import Run
from apps.runs.reports import ReportOutcome, ReportResult, TaskReport
from apps.runs.state_machine import FINISHED
from apps.telemetry import services as telemetry
from apps.telemetry.items import Transition

BILLABLE = timedelta(seconds=1)  # a task run that completed faster is free
_STARTING = frozenset({RunState.RUNNING, RunState.RETRYING})
_FINAL = frozenset({RunState.COMPLETED, RunState.CACHED, RunState.SKIPPED})
_FINISHED_TYPES = frozenset(TYPE_OF[state] for state in FINISHED)
_PARTITION_SLACK = timedelta(days=1)  # executors' clocks may be off; see TaskRunQuerySet.of_run

_LOCK_RUNS = """
    SELECT id, epoch, task_counts, deployment_id FROM runs_run
    WHERE workspace_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""

# One statement a batch. `before` reads the statement's snapshot, that is the rows as they were;
# the runs are locked by then, so nobody else moves their task runs meanwhile.
_UPSERT = """
    WITH incoming AS MATERIALIZED (
        SELECT * FROM json_to_recordset(%(rows)s::json) AS given(
            id uuid, run_id uuid, task_name text, name text, state text, attempt int,
            map_index int, epoch int, sequence bigint, started_at timestamptz,
            ended_at timestamptz, depends_on uuid[], error jsonb)
    ),
    before AS (
        SELECT task.run_id, task.id, task.state, task.epoch
        FROM incoming JOIN runs_taskrun AS task
          ON task.run_id = incoming.run_id AND task.id = incoming.id
    ),
    written AS (
        INSERT INTO runs_taskrun AS task (
            id, workspace_id, run_id, task_name, name, state, attempt, map_index, epoch, sequence,
            started_at, ended_at, depends_on, error)
        SELECT id, %(workspace_id)s, run_id, task_name, name, state, attempt, map_index, epoch,
            sequence, started_at, CASE WHEN ended_at IS NOT NULL THEN
                greatest(ended_at, started_at) END, depends_on, error
        FROM incoming
        ON CONFLICT (run_id, id) DO UPDATE SET
            task_name = excluded.task_name, name = excluded.name, state = excluded.state,
            attempt = excluded.attempt, map_index = coalesce(excluded.map_index, task.map_index),
            epoch = excluded.epoch, sequence = excluded.sequence,
            started_at = coalesce(excluded.started_at, task.started_at),
            -- greatest() passes over NULLs: only an end may be moved to after the start.
            ended_at = CASE WHEN excluded.ended_at IS NOT NULL THEN
                greatest(excluded.ended_at, excluded.started_at, task.started_at) END,
            depends_on = coalesce(excluded.depends_on, task.depends_on), error = excluded.error
        WHERE (task.epoch, task.sequence) < (excluded.epoch, excluded.sequence)
          AND task.state NOT IN ('COMPLETED', 'CACHED', 'SKIPPED')
        RETURNING task.run_id, task.id, task.state, task.started_at, task.ended_at
    )
    SELECT written.run_id, written.id, written.state, written.started_at, written.ended_at,
        before.state, before.epoch
    FROM written LEFT JOIN before USING (run_id, id)
"""

_STANDING = """
    SELECT task.run_id, task.id, task.state, task.epoch, task.sequence
    FROM unnest(%s::uuid[], %s::uuid[]) AS asked(run_id, id)
    JOIN runs_taskrun AS task ON task.run_id = asked.run_id AND task.id = asked.id
"""

_SET_COUNTS = """
    UPDATE runs_run SET task_counts = given.counts
    FROM json_to_recordset(%s::json) AS given(id uuid, counts jsonb) WHERE runs_run.id = given.id
"""

_LEAVE_USAGE = """
    INSERT INTO runs_pendingusage (workspace_id, id, run_id, deployment_id, day, task_runs)
    SELECT %s, * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::date[], %s::int[])
"""

Key = tuple[uuid.UUID, uuid.UUID]  # run, task run


@dataclass(frozen=True, slots=True)
class _Locked:
    """What a batch needs of a run that it holds the lock on."""

    epoch: int
    counts: Counter[str]
    deployment_id: uuid.UUID | None


@joined
def report_task_runs(
    *, workspace_id: uuid.UUID, reports: Sequence[TaskReport]
) -> list[ReportOutcome]:
    """
    Apply a batch of reports and return what became of each, in the order given.

    Order: by epoch and sequence, whatever the order of arrival; a row never moves backwards.
    Shape: 1 to 5,000 reports of any runs; one upsert, one COPY of transitions.
    Stale or overtaken reports are kept as transitions marked superseded.
    """
    if not reports:
        return []
    runs = _lock_runs(workspace_id, {report.run_id for report in reports})
    outcomes: list[ReportOutcome | None] = [None] * len(reports)
    newest: dict[Key, int] = {}
    for index, report in enumerate(reports):
        if (refusal := _refuse(report, runs)) is not None:
            result, message = refusal
            outcomes[index] = ReportOutcome(index=index, result=result, message=message)
            continue
        key = (report.run_id, report.task_run_id)
        if key not in newest or reports[newest[key]].sequence < report.sequence:
            newest[key] = index
    written = _upsert(workspace_id, reports, newest, runs)
    standing = _standing([key for key in newest if key not in written])
    seen: set[tuple[Key, int]] = set()
    for index, report in enumerate(reports):
        if outcomes[index] is None:
            key = (report.run_id, report.task_run_id)
            is_repeated = (key, report.sequence) in seen
            seen.add((key, report.sequence))
            result = _judge(report, written=key in written, standing=standing.get(key))
            if is_repeated and result is ReportResult.APPLIED:
                result = ReportResult.DUPLICATE
            outcomes[index] = ReportOutcome(index=index, result=result)
    decided = [outcome for outcome in outcomes if outcome is not None]
    _record(workspace_id, reports, decided)
    return decided


def close_task_runs(*, run: Run, state: RunState, at: datetime) -> int:
    """
    End the run's unfinished task runs as `state`, because their executor is gone.

    Belongs into the transaction that ended the run, which holds the lock on its row. Rows keep
    their sequence: should the executor's own word still arrive under the same epoch, it stands.
    """
    counts = Counter(run.task_counts or {})
    if not any(count for kind, count in counts.items() if kind not in _FINISHED_TYPES):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH closing AS (SELECT run_id, id, state FROM runs_taskrun"
            " WHERE workspace_id = %s AND run_id = %s AND id >= %s AND ended_at IS NULL)"
            " UPDATE runs_taskrun AS task SET state = %s, ended_at = greatest(%s, task.started_at)"
            " FROM closing WHERE task.run_id = closing.run_id AND task.id = closing.id"
            " RETURNING task.id, task.epoch, closing.state",
            [
                run.workspace_id,
                run.id,
                uuid7_floor(run.created_at - _PARTITION_SLACK),
                state.value,
                at,
            ],
        )
        closed = cursor.fetchall()
    for _, _, before in closed:
        counts[TYPE_OF[RunState(before)]] -= 1
        counts[TYPE_OF[state]] += 1
    run.task_counts = _plain(counts)
    _set_counts({run.id: counts})
    telemetry.record_transitions(
        workspace_id=run.workspace_id,
        transitions=[
            _transition(run_id=run.id, task_run_id=task_run_id, state=state, at=at, epoch=epoch)
            for task_run_id, epoch, _ in closed
        ],
    )
    return len(closed)


def _lock_runs(workspace_id: uuid.UUID, run_ids: set[uuid.UUID]) -> dict[uuid.UUID, _Locked]:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_RUNS, [workspace_id, sorted(run_ids)])
        return {
            run_id: _Locked(epoch, Counter(orjson.loads(counts) if counts else {}), deployment_id)
            for run_id, epoch, counts, deployment_id in cursor.fetchall()
        }


def _refuse(report: TaskReport, runs: dict[uuid.UUID, _Locked]) -> tuple[ReportResult, str] | None:
    if report.run_id not in runs:
        return ReportResult.UNKNOWN_RUN, "There is no such run."
    epoch = runs[report.run_id].epoch
    if report.epoch < epoch:
        return ReportResult.SUPERSEDED, "The run has been given to another executor."
    if report.epoch > epoch:
        return ReportResult.ILLEGAL, f"The run's epoch is {epoch}."
    return None


def _upsert(
    workspace_id: uuid.UUID,
    reports: Sequence[TaskReport],
    newest: dict[Key, int],
    runs: dict[uuid.UUID, _Locked],
) -> set[Key]:
    if not newest:
        return set()
    starts = _starts(reports, newest)
    rows = [_row(reports[index], starts.get(key)) for key, index in newest.items()]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, {"rows": orjson.dumps(rows).decode(), "workspace_id": workspace_id})
        written = cursor.fetchall()
    usage: Counter[tuple[uuid.UUID, date]] = Counter()
    changed: dict[uuid.UUID, Counter[str]] = {}
    for run_id, _, state, started_at, ended_at, before, before_epoch in written:
        run = runs[run_id]
        run.counts[TYPE_OF[state]] += 1
        if before is not None and before_epoch == run.epoch:
            run.counts[TYPE_OF[before]] -= 1
        changed[run_id] = run.counts
        if state == RunState.COMPLETED and started_at and ended_at - started_at >= BILLABLE:
            usage[run_id, ended_at.astimezone(UTC).date()] += 1
    _set_counts(changed)
    _leave_usage(workspace_id, usage, runs)
    return {(run_id, task_run_id) for run_id, task_run_id, *_ in written}


def _leave_usage(
    workspace_id: uuid.UUID,
    usage: Counter[tuple[uuid.UUID, date]],
    runs: dict[uuid.UUID, _Locked],
) -> None:
    if not usage:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _LEAVE_USAGE,
            [
                workspace_id,
                [uuid7() for _ in usage],
                [run_id for run_id, _ in usage],
                [runs[run_id].deployment_id for run_id, _ in usage],
                [day for _, day in usage],
                list(usage.values()),
            ],
        )


def _starts(reports: Sequence[TaskReport], newest: dict[Key, int]) -> dict[Key, datetime]:
    """Return when each task run started, by the latest report of the batch that says so."""
    starts: dict[Key, tuple[int, datetime]] = {}
    for report in reports:
        key = (report.run_id, report.task_run_id)
        start = report.started_at or (report.occurred_at if report.state in _STARTING else None)
        if start is not None and key in newest and starts.get(key, (-1,))[0] < report.sequence:
            starts[key] = (report.sequence, start)
    return {key: start for key, (_, start) in starts.items()}


def _row(report: TaskReport, started_at: datetime | None) -> dict[str, object]:
    return {
        "id": report.task_run_id,
        "run_id": report.run_id,
        "task_name": report.task_name,
        "name": report.name,
        "state": report.state.value,
        "attempt": report.attempt,
        "map_index": report.map_index,
        "epoch": report.epoch,
        "sequence": report.sequence,
        "started_at": started_at,
        "ended_at": report.occurred_at if report.state in FINISHED else None,
        "depends_on": report.depends_on,
        "error": report.error,
    }


def _standing(keys: Sequence[Key]) -> dict[Key, tuple[str, int, int]]:
    """Return state, epoch and sequence of the rows that the upsert left alone."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [[run for run, _ in keys], [task for _, task in keys]])
        return {(run, task): (state, epoch, seq) for run, task, state, epoch, seq in cursor}


def _judge(
    report: TaskReport, *, written: bool, standing: tuple[str, int, int] | None
) -> ReportResult:
    if written or standing is None:
        return ReportResult.APPLIED
    state, epoch, sequence = standing
    if (report.epoch, report.sequence) == (epoch, sequence) and report.state == state:
        return ReportResult.DUPLICATE
    if (report.epoch, report.sequence) <= (epoch, sequence):
        return ReportResult.SUPERSEDED
    return ReportResult.DUPLICATE if report.state == state else ReportResult.ILLEGAL


def _record(
    workspace_id: uuid.UUID, reports: Sequence[TaskReport], outcomes: Sequence[ReportOutcome]
) -> None:
    kept = {ReportResult.APPLIED, ReportResult.SUPERSEDED}
    telemetry.record_transitions(
        workspace_id=workspace_id,
        transitions=[
            _transition(
                run_id=report.run_id,
                task_run_id=report.task_run_id,
                state=report.state,
                at=report.occurred_at,
                epoch=report.epoch,
                superseded=outcome.result is ReportResult.SUPERSEDED,
                message=report.error["message"][:500] if report.error else "",
            )
            for report, outcome in zip(reports, outcomes, strict=True)
            if outcome.result in kept
        ],
    )


def _transition(
    *,
    run_id: uuid.UUID,
    task_run_id: uuid.UUID,
    state: RunState,
    at: datetime,
    epoch: int,
    superseded: bool = False,
    message: str = "",
) -> Transition:
    return Transition(
        run_id=run_id,
        task_run_id=task_run_id,
        state=state.value,
        occurred_at=at,
        epoch=epoch,
        superseded=superseded,
        message=message,
        id=derived_uuid7(at, str(run_id), str(task_run_id), str(epoch), state.value),
    )


def _plain(counts: Counter[str]) -> dict[str, int]:
    return {kind.value: counts[kind] for kind in StateType if counts[kind] > 0}


def _set_counts(changed: dict[uuid.UUID, Counter[str]]) -> None:
    if not changed:
        return
    rows: Iterable[dict[str, object]] = [
        {"id": run_id, "counts": _plain(counts)} for run_id, counts in sorted(changed.items())
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SET_COUNTS, [orjson.dumps(list(rows)).decode()])
