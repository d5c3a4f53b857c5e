"""Hold runs and let them go on: paused where they are, or suspended until somebody resumes them."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.core.transactions import joined
from apps.runs import selectors
from apps.runs.enums import ApprovalState, RunState
from apps.runs.errors import RunNotPausable, RunNotResumable
from apps.runs.models import Approval, Run
from apps.runs.reports import MoveResult
from apps.runs.services.approvals import SUSPENDING, go_on, origin_attempt, set_resumes
from apps.runs.services.steer import targets_of, tell_executor
from apps.runs.services.transition import STARTING, lock_runs, transition_run
from apps.tenancy import access
from apps.tenancy import services as tenancy
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

SUSPENDED = "suspended"
SUSPENDABLE = STARTING | {RunState.AWAITING_APPROVAL}


@joined
def pause_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    now: datetime,
    by: str = "",
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Hold a run whose code runs: its process begins no further task until it is resumed.

    Raises: RunNotFound, RunNotPausable, ObjectRestricted.
    """
    return _hold(workspace_id, run_id, now, f"Paused by {by}." if by else "Paused.", asker)


@joined
def suspend_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    now: datetime,
    by: str = "",
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Ask the process of a run to leave once the tasks that it is at are done.

    PAUSED until it has, then SUSPENDED: nothing executes it, and it holds no lease and no slot. One
    that waits for an answer leaves at once, and asks again when it is resumed.
    Raises: RunNotFound, RunNotPausable (also when no pool could take it up), ObjectRestricted.
    """
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    if run.queue_id is None:
        message = "It was started outside of a pool, so nobody could take it up again."
        raise RunNotPausable(message, run_id=str(run_id), state=run.state)
    message = f"Suspended by {by}." if by else "Suspended."
    if run.state in {RunState.PAUSED, RunState.AWAITING_APPROVAL}:
        access.require(asker, Scope.RUNS_WRITE, *targets_of(run))
        lock_runs(workspace_id=workspace_id, run_ids={run_id})
        run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
        if run.state == RunState.AWAITING_APPROVAL and _is_leaving(run):
            return run  # for its answer, which has it queued again
    if run.state != RunState.PAUSED:
        run = _hold(workspace_id, run_id, now, message, asker, only_from=SUSPENDABLE)
    set_resumes(run, {"kind": SUSPENDING, "attempt": origin_attempt(run)})
    tell_executor(run)
    return run


def _is_leaving(run: Run) -> bool:
    return (run.resumes or {}).get("kind") == SUSPENDING


def _hold(
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    now: datetime,
    message: str,
    asker: Asker,
    *,
    only_from: frozenset[RunState] = STARTING,
) -> Run:
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    access.require(asker, Scope.RUNS_WRITE, *targets_of(run))
    moved = transition_run(
        workspace_id=workspace_id,
        run_id=run_id,
        target=RunState.PAUSED,
        only_from=only_from,
        occurred_at=now,
        now=now,
        message=message,
    )
    if moved.result is not MoveResult.APPLIED:
        text = "Only a run whose code is running can be held."
        raise RunNotPausable(text, run_id=str(run_id), state=moved.run.state)
    tell_executor(moved.run)
    return moved.run


@joined
def resume_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    now: datetime,
    by: str = "",
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Let a paused run go on where it is; have a suspended one taken up by an agent that is free.

    Raises: RunNotFound, RunNotResumable, QuotaExceeded, ObjectRestricted.
    """
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    access.require(asker, Scope.RUNS_WRITE, *targets_of(run))
    lock_runs(workspace_id=workspace_id, run_ids={run_id})
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    message = f"Resumed by {by}." if by else "Resumed."
    if run.state == RunState.PAUSED and not _is_leaving(run):
        asked = Approval.objects.for_workspace(workspace_id).filter(run_id=run_id)
        is_asking = asked.filter(state=ApprovalState.OPEN.value).exists()
        target = RunState.AWAITING_APPROVAL if is_asking else RunState.RUNNING
    elif run.state == RunState.SUSPENDED:
        if run.deployment is None or run.deployment.deleted_at is not None:
            text = "Its deployment was deleted; nothing says how to run it."
            raise RunNotResumable(text, run_id=str(run_id), state=run.state)
        managed = run.pool is not None and run.pool.kind == "MANAGED"
        tenancy.refuse_while_held(workspace_id=workspace_id, managed=managed)
        target = RunState.SCHEDULED
    else:
        text = "Only a run that is paused or suspended can be resumed."
        if run.state == RunState.PAUSED:
            text = "Its process is still leaving; resume it once it is suspended."
        raise RunNotResumable(text, run_id=str(run_id), state=run.state)
    moved = transition_run(
        workspace_id=workspace_id,
        run_id=run_id,
        target=target,
        only_from=frozenset({RunState(run.state)}),
        occurred_at=now,
        now=now,
        message=message,
        scheduled_for=now if target is RunState.SCHEDULED else None,
    )
    if target is not RunState.SCHEDULED:
        tell_executor(moved.run)
    return moved.run


@joined
def note_suspended(*, run: Run, now: datetime) -> None:
    """
    Note that the process of a run has left, and what the next one goes on with.

    Where it left for an answer that has come meanwhile, the run is queued at once.
    """
    resumes = {"kind": SUSPENDED, "attempt": origin_attempt(run)}
    is_for_approval = (run.resumes or {}).get("for") == "approval"
    if is_for_approval:
        resumes["for"] = "approval"
    set_resumes(run, resumes)
    if is_for_approval:
        message = "It was answered meanwhile."
        go_on(workspace_id=run.workspace_id, run_id=run.id, now=now, message=message)
