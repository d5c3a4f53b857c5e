"""What the panels of a dashboard show, in one answer."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.dashboards.api import panel_serializers as wire
from apps.dashboards.asking import read_asked
from apps.dashboards.panels import answer_panels
from apps.tenancy import access
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class DashboardPanels(WorkspaceView):
    """
    All panels of a page, also of one that is not saved yet.

    One that is refused says why; the others are answered. Each needs the scopes of what it shows.
    """

    scopes: ClassVar = {"POST": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="answer_dashboard_panels",
        request=wire.PanelsInput,
        responses=wire.AnsweredPanelsOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.PanelsInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        asked = read_asked(
            panels=given["panels"],
            variables=given.get("variables", []),
            chosen=given.get("chosen", {}),
        )
        return Response(
            answer_panels(
                workspace_id=request.workspace.id,
                panels=asked.panels,
                chosen=asked.chosen,
                since=given["since"],
                until=given["until"],
                now=utc_now(),
                unsound=asked.unsound,
                require=partial(access.require, request.actor),
            )
        )
