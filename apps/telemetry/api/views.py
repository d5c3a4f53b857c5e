"""Reads of the time-series store. The list of events stands with its POST, in ingest."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.telemetry import selectors
from apps.telemetry.api import serializers as wire
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class EventHistogram(WorkspaceView):
    """How many events, when, and which names are most frequent."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="count_events",
        parameters=[wire.HistogramInput],
        responses=wire.HistogramOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        form = wire.HistogramInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        return Response(
            selectors.event_histogram(workspace_id=request.workspace.id, **form.validated_data)
        )
