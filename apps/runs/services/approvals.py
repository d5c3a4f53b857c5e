"""Questions that runs ask people: asked, answered, run out of time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core.transactions import joined
from apps.flows import services as flows
from apps.runs import selectors
from apps.runs.enums import ApprovalState, RunState
from apps.runs.errors import ApprovalClosed, ApprovalNotFound, RunNotExecuting, TooManyApprovals
from apps.runs.models import Approval, Run
from apps.runs.reports import CreatedBy
from apps.runs.services.transition import STARTING, lock_runs, transition_run
from apps.runs.services.withdraw import tell_approvals
from apps.runs.state_machine import EXECUTING
from apps.tenancy import access
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

SUSPENDING = "suspending"  # asked for; its process leaves at the end of the task that it is at
MAX_APPROVALS = 200  # of a run
EXPIRE_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a run's code asks. `key` names it within the run, whichever process asks."""

    key: str
    title: str
    message: str = ""
    form: dict[str, object] | None = None
    expires_in: timedelta | None = None
    suspend: bool = False  # its process leaves, and the answer has the run queued again


@joined
def ask_approval(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, epoch: int, question: Question, now: datetime
) -> Approval:
    """
    Put the question of a run that is executed in `epoch`; the run is AWAITING_APPROVAL with it.

    Asked again under its key it is the same question, with the answer that it may have by now.
    Raises: RunNotFound, RunNotExecuting, TooManyApprovals, BadForm.
    """
    lock_runs(workspace_id=workspace_id, run_ids={run_id})
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    known = Approval.objects.for_workspace(workspace_id).filter(run_id=run_id, key=question.key)
    approval = known.first()
    if run.epoch != epoch or run.state not in EXECUTING or run.state == RunState.CANCELLING:
        message = "The run is not being executed under this epoch any more."
        raise RunNotExecuting(message, state=run.state, epoch=run.epoch)
    if approval is None:
        approval = _open(run, question, now)
    if approval.state == ApprovalState.OPEN:
        transition_run(
            workspace_id=workspace_id,
            run_id=run_id,
            target=RunState.AWAITING_APPROVAL,
            only_from=STARTING,
            occurred_at=now,
            now=now,
            message=approval.title,
        )
        if question.suspend and run.queue_id is not None:
            wish = {"kind": SUSPENDING, "attempt": origin_attempt(run), "for": "approval"}
            set_resumes(run, wish)
    return approval


def origin_attempt(run: Run) -> int:
    """Return the attempt that began what the run's next process may go on with."""
    return int((run.resumes or {}).get("attempt", run.attempt))


def set_resumes(run: Run, resumes: dict[str, Any] | None) -> None:
    """Note what the next process begins with. Belongs into a transaction that holds the run."""
    run.resumes = resumes
    Run.objects.for_workspace(run.workspace_id).filter(id=run.id).update(resumes=resumes)


def _open(run: Run, question: Question, now: datetime) -> Approval:
    asked = Approval.objects.for_workspace(run.workspace_id).filter(run=run)
    if asked.count() >= MAX_APPROVALS:
        message = f"A run asks at most {MAX_APPROVALS} questions."
        raise TooManyApprovals(message, run_id=str(run.id))
    form = question.form or {}
    flows.check_form(form=form)
    approval = Approval.objects.create(
        workspace_id=run.workspace_id,
        run=run,
        created_at=now,
        key=question.key,
        title=question.title,
        message=question.message,
        form=form,
        state=ApprovalState.OPEN.value,
        expires_at=now + question.expires_in if question.expires_in else None,
    )
    tell_approvals([approval], now)
    return approval


@joined
def answer_approval(
    *,
    workspace_id: uuid.UUID,
    approval_id: uuid.UUID,
    approved: bool,
    values: dict[str, object],
    comment: str,
    by: CreatedBy,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Approval:
    """
    Answer a question; its run goes on when no other is open.

    Raises: ApprovalNotFound, ApprovalClosed when it was answered, expired or withdrawn,
    BadFormValues, ObjectRestricted by the rules of the run's deployment and pool.
    """
    found = Approval.objects.for_workspace(workspace_id).filter(id=approval_id)
    approval = found.first()
    if approval is None:
        raise ApprovalNotFound("There is no such approval.", approval_id=str(approval_id))
    run = selectors.get_run(workspace_id=workspace_id, run_id=approval.run_id)
    targets = access.run_targets(deployment_id=run.deployment_id, pool_id=run.pool_id)
    access.require(asker, Scope.RUNS_WRITE, *targets)
    # The run first, as everybody who ends it does.
    lock_runs(workspace_id=workspace_id, run_ids={run.id})
    approval.refresh_from_db()
    is_over = approval.expires_at is not None and approval.expires_at <= now
    if approval.state != ApprovalState.OPEN or is_over:
        state = ApprovalState.EXPIRED.value if is_over else approval.state
        who = f" by {approval.answered_by['name']}" if approval.answered_by else ""
        raise ApprovalClosed(
            f"This was {state.lower()}{who} already.",
            state=state,
            answered_by=approval.answered_by,
        )
    if approved:
        flows.check_form_values(form=approval.form, values=values)
    approval.state = (ApprovalState.APPROVED if approved else ApprovalState.REJECTED).value
    approval.answer = values if approved else None
    approval.comment, approval.answered_by, approval.answered_at = comment, dict(by), now
    approval.save(update_fields=["state", "answer", "comment", "answered_by", "answered_at"])
    tell_approvals([approval], now)
    verb = "Approved" if approved else "Rejected"
    go_on(workspace_id=workspace_id, run_id=run.id, now=now, message=f"{verb} by {by['name']}.")
    return approval


def expire_approvals(*, now: datetime) -> int:
    """Close the questions whose time is up; their runs go on. Return how many. For loops."""
    due = Approval.objects.filter(state=ApprovalState.OPEN.value, expires_at__lte=now)
    found = list(
        due.order_by("expires_at").values_list("workspace_id", "run_id", "id")[:EXPIRE_AT_ONCE]
    )
    return sum(_expire(workspace_id, run_id, id_, now) for workspace_id, run_id, id_ in found)


def _expire(
    workspace_id: uuid.UUID, run_id: uuid.UUID, approval_id: uuid.UUID, now: datetime
) -> bool:
    with transaction.atomic():
        lock_runs(workspace_id=workspace_id, run_ids={run_id})
        approval = Approval.objects.filter(id=approval_id, state=ApprovalState.OPEN.value).first()
        if approval is None:
            return False  # answered, or its run ended, at this moment
        approval.state = ApprovalState.EXPIRED.value
        approval.save(update_fields=["state"])
        tell_approvals([approval], now)
        message = "Nobody answered in time."
        go_on(workspace_id=workspace_id, run_id=run_id, now=now, message=message)
    return True


def go_on(*, workspace_id: uuid.UUID, run_id: uuid.UUID, now: datetime, message: str) -> None:
    """
    Let a run go on that no open question holds any more.

    Where its process waits, it is RUNNING again; where that has left for the time being, it is
    queued. Belongs into a transaction that holds the lock on the run.
    """
    asked = Approval.objects.for_workspace(workspace_id).filter(run_id=run_id)
    if asked.filter(state=ApprovalState.OPEN.value).exists():
        return
    run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    if run.state == RunState.AWAITING_APPROVAL:
        target = RunState.RUNNING
    elif run.state == RunState.SUSPENDED and (run.resumes or {}).get("for") == "approval":
        target = RunState.SCHEDULED
    else:
        return
    transition_run(
        workspace_id=workspace_id,
        run_id=run_id,
        target=target,
        only_from=frozenset({RunState(run.state)}),
        occurred_at=now,
        now=now,
        message=message,
        scheduled_for=now if target is RunState.SCHEDULED else None,
    )
