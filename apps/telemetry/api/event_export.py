"""What a search for events finds, as a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from apps.core.clock import utc_now
from apps.core.http.json import JSONRenderer
from apps.telemetry import selectors
from apps.telemetry.event_files import FORMATS, cut_event
from apps.telemetry.items import StoredEvent
from apps.telemetry.search.query_string import EventQuery
from apps.tenancy import audit
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.scopes import Scope

PAGE = 500  # events, of which each may have a payload of 64 KiB


class EventExportQuery(EventQuery):
    """As the list of events."""

    format = serializers.ChoiceField(choices=[(name, name) for name in FORMATS])


class EventExport(WorkspaceView):
    """All that the search finds, as it is read: nothing is kept but the page that is written."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ}
    in_transaction = False  # each page has its own

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002
        # DRF would take `format` for a wish about how errors are rendered.
        return JSONRenderer(), JSONRenderer.media_type

    @extend_schema(
        operation_id="export_events",
        parameters=[EventExportQuery],
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR),
            (200, "application/vnd.apache.parquet"): OpenApiResponse(OpenApiTypes.BINARY),
        },
    )
    def get(self, request: WorkspaceRequest) -> StreamingHttpResponse:
        asked = EventExportQuery.read(request)
        workspace, now = request.workspace, utc_now()
        only = selectors.EventSearch(
            query=asked["query"], since=asked.get("since"), until=asked.get("until")
        )
        with workspace_scope(workspace.id):
            audit.record(
                action="events.exported",
                target=audit.Object(kind="workspace", id=workspace.id, name=workspace.name),
                after=request.query_params.dict(),
                workspace_id=workspace.id,
                now=now,
            )
        media_type, written = FORMATS[asked["format"]]
        pages = every_event(workspace.id, only, now=now)
        response = StreamingHttpResponse(written(pages), content_type=media_type)
        name = f"events-{now:%Y-%m-%dT%H%M}.{asked['format']}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Headway-Rows-At-Most"] = str(selectors.EXPORT_ROWS)
        return response


def every_event(
    workspace_id: uuid.UUID,
    only: selectors.EventSearch,
    *,
    now: datetime,
    most: int = selectors.EXPORT_ROWS,
    page: int = PAGE,
) -> Iterator[list[StoredEvent]]:
    """Yield the newest `most` events, page after page; the last one says it when there are more."""
    find = partial(_find_page, workspace_id, only)
    found = selectors.EveryPage(find, workspace_id=workspace_id, most=most, page=page)
    yield from found
    if found.cut_at is not None:
        yield [cut_event(at=found.cut_at, rows=most, now=now)]


def _find_page(
    workspace_id: uuid.UUID,
    only: selectors.EventSearch,
    below: Any,
    limit: int,
    budget: selectors.Budget,
) -> selectors.Found[StoredEvent]:
    return selectors.search_events(
        workspace_id=workspace_id, only=only, below=below, limit=limit, budget=budget
    )
