"""Deployments, runs and agents, made through the services that make them in production."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services as dispatch
from apps.dispatch.services import AgentInfo, GrantedLease
from apps.flows.enums import ScheduleKind
from apps.flows.models import Deployment
from apps.flows.services import DeploymentSpec, ScheduleSpec
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.runs.services import AskedMove, LocalRun, Moved
from apps.tenancy.actors import WorkspaceRef

ALICE = {"kind": "user", "id": "01900000-0000-7000-8000-00000000a11c", "name": "Alice"}


def make_deployment(workspace: WorkspaceRef, **changes: Any) -> Deployment:
    """A deployment `flow/main` without schedules, unless told otherwise."""
    spec = {
        "flow_name": "load",
        "name": "main",
        "entrypoint": "flow.py:load",
        "path": "/srv/flows",
        "schedules": [],
    } | changes
    pool, now = spec.pop("pool", "default"), spec.pop("now", None) or utc_now()
    deployment, _ = dispatch.deploy(
        workspace_id=workspace.id,
        pool=pool,
        describe=lambda pool_id: DeploymentSpec(pool_id=pool_id, **spec),
        now=now,
        has_compute=pool == "managed",
    )
    return deployment


def every(seconds: int, **changes: Any) -> ScheduleSpec:
    return ScheduleSpec(kind=ScheduleKind.INTERVAL, interval_seconds=seconds, **changes)


def cron(expression: str, **changes: Any) -> ScheduleSpec:
    return ScheduleSpec(kind=ScheduleKind.CRON, cron=expression, **changes)


def start(deployment: Deployment, *, now: datetime | None = None, **changes: Any) -> Run:
    return dispatch.start_deployment(
        workspace_id=deployment.workspace_id,
        deployment_id=deployment.id,
        parameters=changes.pop("parameters", {}),
        created_by=ALICE,
        now=now or utc_now(),
        **changes,
    )


def agent(name: str = "worker-1", **changes: Any) -> AgentInfo:
    return AgentInfo(
        **{
            "id": uuid7(),
            "name": name,
            "host": "host-1",
            "pid": 4711,
            "version": "0.1.0",
            "capacity": 10,
        }
        | changes
    )


def lease(
    deployment: Deployment,
    *,
    by: AgentInfo | None = None,
    limit: int = 10,
    now: datetime | None = None,
    max_concurrent_runs: int | None = None,
) -> list[GrantedLease]:
    """Let an agent of the deployment's pool poll once."""
    now = now or utc_now()
    by = by or agent()
    dispatch.greet_agent(
        workspace_id=deployment.workspace_id, pool_id=deployment.pool_id, agent=by, now=now
    )
    return dispatch.lease_next_runs(
        workspace_id=deployment.workspace_id,
        pool_id=deployment.pool_id,
        agent=by,
        limit=limit,
        max_concurrent_runs=max_concurrent_runs,
        now=now,
    ).leases


def report(
    run: Run | GrantedLease, target: RunState, workspace: WorkspaceRef, **changes: Any
) -> Moved:
    """Let the executor of the run report a state."""
    now = changes.pop("now", None) or utc_now()
    run_id = run.id if isinstance(run, Run) else run.run_id
    asked = AskedMove(
        **{"run_id": run_id, "epoch": run.epoch, "target": target, "occurred_at": now} | changes
    )
    return dispatch.report_run(workspace_id=workspace.id, report=asked, now=now)


def running(deployment: Deployment, workspace: WorkspaceRef, **changes: Any) -> Run:
    """A run of the deployment that an agent has leased and started."""
    run = start(deployment, **changes)
    (granted,) = [one for one in lease(deployment) if one.run_id == run.id]
    return report(granted, RunState.RUNNING, workspace).run


def ended_run(
    workspace: WorkspaceRef,
    at: datetime,
    *,
    tasks: int = 2,
    state: RunState = RunState.COMPLETED,
) -> Run:
    """A run of that moment, with task runs; made then, too, as retention sees it."""
    from apps.runs import services as runs

    run = local_run(workspace, run_id=uuid7(at), now=at, occurred_at=at)
    reports = [
        runs.TaskReport(
            task_run_id=uuid7(at),
            run_id=run.id,
            epoch=run.epoch,
            sequence=number,
            state=RunState.RUNNING,
            occurred_at=at,
            task_name="load",
            name=f"load-{number}",
        )
        for number in range(tasks)
    ]
    runs.report_task_runs(workspace_id=workspace.id, reports=reports)
    ended_at = None if state is RunState.RUNNING else at
    Run.objects.filter(id=run.id).update(created_at=at, state=state, ended_at=ended_at)
    return run


def local_run(workspace: WorkspaceRef, *, now: datetime | None = None, **changes: Any) -> Run:
    """A run that its own process started."""
    from apps.flows import services as flows

    now = now or utc_now()
    flow_id = flows.ensure_flow(workspace_id=workspace.id, name="local", now=now)
    local = LocalRun(
        **{"run_id": uuid7(), "flow_id": flow_id, "epoch": 1, "occurred_at": now} | changes
    )
    dispatch.adopt_local_runs(
        workspace_id=workspace.id,
        started=[dispatch.LocalStart(run=local, holder="host-1:99")],
        now=now,
    )
    return Run.objects.get(id=local.run_id)
