"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.dashboards import selectors, services
from apps.dashboards.api import serializers as wire
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


def _by(request: WorkspaceRequest) -> dict[str, Any]:
    actor = request.actor
    return {"kind": actor.kind.value, "id": str(actor.id), "name": actor.name}


class Dashboards(WorkspaceView):
    """What people look at together, by name."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "POST": Scope.TELEMETRY_MANAGE}

    @extend_schema(
        operation_id="list_dashboards", parameters=[PageQuery], responses=wire.DashboardPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        # Made when first looked at: a workspace that nobody looks at needs none.
        services.make_first(workspace_id=request.workspace.id, now=utc_now())
        return Response(
            page_of(
                selectors.list_dashboards(workspace_id=request.workspace.id),
                request=request,
                order=selectors.BY_NAME,
                render=lambda rows: wire.DashboardRowOutput(rows, many=True).data,
            )
        )

    @extend_schema(
        operation_id="create_dashboard",
        request=wire.DashboardInput,
        responses={201: wire.DashboardOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.DashboardInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        made = services.create_dashboard(
            workspace_id=request.workspace.id,
            name=given["name"],
            range_=given["range"],
            variables=given.get("variables", []),
            panels=given.get("panels", []),
            by=_by(request),
            now=utc_now(),
        )
        return Response(wire.DashboardOutput(made).data, status=201)


class DashboardDetail(WorkspaceView):
    """One dashboard."""

    scopes: ClassVar = {
        "GET": Scope.TELEMETRY_READ,
        "PATCH": Scope.TELEMETRY_MANAGE,
        "DELETE": Scope.TELEMETRY_MANAGE,
    }

    @extend_schema(operation_id="get_dashboard", responses=wire.DashboardOutput)
    def get(self, request: WorkspaceRequest, dashboard_id: uuid.UUID) -> Response:
        found = selectors.get_dashboard(
            workspace_id=request.workspace.id, dashboard_id=dashboard_id
        )
        return Response(wire.DashboardOutput(found).data)

    @extend_schema(
        operation_id="change_dashboard",
        request=wire.DashboardChange,
        responses=wire.DashboardOutput,
    )
    def patch(self, request: WorkspaceRequest, dashboard_id: uuid.UUID) -> Response:
        form = wire.DashboardChange(data=request.data)
        form.is_valid(raise_exception=True)
        changes = dict(form.validated_data)
        saved = services.change_dashboard(
            workspace_id=request.workspace.id,
            dashboard_id=dashboard_id,
            version=changes.pop("version"),
            changes=services.DashboardChanges(**changes),  # type: ignore[typeddict-item] # the form's
            by=_by(request),
            now=utc_now(),
        )
        return Response(wire.DashboardOutput(saved).data)

    @extend_schema(operation_id="delete_dashboard", responses={204: None})
    def delete(self, request: WorkspaceRequest, dashboard_id: uuid.UUID) -> Response:
        services.delete_dashboard(
            workspace_id=request.workspace.id, dashboard_id=dashboard_id, now=utc_now()
        )
        return Response(status=204)
