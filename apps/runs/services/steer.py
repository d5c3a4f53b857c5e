"""What people ask of a run: stop it, try it again."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.runs import selectors
from apps.runs.enums import RunState
from apps.runs.errors import RunNotCancellable, RunNotRetryable
from apps.runs.models import Run
from apps.runs.reports import MoveResult
from apps.runs.services.record import Move, record_moves, returning_runs
from apps.runs.services.transition import transition_run
from apps.runs.state_machine import (
    EXECUTING,
    FINISHED,
    UNFINISHED,
    UNSUCCESSFUL,
    may_cancel,
    state_when_cancelled,
)
from apps.tenancy import access
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
    Cancel what nobody executes; ask the executor of anything else to stop.

    Raises: RunNotFound, RunNotCancellable when it ended (also while we were asking) or is
    already stopping; ObjectRestricted by the rules of its deployment or its pool.
    """
    message = f"Cancelled by {by}." if by else "Cancelled."
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
            if moved.run.state == RunState.CANCELLING and moved.run.agent_id is not None:
                notify("agent", moved.run.agent_id)  # else it hears of it at its next heartbeat
            return moved.run
    text = "The run already ended." if state in FINISHED else "The run is already stopping."
    raise RunNotCancellable(text, run_id=str(run_id), state=state.value)


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
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Queue another attempt of a run that ended without success.

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
        # The pool's kind is dispatch's to decide, a layer above; the column is plain text.
        managed = run.pool is not None and run.pool.kind == "MANAGED"
        tenancy.refuse_while_held(workspace_id=workspace_id, managed=managed)
        moved = queue_attempt(run=run, scheduled_for=now, now=now, by=by)
        if moved is not None:
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
