"""What executors say of their runs: the state moves and the lease ends in one transaction."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.transactions import joined
from apps.dispatch.enums import LeaseEnd
from apps.dispatch.services.lease import grant
from apps.flows import selectors as flows
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.services import (
    EXECUTING,
    RETRIED_BY_POLICY,
    CauseInfo,
    ErrorInfo,
    LocalRun,
    Moved,
    MoveResult,
)

if TYPE_CHECKING:
    from apps.runs.models import Run


@joined
def report_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    epoch: int,
    target: RunState,
    occurred_at: datetime,
    now: datetime,
    message: str = "",
    error: ErrorInfo | None = None,
    cause: CauseInfo | None = None,
) -> Moved:
    """
    Apply an executor's report; when it ends the execution, its lease and slot end with it.

    A failed attempt of a deployment with retries left goes on to AWAITING_RETRY at once.
    The result says what became of the report; stale and overtaken ones are kept as evidence.
    Raises: RunNotFound, ReportInFuture.
    """
    moved = runs.transition_run(
        workspace_id=workspace_id,
        run_id=run_id,
        target=target,
        occurred_at=occurred_at,
        now=now,
        epoch=epoch,
        message=message,
        error=error,
        cause=cause,
    )
    if moved.result is not MoveResult.APPLIED or target in EXECUTING:
        return moved
    end_lease(run=moved.run, by=LeaseEnd.REPORTED, now=now)
    following = retry_by_policy(run=moved.run, now=now)
    return moved if following is None else Moved(run=following, result=MoveResult.APPLIED)


@joined
def adopt_local_run(
    *, workspace_id: uuid.UUID, local: LocalRun, holder: str, now: datetime
) -> tuple[Run, bool]:
    """
    Take over a run that a process started by itself, with the lease in that process's hands.

    Returns the run and whether it was new. It is RUNNING from `local.occurred_at`; a report of
    its end goes through `report_run`.
    Raises: RunNotFound when the id is known in another workspace.
    """
    run, is_new = runs.adopt_run(workspace_id=workspace_id, local=local, now=now)
    if is_new:
        grant(claimed=[run], agent_id=None, holder=holder, now=now)
    return run, is_new


_END = """
    WITH ended AS (
        UPDATE dispatch_lease SET ended_at = %s, ended_by = %s
        WHERE run_id = %s AND ended_at IS NULL RETURNING id),
    silenced AS (
        DELETE FROM dispatch_leasebeat USING ended WHERE lease_id = ended.id)
    SELECT count(*) FROM ended
"""


def end_lease(*, run: Run, by: LeaseEnd, now: datetime) -> bool:
    """End the run's active lease, and with it the slot; say whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [now, by.value, run.id])
        return bool(cursor.fetchone()[0])


def retry_by_policy(*, run: Run, now: datetime) -> Run | None:
    """Queue the next attempt when the deployment grants one; return the run as it is then."""
    if run.state not in RETRIED_BY_POLICY or run.deployment_id is None or run.queue_id is None:
        return None
    deployment = flows.list_deployments_by_id(
        workspace_id=run.workspace_id, deployment_ids=[run.deployment_id]
    ).first()
    # A retry that a person asked for after the last one counts as an attempt too.
    if deployment is None or run.attempt > deployment.retries:
        return None
    delay = timedelta(seconds=deployment.retry_delay_seconds)
    return runs.queue_attempt(run=run, scheduled_for=now + delay, now=now)
