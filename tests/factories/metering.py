"""Task runs that are usage, reported as executors report them, and what counts them."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.runs.services import TaskReport
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from billing.metering import services as metering
from tests.factories.dispatch import local_run
from tests.isolation import as_worker


def completed(run: Run, *, ended_at: datetime, seconds: float = 2, **changes: object) -> TaskReport:
    """The final report of a task run that took so long."""
    return TaskReport(
        **{
            "task_run_id": uuid7(),
            "run_id": run.id,
            "epoch": run.epoch,
            "sequence": 1,
            "state": RunState.COMPLETED,
            "started_at": ended_at - timedelta(seconds=seconds),
            "occurred_at": ended_at,
            "task_name": "load",
            "name": "load-1",
        }
        | changes
    )


def tell(run: Run, reports: list[TaskReport]) -> None:
    with workspace_scope(run.workspace_id):
        runs.report_task_runs(workspace_id=run.workspace_id, reports=reports)


def use(
    workspace: WorkspaceRef, count: int, *, at: datetime | None = None, run: Run | None = None
) -> Run:
    """Let `count` task runs of two seconds complete at that time; return their run."""
    at = at or utc_now()
    if run is None:
        with workspace_scope(workspace.id):
            run = local_run(workspace, now=at)
    tell(run, [completed(run, ended_at=at) for _ in range(count)])
    return run


def record_all(now: datetime | None = None) -> int:
    """Let the metering loop work until nothing waits."""
    total = 0
    with as_worker():
        while taken := metering.record_usage(now=now or utc_now()):
            total += taken
    return total
