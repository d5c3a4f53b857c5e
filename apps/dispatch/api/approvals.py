"""Questions that a run's own code asks people; its executor puts them and hears the answers."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.api import serializers as shapes
from apps.dispatch.api.views import refuse_other_epoch
from apps.runs import selectors as runs
from apps.runs import services as run_services
from apps.runs import wire
from apps.runs.services import Question
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class RunApprovals(WorkspaceView):
    """Ask people something; the run's executor does."""

    scopes: ClassVar = {"POST": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="ask_approval",
        request=shapes.ApprovalInput,
        responses={201: wire.ApprovalOutput},
    )
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = shapes.ApprovalInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        refuse_other_epoch(request.actor, given["epoch"])
        services.refuse_other_runs(
            workspace_id=request.workspace.id, actor=request.actor, run_ids=[run_id]
        )
        seconds = given.get("expires_in_seconds")
        asked = run_services.ask_approval(
            workspace_id=request.workspace.id,
            run_id=run_id,
            epoch=given["epoch"],
            question=Question(
                key=given["key"],
                title=given["title"],
                message=given.get("message", ""),
                form=given.get("form"),
                suspend=given.get("suspend", False),
                expires_in=None if seconds is None else timedelta(seconds=seconds),
            ),
            now=utc_now(),
        )
        return Response(_body(request, asked.id), status=201)


class RunApprovalDetail(WorkspaceView):
    """What was answered; the run's executor asks."""

    scopes: ClassVar = {"GET": Scope.RUNS_REPORT}
    run_key_methods: ClassVar = frozenset({"GET"})

    @extend_schema(operation_id="get_run_approval", responses=wire.ApprovalOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID, key: str) -> Response:
        services.refuse_other_runs(
            workspace_id=request.workspace.id, actor=request.actor, run_ids=[run_id]
        )
        found = runs.get_approval_of_run(workspace_id=request.workspace.id, run_id=run_id, key=key)
        return Response(_body(request, found.id))


def _body(request: WorkspaceRequest, approval_id: uuid.UUID) -> dict[str, object]:
    approval = runs.get_approval(workspace_id=request.workspace.id, approval_id=approval_id)
    return wire.approval_body(approval, actor=request.actor)
