"""What people ask of a run: stop it, try it again, write something on it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import connection

from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.runs import selectors
from apps.runs.enums import RunState
from apps.runs.errors import RunNotCancellable, RunNotRetryable
from apps.runs.models import Run
from apps.runs.reports import AskedMove, MoveResult
from apps.runs.services.approvals import origin_attempt, set_resumes
from apps.runs.services.record import Move, record_moves, returning_runs
from apps.runs.services.transition import lock_runs, move_runs, transition_run
from apps.runs.state_machine import (
    EXECUTING,
    FINISHED,
    UNFINISHED,
    UNSUCCESSFUL,
    may_cancel,
    state_when_cancelled,
)
from apps.tenancy import access, audit
from apps.tenancy import services as tenancy
from apps.tenancy.access import Asker, Target
from apps.tenancy.scopes import Scope

_TRIES = 3


@joined
def cancel_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    now: datetime,
    by: str = "",
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Cancel what nobody executes; ask the executor of anything else to stop. Sub-runs go along.

    Raises: RunNotFound, RunNotCancellable when it ended (also while we were asking) or is
    already stopping; ObjectRestricted by the rules of its deployment or its pool.
    """
    message = f"Cancelled by {by}." if by else "Cancelled."
    _lock_line(workspace_id, run_id)
    # The state may change between the look and the UPDATE, e.g. by an agent's claim; then the
    # other target is the right one, although the table allows this one too.
    for _ in range(_TRIES):
        run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
        access.require(asker, Scope.RUNS_CANCEL, *targets_of(run))
        state = RunState(run.state)
        if not may_cancel(state):
            break
        moved = transition_run(
            workspace_id=workspace_id,
            run_id=run_id,
            target=state_when_cancelled(state),
            only_from=EXECUTING if state in EXECUTING else UNFINISHED - EXECUTING,
            occurred_at=now,
            now=now,
            message=message,
        )
        if moved.result is MoveResult.APPLIED:
            if moved.run.state == RunState.CANCELLING:
                tell_executor(moved.run)
            cancel_subruns(workspace_id=workspace_id, run_ids=[run_id], now=now)
            return moved.run
    text = "The run already ended." if state in FINISHED else "The run is already stopping."
    raise RunNotCancellable(text, run_id=str(run_id), state=state.value)


def tell_executor(run: Run) -> None:
    """
    Wake who executes the run, its agent and its own process, to hear what is wanted of it.

    Missed, it hears of it at its next heartbeat.
    """
    notify("run", run.id)
    if run.agent_id is not None:
        notify("agent", run.agent_id)


_UNFINISHED_SUBRUNS = """
    WITH RECURSIVE line AS (
        SELECT id, 1 AS depth FROM runs_run
        WHERE workspace_id = %(workspace_id)s AND parent_run_id = ANY(%(run_ids)s)
        UNION
        SELECT run.id, line.depth + 1 FROM line JOIN runs_run AS run
          ON run.parent_run_id = line.id AND run.workspace_id = %(workspace_id)s
        WHERE line.depth < 64)
    SELECT DISTINCT id FROM line JOIN runs_run USING (id)
    WHERE ended_at IS NULL AND state <> 'CANCELLING'
"""


@joined
def cancel_subruns(
    *, workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID], now: datetime
) -> int:
    """
    Cancel the unfinished runs that these started, and what those started; return how many.

    A run tree is one piece of work: no rule of a sub-run's own deployment is asked.
    """
    cancelled = 0
    # Runs go from waiting to executing and back meanwhile, past one of the two moves.
    for _ in range(_TRIES):
        found = _unfinished_subruns(workspace_id, run_ids)
        if not found:
            break
        lock_runs(workspace_id=workspace_id, run_ids=found)
        for target, sources in (
            (RunState.CANCELLING, EXECUTING),
            (RunState.CANCELLED, UNFINISHED - EXECUTING),
        ):
            moved = move_runs(
                workspace_id=workspace_id,
                moves=[
                    AskedMove(
                        run_id=each,
                        target=target,
                        occurred_at=now,
                        message="Cancelled with the run that started it.",
                    )
                    for each in sorted(found)
                ],
                only_from=sources,
                now=now,
            )
            cancelled += len(moved)
            if target is RunState.CANCELLING:
                for run in moved:
                    tell_executor(run)
    return cancelled


def _unfinished_subruns(workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            _UNFINISHED_SUBRUNS, {"workspace_id": workspace_id, "run_ids": list(run_ids)}
        )
        return {run_id for (run_id,) in cursor.fetchall()}


def _lock_line(workspace_id: uuid.UUID, run_id: uuid.UUID) -> None:
    """Lock a run together with its sub-runs, in the order in which everybody locks several."""
    subruns = _unfinished_subruns(workspace_id, [run_id])
    if subruns:
        lock_runs(workspace_id=workspace_id, run_ids={run_id, *subruns})


_CANCEL_WAITING = """
    UPDATE runs_run SET state = 'CANCELLED', state_at = %(now)s, changed_at = %(now)s,
        ended_at = %(now)s
    WHERE workspace_id = %(workspace_id)s AND deployment_id = %(deployment_id)s
      AND state IN ('AWAITING_RETRY', 'HELD', 'LATE', 'SCHEDULED')
    RETURNING runs_run.*
"""


@joined
def cancel_waiting_runs(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID, now: datetime, message: str
) -> int:
    """Cancel the runs of a deployment that nobody executes yet; return how many."""
    cancelled = returning_runs(
        _CANCEL_WAITING, {"workspace_id": workspace_id, "deployment_id": deployment_id, "now": now}
    )
    record_moves(
        [
            Move(
                run=run,
                state=RunState.CANCELLED,
                occurred_at=now,
                epoch=run.epoch,
                message=message,
            )
            for run in cancelled
        ]
    )
    return len(cancelled)


@joined
def retry_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    now: datetime,
    by: str = "",
    from_failed: bool = False,
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Queue another attempt of a run that ended without success.

    `from_failed`: its process passes over the tasks whose results were kept where it runs.

    Raises: RunNotFound, RunNotRetryable when it succeeded, has not ended, or was started locally
    and no pool could execute it; QuotaExceeded; ObjectRestricted as above.
    """
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    access.require(asker, Scope.RUNS_WRITE, *targets_of(run))
    if run.queue_id is None:
        message = "The run was started outside of a pool; start it again where it ran."
        raise RunNotRetryable(message, run_id=str(run_id), state=run.state)
    if run.deployment is not None and run.deployment.deleted_at is not None:
        message = "Its deployment was deleted; nothing says how to run it."
        raise RunNotRetryable(message, run_id=str(run_id), state=run.state)
    if run.state in UNSUCCESSFUL:
        # Who asks for it may have changed what made it crash: it is counted from here again.
        Run.objects.filter(pk=run.pk, crashed_starts__gt=0).update(crashed_starts=0)
        # The pool's kind is dispatch's to decide, a layer above; the column is plain text.
        managed = run.pool is not None and run.pool.kind == "MANAGED"
        tenancy.refuse_while_held(workspace_id=workspace_id, managed=managed)
        origin = origin_attempt(run)
        moved = queue_attempt(run=run, scheduled_for=now, now=now, by=by)
        if moved is not None:
            if from_failed:
                set_resumes(moved, {"kind": "failed", "attempt": origin})
            return moved
    message = "Only a run that failed, crashed or was cancelled can be tried again."
    raise RunNotRetryable(message, run_id=str(run_id), state=run.state)


def targets_of(run: Run) -> tuple[Target, ...]:
    """Return whose rules the run stands under."""
    return access.run_targets(deployment_id=run.deployment_id, pool_id=run.pool_id)


def queue_attempt(*, run: Run, scheduled_for: datetime, now: datetime, by: str = "") -> Run | None:
    """
    Move a finished run to AWAITING_RETRY; return None when it moved elsewhere meanwhile.

    The epoch grows with it: whatever the last attempt's process still says is evidence only.
    """
    moved = transition_run(
        workspace_id=run.workspace_id,
        run_id=run.id,
        target=RunState.AWAITING_RETRY,
        occurred_at=now,
        now=now,
        message=f"Retried by {by}." if by else "",
        bump_epoch=True,
        scheduled_for=scheduled_for,
    )
    return moved.run if moved.result is MoveResult.APPLIED else None


@joined
def annotate_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    note: str | None = None,
    tags: list[str] | None = None,
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Change what people wrote on a run; None leaves it as it is.

    Raises: RunNotFound, ObjectRestricted.
    """
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    access.require(asker, Scope.RUNS_WRITE, *targets_of(run))
    before = {"note": run.note, "tags": run.tags}
    after = {
        "note": run.note if note is None else note,
        "tags": run.tags if tags is None else list(dict.fromkeys(tags)),
    }
    if after != before:
        Run.objects.for_workspace(workspace_id).filter(id=run_id).update(**after)
        audit.record(
            action="run.annotated",
            target=audit.Object(kind="run", id=run.id, name=run.name),
            before=before,
            after=after,
            workspace_id=workspace_id,
        )
        run.note, run.tags = str(after["note"]), list(after["tags"])
    return run
