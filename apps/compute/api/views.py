"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.compute import selectors
from apps.compute.api import serializers as shapes
from apps.compute.enums import TaskState
from apps.core.errors import NotFound
from apps.core.http.pagination import page_of
from apps.dispatch import selectors as dispatch
from apps.flows.sizes import Size
from apps.runs import selectors as runs
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.compute.models import ManagedTask

NEWEST_FIRST = ("-requested_at", "-id")


class RunCompute(WorkspaceView):
    """What executed a run of a managed pool, try by try."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="get_run_compute", responses=shapes.RunComputeOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        workspace_id = request.workspace.id
        run = runs.get_run(workspace_id=workspace_id, run_id=run_id)
        tasks = list(selectors.list_tasks_of_run(workspace_id=workspace_id, run_id=run_id))
        if not tasks and not dispatch.is_managed_pool(
            workspace_id=workspace_id, pool_id=run.pool_id
        ):
            raise NotFound("The run is not of a managed pool.", run_id=str(run_id))
        return Response({"items": [_execution(task) for task in tasks]})


class ComputeTasks(WorkspaceView):
    """Managed tasks over all runs, newest first."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="list_compute_tasks",
        parameters=[shapes.TasksQuery],
        responses=shapes.ManagedTaskPage,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        query = shapes.TasksQuery.read(request)
        return Response(
            page_of(
                selectors.list_tasks(
                    workspace_id=request.workspace.id,
                    states=frozenset(TaskState(state) for state in query.get("state", ())),
                ),
                request=request,
                order=NEWEST_FIRST,
                render=lambda tasks: [_row(task) for task in tasks],
            )
        )


def _size(task: ManagedTask) -> dict[str, object]:
    size = Size(cpu_units=task.cpu_units, memory_mb=task.memory_mb)
    return {"cpu": size.cpu, "memory_mb": size.memory_mb}


def _execution(task: ManagedTask) -> dict[str, object]:
    used = task.usage
    return {
        "epoch": task.epoch,
        "backend": task.backend,
        "size": _size(task),
        "state": task.state,
        "phases": [{"phase": name, "at": at} for name, at in selectors.milestones_of(task)],
        "exit_code": task.exit_code,
        "cause": task.cause,
        "reason": task.stop_reason or task.launch_note,
        "managed_seconds": used.managed_seconds if used else None,
        "vcpu_seconds": used.vcpu_seconds if used else None,
        "gb_seconds": used.gb_seconds if used else None,
    }


def _row(task: ManagedTask) -> dict[str, object]:
    used, deployment = task.usage, task.run.deployment
    return {
        "run": {"id": task.run_id, "name": task.run.name},
        "run_state": task.run.state,
        "deployment": {"id": deployment.id, "name": deployment.name} if deployment else None,
        "size": _size(task),
        "state": task.state,
        "requested_at": task.requested_at,
        "started_at": task.started_at,
        "stopped_at": task.stopped_at,
        "exit_code": task.exit_code,
        "cause": task.cause,
        "managed_seconds": used.managed_seconds if used else None,
    }
