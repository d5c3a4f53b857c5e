"""What was written anywhere in the workspace: found, read around, taken away, measured."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.json import JSONRenderer, dumps
from apps.core.http.pagination import key_cursor, read_key, read_limit
from apps.runs import selectors
from apps.runs.api import log_serializers as wire
from apps.telemetry import selectors as telemetry
from apps.telemetry.enums import LogLevel
from apps.telemetry.items import StoredLine
from apps.tenancy import access
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope


class LogView(WorkspaceView):
    """Lines of runs and of none: for who may see both."""

    scopes: ClassVar = {"GET": Scope.RUNS_READ}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in {"GET", "HEAD"}:
            access.require(request.actor, Scope.TELEMETRY_READ)  # type: ignore[attr-defined] # set above


def _search_of(asked: dict[str, Any]) -> telemetry.LogSearch:
    run_id = asked.get("run_id")
    return telemetry.LogSearch(
        query=asked["query"],
        level=asked.get("level"),
        run_ids=None if run_id is None else [run_id],
        since=asked.get("since"),
        until=asked.get("until"),
    )


class Logs(LogView):
    """Lines of all runs, newest first."""

    @extend_schema(
        operation_id="list_logs", parameters=[wire.LogPageQuery], responses=wire.LogSearchPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.LogPageQuery.read(request)
        workspace_id = request.workspace.id
        found = selectors.search_logs(
            workspace_id=workspace_id,
            only=_search_of(asked),
            deployment_id=asked.get("deployment_id"),
            below=read_key(asked.get("cursor")),
            limit=read_limit(request),
        )
        runs = selectors.runs_of_lines(workspace_id=workspace_id, lines=found.rows)
        return Response(
            {
                "items": [telemetry.log_item(line) for line in found.rows],
                "runs": wire.RunOfLineOutput(runs, many=True).data,
                "next_cursor": key_cursor(found.below),
                "searched_to": found.back_to,
            }
        )


class LogContext(LogView):
    """What the same run wrote right before and after a line."""

    @extend_schema(
        operation_id="get_log_context",
        parameters=[wire.LogContextQuery],
        responses=wire.LogContextOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.LogContextQuery.read(request)
        found = telemetry.log_context(
            workspace_id=request.workspace.id,
            run_id=asked.get("run_id"),
            occurred_at=asked["occurred_at"],
            line_id=asked["id"],
            before=asked["before"],
            after=asked["after"],
        )
        return Response(
            {
                "before": [telemetry.log_item(line) for line in found.before],
                "line": telemetry.log_item(found.line),
                "after": [telemetry.log_item(line) for line in found.after],
            }
        )


class LogDownload(LogView):
    """What the search finds, as it is read: nothing is kept in memory."""

    in_transaction = False  # each page has its own

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002
        # DRF would take `format` for a wish about how errors are rendered.
        return JSONRenderer(), JSONRenderer.media_type

    @extend_schema(
        operation_id="download_logs",
        parameters=[wire.LogDownloadQuery],
        responses={
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR),
        },
    )
    def get(self, request: WorkspaceRequest) -> StreamingHttpResponse:
        asked = wire.LogDownloadQuery.read(request)
        workspace_id = request.workspace.id
        find = partial(_find_page, workspace_id, _search_of(asked), asked.get("deployment_id"))
        pages = telemetry.EveryPage(find, workspace_id=workspace_id)
        media_type, written = FORMATS[asked["format"]]
        response = StreamingHttpResponse(map(written, pages), content_type=media_type)
        name = f"logs-{utc_now():%Y-%m-%dT%H%M}.{ENDINGS[asked['format']]}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Headway-Rows-At-Most"] = str(telemetry.EXPORT_ROWS)
        return response


def _find_page(
    workspace_id: uuid.UUID,
    only: telemetry.LogSearch,
    deployment_id: uuid.UUID | None,
    below: Any,
    limit: int,
    budget: telemetry.Budget,
) -> telemetry.Found[StoredLine]:
    return selectors.search_logs(
        workspace_id=workspace_id,
        only=only,
        deployment_id=deployment_id,
        below=below,
        limit=limit,
        budget=budget,
    )


def _as_text(lines: list[StoredLine]) -> bytes:
    return "".join(
        f"{line.occurred_at.isoformat(timespec='milliseconds')} {LogLevel(line.level).label:<8}"
        f" {line.logger or '-'} {line.message}\n"
        for line in lines
    ).encode()


def _as_ndjson(lines: list[StoredLine]) -> bytes:
    return b"".join(dumps(telemetry.log_item(line)) + b"\n" for line in lines)


FORMATS = {
    "text": ("text/plain; charset=utf-8", _as_text),
    "ndjson": ("application/x-ndjson", _as_ndjson),
}
ENDINGS = {"text": "log", "ndjson": "ndjson"}


class LogVolume(LogView):
    """How much was written, when and by whom."""

    @extend_schema(
        operation_id="measure_logs",
        parameters=[wire.LogVolumeQuery],
        responses=wire.LogVolumeOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.LogVolumeQuery.read(request)
        found = selectors.log_volume_by_deployment(
            workspace_id=request.workspace.id, since=asked["since"], until=asked["until"]
        )
        plan = found.volume.plan
        starts = list(plan.starts())

        def buckets(volumes: dict[int, telemetry.Volume]) -> Iterator[list[int]]:
            return (list(volumes.get(start, telemetry.Volume())) for start in starts)

        return Response(
            {
                "from": plan.start,
                "step_seconds": plan.step_seconds,
                "levels": [
                    {"level": level, "buckets": list(buckets(volumes))}
                    for level, volumes in sorted(found.volume.by_level.items())
                ],
                "deployments": [
                    {
                        "deployment_id": each.deployment_id,
                        "deployment": each.deployment,
                        "flow": each.flow,
                        "lines": each.total.lines,
                        "bytes": each.total.bytes,
                        "buckets": list(buckets(each.buckets)),
                    }
                    for each in found.deployments
                ],
                "counted_from": found.volume.counted_from,
            }
        )
