"""What pages were asked, under names."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.dashboards import selectors, services
from apps.dashboards.api import saved_view_serializers as wire
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class SavedViewBase(WorkspaceView):
    """Whoever may look may keep what they look at; what is shared the service sees to."""

    changes_own: ClassVar = frozenset({"POST", "PATCH", "DELETE"})

    def shown(self, request: WorkspaceRequest, found: Any, *, many: bool = False) -> Any:
        context = {"actor": request.actor}
        return wire.SavedViewOutput(found, many=many, context=context).data


class SavedViews(SavedViewBase):
    """The shared ones and one's own, by name."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "POST": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="list_saved_views",
        parameters=[wire.SavedViewQuery],
        responses=wire.SavedViewPage,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.SavedViewQuery.read(request)
        return Response(
            page_of(
                selectors.list_saved_views(
                    workspace_id=request.workspace.id,
                    person_id=services.person_of(request.actor),
                    page=asked.get("page"),
                ),
                request=request,
                order=selectors.BY_NAME,
                render=lambda rows: self.shown(request, rows, many=True),
            )
        )

    @extend_schema(
        operation_id="create_saved_view",
        request=wire.SavedViewInput,
        responses={201: wire.SavedViewOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.SavedViewInput(data=request.data)
        form.is_valid(raise_exception=True)
        made = services.create_saved_view(
            workspace_id=request.workspace.id,
            actor=request.actor,
            now=utc_now(),
            **form.validated_data,
        )
        return Response(self.shown(request, made), status=201)


class SavedViewDetail(SavedViewBase):
    """One view."""

    scopes: ClassVar = {"PATCH": Scope.TELEMETRY_READ, "DELETE": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="change_saved_view",
        request=wire.SavedViewChange,
        responses=wire.SavedViewOutput,
    )
    def patch(self, request: WorkspaceRequest, view_id: uuid.UUID) -> Response:
        form = wire.SavedViewChange(data=request.data)
        form.is_valid(raise_exception=True)
        saved = services.change_saved_view(
            workspace_id=request.workspace.id,
            view_id=view_id,
            changes=services.SavedViewChanges(**form.validated_data),  # type: ignore[typeddict-item] # the form's
            actor=request.actor,
            now=utc_now(),
        )
        return Response(self.shown(request, saved))

    @extend_schema(operation_id="delete_saved_view", responses={204: None})
    def delete(self, request: WorkspaceRequest, view_id: uuid.UUID) -> Response:
        services.delete_saved_view(
            workspace_id=request.workspace.id, view_id=view_id, actor=request.actor
        )
        return Response(status=204)
