"""What is measured, and how it developed. Plain values all through: points are many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.errors import DomainError
from apps.telemetry import query as metric_query
from apps.telemetry import selectors
from apps.telemetry.api import metric_serializers as wire
from apps.telemetry.chart_wire import chart_body, heat_map_body, refused_body
from apps.telemetry.heatmap import HeatMap
from apps.telemetry.query import Aggregate, Fill, Plan
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

HEAT_MAP_STEPS = 120  # as many columns as can be told apart


class Metrics(WorkspaceView):
    """What is measured."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}

    @extend_schema(operation_id="list_metrics", responses=wire.MetricsOutput)
    def get(self, request: WorkspaceRequest) -> Response:
        return Response({"items": selectors.list_metrics(workspace_id=request.workspace.id)})


class MetricsQuery(WorkspaceView):
    """Lines of a chart: of queries, and of formulas over them."""

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
        names = {query["name"] for query in asked["queries"]}
        plan = _plan(request, asked, names, back=_furthest(asked))
        answers = selectors.answer_chart(
            workspace_id=request.workspace.id,
            chart=_chart(asked),
            plan=plan,
            fill=Fill(asked["fill"]),
        )
        return Response(_step(plan) | chart_body(answers))


class MetricsHeatMap(WorkspaceView):
    """How the values of a metric were spread, step by step."""

    scopes: ClassVar = {"POST": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="query_metric_heat_map",
        request=wire.HeatMapInput,
        responses=wire.HeatMapOutput,
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.HeatMapInput(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        plan = _plan(request, asked, {asked["name"]}, wanted_points=HEAT_MAP_STEPS)
        found = _heat_map(request, asked, plan)
        return Response(_step(plan) | heat_map_body(found))


class MetricsCharts(WorkspaceView):
    """All charts of a page in one answer. One that is refused says why; the others are answered."""

    scopes: ClassVar = {"POST": Scope.TELEMETRY_READ}

    @extend_schema(
        operation_id="query_metric_charts", request=wire.ChartsInput, responses=wire.ChartsOutput
    )
    def post(self, request: WorkspaceRequest) -> Response:
        form = wire.ChartsInput(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        plan = _plan(request, asked, _names_in(asked["charts"]), wanted_points=HEAT_MAP_STEPS)
        fill = Fill(asked["fill"])
        charts = [_panel(request, each, plan, fill) for each in asked["charts"]]
        return Response(_step(plan) | {"charts": charts})


def _panel(
    request: WorkspaceRequest, asked: dict[str, Any], plan: Plan, fill: Fill
) -> dict[str, Any]:
    answer: dict[str, Any] = {"chart": None, "heat_map": None, "error": None}
    try:
        if "heat_map" in asked:
            answer["heat_map"] = heat_map_body(_heat_map(request, asked["heat_map"], plan))
        else:
            answer["chart"] = chart_body(
                selectors.answer_chart(
                    workspace_id=request.workspace.id,
                    chart=_chart(asked["chart"]),
                    plan=plan,
                    fill=fill,
                )
            )
    except DomainError as refused:
        answer["error"] = refused_body(refused)
    return answer


def _plan(
    request: WorkspaceRequest,
    asked: dict[str, Any],
    names: set[str],
    *,
    back: timedelta = timedelta(),
    wanted_points: int = metric_query.WANTED_POINTS,
) -> Plan:
    return selectors.plan_metrics(
        workspace_id=request.workspace.id,
        names=names,
        since=asked["since"],
        until=asked["until"],
        now=utc_now(),
        back=back,
        step_seconds=asked.get("step_seconds"),
        wanted_points=wanted_points,
    )


def _names_in(charts: list[dict[str, Any]]) -> set[str]:
    names = {each["heat_map"]["name"] for each in charts if "heat_map" in each}
    return names | {
        query["name"] for each in charts if "chart" in each for query in each["chart"]["queries"]
    }


def _furthest(asked: dict[str, Any]) -> timedelta:
    """Return how much earlier than its range a chart looks."""
    offsets = [query.get("offset_seconds", 0) for query in asked["queries"]]
    return timedelta(seconds=max(offsets) + asked.get("compare_seconds", 0))


def _chart(asked: dict[str, Any]) -> selectors.Chart:
    return selectors.Chart(
        queries=[
            selectors.ChartQuery(
                asked=selectors.MetricQuery(
                    name=query["name"],
                    aggregate=Aggregate(query["aggregate"]),
                    group_by=tuple(dict.fromkeys(query.get("group_by", ()))),
                    where=query.get("where", {}),
                ),
                letter=query["letter"],
                offset_seconds=query.get("offset_seconds", 0),
                limit=query.get("limit"),
                hidden=query.get("hidden", False),
            )
            for query in asked["queries"]
        ],
        formulas=[
            selectors.ChartFormula(
                expression=each["expression"], letter=each["letter"], limit=each.get("limit")
            )
            for each in asked.get("formulas", ())
        ],
        compare_seconds=asked.get("compare_seconds"),
    )


def _heat_map(request: WorkspaceRequest, asked: dict[str, Any], plan: Plan) -> HeatMap:
    return selectors.answer_heat_map(
        workspace_id=request.workspace.id,
        name=asked["name"],
        where=asked.get("where", {}),
        plan=plan,
        rows=asked["rows"],
    )


def _step(plan: Plan) -> dict[str, Any]:
    return {"step_seconds": plan.step_seconds, "rollup": plan.rollup.value}
