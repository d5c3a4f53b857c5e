"""The inbox: questions that runs ask people."""

from __future__ import annotations

import uuid
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.pagination import page_of
from apps.runs import selectors, services, wire
from apps.runs.api import serializers as shapes
from apps.runs.enums import ApprovalState
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class Approvals(WorkspaceView):
    """The inbox, newest first."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="list_approvals",
        parameters=[shapes.ApprovalsQuery],
        responses=shapes.ApprovalPage,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        query = shapes.ApprovalsQuery.read(request)
        found = selectors.list_approvals(
            workspace_id=request.workspace.id,
            state=ApprovalState(query["state"]) if "state" in query else None,
            run_id=query.get("run_id"),
        )
        return Response(
            page_of(
                found,
                request=request,
                order=("-created_at", "-id"),
                render=lambda rows: [wire.approval_body(row, actor=request.actor) for row in rows],
            )
        )


class ApprovalAnswer(WorkspaceView):
    """Say yes or no, with what the form asks for."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="answer_approval",
        request=shapes.ApprovalAnswerInput,
        responses=wire.ApprovalOutput,
    )
    def post(self, request: WorkspaceRequest, approval_id: uuid.UUID) -> Response:
        form = shapes.ApprovalAnswerInput(data=request.data)
        form.is_valid(raise_exception=True)
        given, actor = form.validated_data, request.actor
        services.answer_approval(
            workspace_id=request.workspace.id,
            approval_id=approval_id,
            approved=given["approved"],
            values=given.get("values", {}),
            comment=given.get("comment", ""),
            by={"kind": actor.kind.value, "id": str(actor.id), "name": actor.name},
            now=utc_now(),
            asker=actor,
        )
        approval = selectors.get_approval(
            workspace_id=request.workspace.id, approval_id=approval_id
        )
        return Response(wire.approval_body(approval, actor=actor))
