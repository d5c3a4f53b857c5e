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
    """How many events, when, and which names are most frequent; estimated where they are many."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="count_events",
        parameters=[wire.HistogramQuery],
        responses=wire.HistogramOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.HistogramQuery.read(request)
        counts = selectors.event_histogram(
            workspace_id=request.workspace.id,
            since=asked["since"],
            until=asked["until"],
            query=asked["query"],
            exact=asked["exact"],
        )
        return Response(wire.HistogramOutput(counts).data)
