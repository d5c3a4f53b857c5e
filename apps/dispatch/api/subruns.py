"""Runs that come from other runs."""

from __future__ import annotations

import uuid
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.dispatch import services
from apps.dispatch.api import serializers as shapes
from apps.dispatch.api.views import refuse_other_epoch
from apps.dispatch.services import Wishes
from apps.runs import wire
from apps.runs.services import CreatedBy
from apps.tenancy.actors import Actor
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class RunCopy(WorkspaceView):
    """Run it once more, with other parameters if wanted."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="copy_run",
        request=shapes.RunCopyInput,
        responses={201: wire.RunOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = shapes.RunCopyInput(data=request.data)
        form.is_valid(raise_exception=True)
        run = services.copy_run(
            workspace_id=request.workspace.id,
            run_id=run_id,
            wishes=Wishes(**form.validated_data),
            created_by=maker_of(request.actor),
            now=utc_now(),
            asker=request.actor,
        )
        return Response(wire.run_body(run, actor=request.actor), status=201)


class Subruns(WorkspaceView):
    """What a run's own code starts; its executor asks."""

    scopes: ClassVar = {"POST": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="start_subrun",
        request=shapes.SubrunInput,
        responses={201: wire.RunOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = shapes.SubrunInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        epoch = given.pop("epoch")
        refuse_other_epoch(request.actor, epoch)
        services.refuse_other_runs(
            workspace_id=request.workspace.id, actor=request.actor, run_ids=[run_id]
        )
        run = services.start_subrun(
            workspace_id=request.workspace.id,
            run_id=run_id,
            epoch=epoch,
            deployment=given.pop("deployment"),
            task_run_id=given.pop("task_run_id", None),
            wishes=Wishes(**given),
            now=utc_now(),
            asker=request.actor,
        )
        return Response(wire.run_body(run, actor=request.actor), status=201)


class SubrunDetail(WorkspaceView):
    """How a run that this one started is getting on; its executor asks."""

    scopes: ClassVar = {"GET": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"GET"})

    @extend_schema(operation_id="get_subrun", responses=wire.RunOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID, subrun_id: uuid.UUID) -> Response:
        workspace_id = request.workspace.id
        services.refuse_other_runs(workspace_id=workspace_id, actor=request.actor, run_ids=[run_id])
        run = services.get_subrun(workspace_id=workspace_id, run_id=run_id, subrun_id=subrun_id)
        return Response(wire.run_body(run, actor=request.actor))


def maker_of(actor: Actor) -> CreatedBy:
    """Return who is said to have made something."""
    return {"kind": actor.kind.value, "id": str(actor.id), "name": actor.name}
