"""Closing a workspace, and within the grace opening it again."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.tenancy import services
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.api import serializers as wire
from apps.tenancy.api.views import workspace_body
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class WorkspaceArchival(WorkspaceView):
    scopes: ClassVar = {"POST": Scope.WORKSPACE_MANAGE, "DELETE": Scope.WORKSPACE_MANAGE}
    open_while_archived: ClassVar = frozenset({"POST", "DELETE"})

    @extend_schema(operation_id="archive_workspace", request=None, responses=wire.WorkspaceOutput)
    def post(self, request: WorkspaceRequest) -> Response:
        return _body(
            request,
            services.archive_workspace(workspace_id=request.workspace.id, now=utc_now()),
        )

    @extend_schema(operation_id="restore_workspace", responses=wire.WorkspaceOutput)
    def delete(self, request: WorkspaceRequest) -> Response:
        return _body(
            request,
            services.restore_workspace(workspace_id=request.workspace.id, now=utc_now()),
        )


def _body(request: WorkspaceRequest, workspace: WorkspaceRef) -> Response:
    return Response(wire.WorkspaceOutput(workspace_body(workspace, request.actor)).data)
