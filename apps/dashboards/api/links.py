"""Links by which everybody who has one sees a dashboard, and what they see."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.core.http.request_context import client_address
from apps.dashboards import selectors, services
from apps.dashboards.api import link_serializers as wire
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


def _body(link: Any) -> dict[str, Any]:
    return dict(wire.LinkOutput(link).data)


class DashboardSharing(WorkspaceView):
    """Whether the workspace's dashboards may be shared by link."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "PUT": Scope.WORKSPACE_MANAGE}

    @extend_schema(operation_id="get_dashboard_sharing", responses=wire.SharingOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        return self._answer(request)

    @extend_schema(
        operation_id="change_dashboard_sharing",
        request=wire.SharingInput,
        responses=wire.SharingOutput,
    )
    def put(self, request: WorkspaceRequest) -> Response:
        form = wire.SharingInput(data=request.data)
        form.is_valid(raise_exception=True)
        actor = request.actor
        services.allow_sharing(
            workspace=request.workspace,
            allowed=form.validated_data["allowed"],
            by={"kind": actor.kind.value, "id": str(actor.id), "name": actor.name},
            now=utc_now(),
        )
        return self._answer(request)

    def _answer(self, request: WorkspaceRequest) -> Response:
        found = selectors.find_sharing(workspace_id=request.workspace.id)
        return Response(
            {
                "allowed": found is not None,
                "allowed_at": found and found.created_at,
                "allowed_by": ((found and found.allowed_by) or {}).get("name"),
            }
        )


class DashboardLinks(WorkspaceView):
    """The links to one dashboard, the newest first. An address is told once, when it is made."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "POST": Scope.TELEMETRY_MANAGE}

    @extend_schema(
        operation_id="list_dashboard_links", parameters=[PageQuery], responses=wire.LinkPage
    )
    def get(self, request: WorkspaceRequest, dashboard_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id
        dashboard = selectors.get_dashboard(workspace_id=workspace_id, dashboard_id=dashboard_id)
        return Response(
            page_of(
                selectors.list_links(workspace_id=workspace_id, dashboard_id=dashboard.id),
                request=request,
                order=selectors.NEWEST_FIRST,
                render=lambda rows: wire.LinkOutput(rows, many=True).data,
            )
        )

    # Not idempotent by key: a stored reply would keep the address in clear.
    @extend_schema(
        operation_id="create_dashboard_link",
        request=wire.LinkInput,
        responses={201: wire.NewLinkOutput},
    )
    def post(self, request: WorkspaceRequest, dashboard_id: uuid.UUID) -> Response:
        form = wire.LinkInput(data=request.data)
        form.is_valid(raise_exception=True)
        link, token = services.create_link(
            workspace_id=request.workspace.id,
            dashboard_id=dashboard_id,
            shown=services.Shown(**form.validated_data),  # type: ignore[typeddict-item] # as the form has them
            actor=request.actor,
            now=utc_now(),
        )
        address = f"{settings.PUBLIC_URL}/shared/{token}"
        return Response(_body(link) | {"address": address}, status=201)


class DashboardLinkDetail(WorkspaceView):
    """One link."""

    scopes: ClassVar = {"PATCH": Scope.TELEMETRY_MANAGE, "DELETE": Scope.TELEMETRY_MANAGE}
    open_while_archived: ClassVar = frozenset({"DELETE"})  # it takes away

    @extend_schema(
        operation_id="change_dashboard_link", request=wire.LinkInput, responses=wire.LinkOutput
    )
    def patch(
        self, request: WorkspaceRequest, dashboard_id: uuid.UUID, link_id: uuid.UUID
    ) -> Response:
        form = wire.LinkInput(data=request.data)
        form.is_valid(raise_exception=True)
        link = services.change_link(
            workspace_id=request.workspace.id,
            dashboard_id=dashboard_id,
            link_id=link_id,
            shown=services.Shown(**form.validated_data),  # type: ignore[typeddict-item] # as above
            actor=request.actor,
            now=utc_now(),
        )
        return Response(_body(link))

    @extend_schema(operation_id="delete_dashboard_link", responses={204: None})
    def delete(
        self, request: WorkspaceRequest, dashboard_id: uuid.UUID, link_id: uuid.UUID
    ) -> Response:
        services.revoke_link(
            workspace_id=request.workspace.id, dashboard_id=dashboard_id, link_id=link_id
        )
        return Response(status=204)


class SharedDashboard(APIView):
    """What everybody with the link sees. The token is the secret; who asks does not matter."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="get_shared_dashboard", responses=wire.SharedDashboardOutput, auth=[]
    )
    def get(self, request: Request, token: str) -> Response:
        shown = services.open_link(
            token=token, address=client_address(request._request), now=utc_now()
        )
        return Response(
            shown, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
        )
