"""For the tasks themselves: what to do, and with which code. The key of the run opens them."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import ClassVar

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.compute import services
from apps.compute.api import serializers as shapes
from apps.core.clock import utc_now
from apps.core.errors import PermissionDenied
from apps.flows.wire import size_body
from apps.runs.errors import StaleEpoch
from apps.tenancy.actors import RunRef
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


def running_task(request: WorkspaceRequest) -> RunRef:
    """
    Return the execution whose key this is, and which the query means, if it means one.

    Raises: PermissionDenied for anybody else, StaleEpoch.
    """
    asked = shapes.TaskQuery.read(request).get("epoch")
    run = request.actor.run
    if run is None:
        raise PermissionDenied("Only the run's own key opens this.")
    if asked is not None and asked != run.epoch:
        raise StaleEpoch("This is the key of another execution.", epoch=run.epoch)
    return run


class RunTask(WorkspaceView):
    """What the run's task shall do."""

    scopes: ClassVar = {"GET": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"GET"})

    @extend_schema(
        operation_id="get_run_task",
        parameters=[shapes.TaskQuery],
        responses=shapes.TaskOrderOutput,
    )
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        task = running_task(request)
        order = services.get_task(
            workspace_id=request.workspace.id, run_id=run_id, epoch=task.epoch
        )
        return Response(
            {
                "lease": asdict(order.lease),
                "bundle": {"sha256": order.bundle.sha256, "bytes": order.bundle.size_bytes},
                "requirements": order.requirements,
                "python": order.python,
                "size": size_body(order.size),
            }
        )


class RunTaskBundle(WorkspaceView):
    """The code of the run, as it was uploaded."""

    scopes: ClassVar = {"GET": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"GET"})
    in_transaction: ClassVar = False  # the bytes may take a while

    @extend_schema(
        operation_id="get_run_task_bundle",
        parameters=[shapes.TaskQuery],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> FileResponse:
        task = running_task(request)
        bundle, content = services.open_task_bundle(
            workspace_id=request.workspace.id, run_id=run_id, epoch=task.epoch
        )
        response = FileResponse(content, content_type="application/zip")
        response["Content-Length"] = str(bundle.size_bytes)
        return response


class RunTaskPhases(WorkspaceView):
    """How far the task has come before its flow runs."""

    scopes: ClassVar = {"POST": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="report_run_task_phase", request=shapes.PhaseInput, responses={204: None}
    )
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        task = running_task(request)
        form = shapes.PhaseInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        if given["epoch"] != task.epoch:
            raise StaleEpoch("This is the key of another execution.", epoch=task.epoch)
        services.note_phase(
            workspace_id=request.workspace.id,
            run_id=run_id,
            epoch=task.epoch,
            phase=services.TaskPhase(given["phase"]),
            at=given["at"],
            now=utc_now(),
        )
        return Response(status=204)
