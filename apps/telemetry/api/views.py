"""Reads of the time-series store. The list of events stands with its POST, in ingest."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.telemetry import query as metric_query
from apps.telemetry import selectors
from apps.telemetry.api import serializers as wire
from apps.telemetry.query import Aggregate, Fill
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


class Metrics(WorkspaceView):
    """What is measured."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(operation_id="list_metrics", responses=wire.MetricsOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        return Response({"items": selectors.list_metrics(workspace_id=request.workspace.id)})


class MetricsQuery(WorkspaceView):
    """Lines of a chart."""

    scopes: ClassVar = {"POST": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="query_metrics",
        request=wire.MetricsQueryInput,
        responses=wire.MetricsQueryOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.MetricsQueryInput(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        plan = metric_query.plan(
            asked["since"], asked["until"], step_seconds=asked.get("step_seconds")
        )
        answers = selectors.query_metrics(
            workspace_id=request.workspace.id,
            queries=[
                selectors.MetricQuery(
                    name=query["name"],
                    aggregate=Aggregate(query["aggregate"]),
                    group_by=tuple(dict.fromkeys(query.get("group_by", ()))),
                    where=query.get("where", {}),
                )
                for query in asked["queries"]
            ],
            plan=plan,
            fill=Fill(asked["fill"]),
        )
        # Plain values all through: a serializer would visit each of up to 100,000 points.
        return Response(
            {
                "step_seconds": plan.step_seconds,
                "rollup": plan.rollup.value,
                "results": [
                    {
                        "query": number,
                        "series": [
                            {"labels": line.labels, "points": line.points} for line in lines
                        ],
                    }
                    for number, lines in enumerate(answers)
                ],
            }
        )
