"""Thin: translate, call one service or selector, answer."""

from __future__ import annotations

import gzip
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Protocol

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.json import dumps
from apps.core.http.pagination import decode_cursor, encode_cursor, page_of
from apps.core.http.query import PageQuery
from apps.flows import selectors as flows
from apps.runs import selectors, services, wire
from apps.runs.api import serializers as shapes
from apps.runs.enums import StateType
from apps.telemetry import selectors as telemetry
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.flows.models import Flow
    from apps.runs.models import Run
    from apps.tenancy.access import Asker

GZIP_FROM_BYTES = 20_000


class Flows(WorkspaceView):
    """What can run here, each with its newest run."""

    scopes: ClassVar = {"GET": Scope.FLOWS_READ}

    @extend_schema(operation_id="list_flows", parameters=[PageQuery], responses=shapes.FlowPage)
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id

        def render(rows: list[Flow]) -> list[dict[str, object]]:
            ids = [flow.id for flow in rows]
            newest = selectors.last_run_by_flow(workspace_id=workspace_id, flow_ids=ids)
            return [
                {
                    "id": flow.id,
                    "name": flow.name,
                    "description": flow.description,
                    "created_at": flow.created_at,
                    "last_run": wire.run_row(newest[flow.id]) if flow.id in newest else None,
                }
                for flow in rows
            ]

        return Response(
            page_of(
                flows.list_flows(workspace_id=workspace_id),
                request=request,
                order=("-created_at", "-id"),
                render=render,
            )
        )


class Runs(WorkspaceView):
    """What ran, newest first."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="list_runs", parameters=[shapes.RunsQuery], responses=wire.RunPage)
    def get(self, request: WorkspaceRequest) -> Response:
        filters = shapes.filters_of(shapes.RunsQuery.read(request))
        return Response(
            page_of(
                selectors.list_runs(workspace_id=request.workspace.id, filters=filters),
                request=request,
                order=("-created_at", "-id"),
                render=lambda rows: [wire.run_row(run) for run in rows],
            )
        )


class RunsHistogram(WorkspaceView):
    """How many runs were created when, by the state they are in now."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="count_runs",
        parameters=[shapes.HistogramQuery],
        responses=wire.RunHistogramOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        query = shapes.HistogramQuery.read(request)
        histogram = selectors.runs_histogram(
            workspace_id=request.workspace.id,
            filters=shapes.filters_of(query),
            since=query["since"],
            until=query["until"],
        )
        return Response(wire.histogram_body(histogram))


class RunDetail(WorkspaceView):
    """One run."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ, "PATCH": Scope.RUNS_WRITE}

    @extend_schema(operation_id="get_run", responses=wire.RunDetailOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        workspace_id = request.workspace.id
        run = selectors.get_run(workspace_id=workspace_id, run_id=run_id)
        return Response(
            wire.run_detail(
                run,
                actor=request.actor,
                estimated_duration_ms=selectors.estimate_duration_ms(run=run),
                children=selectors.count_subruns(workspace_id=workspace_id, run_id=run_id),
                kin=selectors.find_kin(run=run),
                approvals=selectors.list_approvals(
                    workspace_id=workspace_id, run_id=run_id
                ).order_by("created_at", "id"),
            )
        )

    @extend_schema(operation_id="annotate_run", request=shapes.RunChange, responses=wire.RunOutput)
    def patch(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = shapes.RunChange(data=request.data)
        form.is_valid(raise_exception=True)
        run = services.annotate_run(
            workspace_id=request.workspace.id,
            run_id=run_id,
            asker=request.actor,
            **form.validated_data,
        )
        return Response(wire.run_body(run, actor=request.actor))


class RunCancellation(WorkspaceView):
    """Stop the run."""

    scopes: ClassVar = {"POST": Scope.RUNS_CANCEL}

    @extend_schema(operation_id="cancel_run", request=None, responses=wire.RunOutput)
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        return _steered(request, run_id, services.cancel_run)


class RunRetries(WorkspaceView):
    """Try the run again."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="retry_run", request=shapes.RetryInput, responses=wire.RunOutput)
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        form = shapes.RetryInput(data=request.data)
        form.is_valid(raise_exception=True)
        services.retry_run(
            workspace_id=request.workspace.id,
            run_id=run_id,
            now=utc_now(),
            by=request.actor.name,
            from_failed=form.validated_data["from"] == "failed",
            asker=request.actor,
        )
        return _run(request, run_id)


class RunPause(WorkspaceView):
    """Hold the run where it is."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="pause_run", request=None, responses=wire.RunOutput)
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        return _steered(request, run_id, services.pause_run)


class RunSuspension(WorkspaceView):
    """Have its process leave, until the run is resumed."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="suspend_run", request=None, responses=wire.RunOutput)
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        return _steered(request, run_id, services.suspend_run)


class RunResumption(WorkspaceView):
    """Let a paused or suspended run go on."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="resume_run", request=None, responses=wire.RunOutput)
    def post(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        return _steered(request, run_id, services.resume_run)


class RunTaskRuns(WorkspaceView):
    """The run's task runs, of all its attempts, in the order of their ids."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="list_run_task_runs",
        parameters=[shapes.TaskRunsQuery],
        responses=shapes.TaskRunPage,
    )
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        query = shapes.TaskRunsQuery.read(request)
        run = selectors.get_run(workspace_id=request.workspace.id, run_id=run_id)
        kinds = [StateType(kind) for kind in query.get("state_type", ())]
        return Response(
            page_of(
                selectors.list_task_runs(run=run, state_types=kinds),
                request=request,
                order=("id",),
                render=lambda rows: [wire.task_run_item(task_run) for task_run in rows],
            )
        )


class RunTimeline(WorkspaceView):
    """The last attempt's task runs as columns."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="get_run_timeline",
        parameters=[shapes.TimelineQuery],
        responses=OpenApiResponse(shapes.TimelineOutput),
    )
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> HttpResponse:
        query = shapes.TimelineQuery.read(request)
        run = selectors.get_run(workspace_id=request.workspace.id, run_id=run_id)
        after = _timeline_start(query.get("cursor"))
        timeline = selectors.get_timeline(run=run, max_rows=query["max_rows"], after=after)
        body = dumps(
            {
                "epoch": timeline.epoch,
                "total": timeline.total,
                "origin_at": timeline.origin_at,
                "task_names": timeline.task_names,
                "states": selectors.STATES,
                "rows": timeline.columns | {"depends_on": timeline.depends_on},
                "depends_on_outside": timeline.depends_on_outside,
                "next_cursor": _cursor_of(timeline.last),
            }
        )
        response = HttpResponse(body, content_type="application/json")
        accepted = request.headers.get("Accept-Encoding", "")
        if len(body) >= GZIP_FROM_BYTES and "gzip" in accepted:
            # Level 1: ids do not shrink further, and the reader waits for it.
            response.content = gzip.compress(body, compresslevel=1)
            response["Content-Encoding"] = "gzip"
        response["Vary"] = "Accept-Encoding"
        return response


class RunLogs(WorkspaceView):
    """What the run wrote."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(
        operation_id="list_run_logs",
        parameters=[shapes.LogsQuery],
        responses=shapes.LogLinePage,
    )
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        query = shapes.LogsQuery.read(request)
        workspace_id = request.workspace.id
        selectors.get_run(workspace_id=workspace_id, run_id=run_id)
        is_ascending = query["order"] == "asc"
        return Response(
            page_of(
                telemetry.list_logs(
                    workspace_id=workspace_id,
                    run_id=run_id,
                    task_run_id=query.get("task_run_id"),
                    level=query.get("level"),
                    q=query.get("q"),
                ),
                request=request,
                order=telemetry.OLDEST_FIRST if is_ascending else telemetry.NEWEST_FIRST,
                render=lambda rows: [telemetry.log_item(line) for line in rows],
            )
        )


class RunMetrics(WorkspaceView):
    """What the run measured."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="list_run_metrics", responses=shapes.RunMetricsOutput)
    def get(self, request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
        workspace_id = request.workspace.id
        selectors.get_run(workspace_id=workspace_id, run_id=run_id)
        items = telemetry.run_metrics(workspace_id=workspace_id, run_id=run_id)
        return Response({"items": items})


class _Steer(Protocol):
    """A service by which people move a run."""

    def __call__(
        self, *, workspace_id: uuid.UUID, run_id: uuid.UUID, now: datetime, by: str, asker: Asker
    ) -> Run: ...


def _steered(request: WorkspaceRequest, run_id: uuid.UUID, steer: _Steer) -> Response:
    steer(
        workspace_id=request.workspace.id,
        run_id=run_id,
        now=utc_now(),
        by=request.actor.name,
        asker=request.actor,
    )
    return _run(request, run_id)


def _run(request: WorkspaceRequest, run_id: uuid.UUID) -> Response:
    run = selectors.get_run(workspace_id=request.workspace.id, run_id=run_id)
    return Response(wire.run_body(run, actor=request.actor))


def _cursor_of(place: selectors.Place | None) -> str | None:
    return None if place is None else encode_cursor((place.epoch, str(place.id)))


def _timeline_start(cursor: str | None) -> selectors.Place | None:
    if cursor is None:
        return None
    epoch, task_run_id = decode_cursor(cursor, size=2)
    is_epoch = type(epoch) is int and 0 <= epoch < 2**31
    try:
        last = uuid.UUID(str(task_run_id)) if is_epoch else None
    except ValueError:
        last = None
    if last is None:
        raise InvalidRequest("The cursor is not one of ours.", fields={"cursor": ["Invalid."]})
    return selectors.Place(epoch=epoch, id=last)
