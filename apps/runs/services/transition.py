"""Move a run from one state to another: one conditional UPDATE decides every race."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from apps.core.transactions import joined
from apps.runs.enums import RunState
from apps.runs.errors import ReportInFuture, RunNotFound
from apps.runs.models import Run
from apps.runs.reports import CauseInfo, ErrorInfo, Moved, MoveResult
from apps.runs.services.record import Move, record_evidence, record_moves, returning_runs
from apps.runs.services.task_runs import close_task_runs
from apps.runs.state_machine import FINISHED, UNSTARTED, sources_of

MAX_AHEAD = timedelta(minutes=10)
STARTING = frozenset({RunState.RUNNING, RunState.RETRYING})

_CLOSES_TASK_RUNS = {
    RunState.CRASHED: RunState.CRASHED,
    RunState.CANCELLED: RunState.CANCELLED,
    RunState.TIMED_OUT: RunState.CANCELLED,
}


@joined
def transition_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    target: RunState,
    occurred_at: datetime,
    now: datetime,
    epoch: int | None = None,
    message: str = "",
    error: ErrorInfo | None = None,
    cause: CauseInfo | None = None,
    bump_epoch: bool = False,
    scheduled_for: datetime | None = None,
    only_from: frozenset[RunState] = frozenset(RunState),
) -> Moved:
    """
    Move a run to `target` if its state and epoch allow; say what became of the request.

    `epoch` is the reporter's; None is the server's own decision. `bump_epoch` fences the executor
    off in the same step. `scheduled_for` is the next attempt's time when `target` waits.
    `only_from` narrows the legal sources to those on which the caller's decision rests.
    Out-of-order and repeated reports never move a run backwards: they end as DUPLICATE or as
    SUPERSEDED, the latter kept as evidence.
    Raises: RunNotFound, ReportInFuture.
    """
    if occurred_at > now + MAX_AHEAD:
        raise ReportInFuture(
            "The report's time lies in the future; check the reporter's clock.",
            fields={"occurred_at": ["Must not be more than 10 minutes ahead."]},
        )
    run = _move(
        workspace_id=workspace_id,
        run_id=run_id,
        target=target,
        occurred_at=occurred_at,
        now=now,
        epoch=epoch,
        error=error,
        cause=cause,
        bump_epoch=bump_epoch,
        scheduled_for=scheduled_for,
        only_from=only_from,
    )
    if run is None:
        return _explain(
            workspace_id=workspace_id,
            run_id=run_id,
            target=target,
            occurred_at=occurred_at,
            epoch=epoch,
        )
    if target in _CLOSES_TASK_RUNS:
        close_task_runs(run=run, state=_CLOSES_TASK_RUNS[target], at=occurred_at)
    # The transition belongs to the epoch in which it happened, not to the one it opens.
    happened_in = run.epoch - 1 if bump_epoch else run.epoch
    record_moves(
        [Move(run=run, state=target, occurred_at=occurred_at, epoch=happened_in, message=message)]
    )
    return Moved(run=run, result=MoveResult.APPLIED)


def _move(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    target: RunState,
    occurred_at: datetime,
    now: datetime,
    epoch: int | None,
    error: ErrorInfo | None,
    cause: CauseInfo | None,
    bump_epoch: bool,
    scheduled_for: datetime | None,
    only_from: frozenset[RunState],
) -> Run | None:
    sets: dict[str, tuple[str, list[object]]] = {
        "state": ("%s", [target.value]),
        "state_at": ("%s", [occurred_at]),
        "changed_at": ("%s", [now]),
    }
    if bump_epoch:
        sets["epoch"] = ("epoch + 1", [])
    if target in UNSTARTED:
        sets["started_at"] = ("NULL", [])
        sets["ended_at"] = ("NULL", [])
    elif target in STARTING:
        sets["started_at"] = ("coalesce(started_at, %s)", [occurred_at])
        sets["error"] = ("NULL", [])
        sets["cause"] = ("NULL", [])
    elif target in FINISHED:
        sets["ended_at"] = ("greatest(%s, started_at)", [occurred_at])
        sets["error"] = ("%s", [None if error is None else Jsonb(error)])
        sets["cause"] = ("%s", [None if cause is None else Jsonb(cause)])
        if target is RunState.COMPLETED:
            sets["started_at"] = ("coalesce(started_at, %s)", [occurred_at])
    if target is RunState.AWAITING_RETRY:
        sets["attempt"] = ("attempt + 1", [])
    if scheduled_for is not None:
        sets["scheduled_for"] = ("%s", [scheduled_for])

    assignments = ", ".join(f"{column} = {sql}" for column, (sql, _) in sets.items())
    parameters = [value for _, values in sets.values() for value in values]
    condition = "id = %s AND workspace_id = %s AND state = ANY(%s)"
    parameters += [run_id, workspace_id, sorted(sources_of(target) & only_from)]
    if epoch is not None:
        condition += " AND epoch = %s"
        parameters.append(epoch)
    # Columns and conditions are constants of this module; values are parameters.
    statement = f"UPDATE runs_run SET {assignments} WHERE {condition} RETURNING runs_run.*"  # noqa: S608
    moved = returning_runs(statement, parameters)
    return moved[0] if moved else None


def _explain(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    target: RunState,
    occurred_at: datetime,
    epoch: int | None,
) -> Moved:
    """Say why the UPDATE found no row, and keep what is evidence."""
    run = Run.objects.for_workspace(workspace_id).filter(id=run_id).first()
    if run is None:
        raise RunNotFound("There is no such run.", run_id=str(run_id))
    if epoch is not None and epoch != run.epoch:
        record_evidence(run=run, state=target, occurred_at=occurred_at, epoch=epoch)
        return Moved(run=run, result=MoveResult.SUPERSEDED, is_stale=True)
    if run.state == target:
        return Moved(run=run, result=MoveResult.DUPLICATE)
    if epoch is not None and (
        occurred_at <= run.state_at
        # Whoever starts while a cancellation is under way has not heard of it yet.
        or (run.state == RunState.CANCELLING and target not in FINISHED)
    ):
        record_evidence(run=run, state=target, occurred_at=occurred_at, epoch=epoch)
        return Moved(run=run, result=MoveResult.SUPERSEDED)
    return Moved(run=run, result=MoveResult.ILLEGAL)
