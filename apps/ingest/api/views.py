"""
The native front door.

PERF: a request with an API key does not pass through DRF, which would cost as much as storing a
small batch. Keys are remembered by tenancy for a second; browsers take the ordinary way.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.errors import BatchTooLarge, DomainError, InvalidRequest, UnsupportedMedia
from apps.core.http.exception_handler import refusal_response
from apps.core.http.pagination import key_cursor, read_key, read_limit
from apps.ingest import services
from apps.ingest.api import serializers as wire
from apps.ingest.api.bodies import sent_body
from apps.ingest.api.key_headers import key_header
from apps.ingest.decode import Decoded, decode_batch, decode_events, unpack
from apps.telemetry import selectors as telemetry
from apps.tenancy.actors import Actor, Caller, WorkspaceRef
from apps.tenancy.authentication import find_key_caller
from apps.tenancy.http import (
    WorkspaceRequest,
    WorkspaceView,
    enter_workspace,
    never_by_memory,
)
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.permissions import require_scope
from apps.tenancy.scopes import Scope

NATIVE = "native"
_encoder = msgspec.json.Encoder()


class FrontDoor(WorkspaceView):
    """Authenticate, read, hand to the service, answer after its commit."""

    door: ClassVar[str] = NATIVE  # by whose name what is refused is counted
    parser_classes = ()  # the body is read as it is
    admits_runs: ClassVar[bool] = False  # with the keys of managed runs
    in_transaction = False  # taking in opens its own, after a look at the limits

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        header = key_header(request)
        if request.method != "POST" or not header:
            return super().dispatch(request, *args, **kwargs)
        try:
            caller = find_key_caller(header)
            if caller is None:
                return super().dispatch(request, *args, **kwargs)
            actor, workspace = self._enter(request, header, caller, kwargs["workspace"])
            structlog.contextvars.bind_contextvars(workspace_id=str(workspace.id))
            return self.take_in(workspace, actor, self._read(request, workspace, actor))
        except DomainError as error:
            return refusal_response(error, request)

    def _read(self, request: HttpRequest, workspace: WorkspaceRef, actor: Actor) -> Decoded:
        """Read; what cannot be read at all is counted."""
        try:
            return self.read(request, actor)
        except (InvalidRequest, BatchTooLarge, UnsupportedMedia) as error:
            services.count_refused_request(
                workspace_id=workspace.id,
                door=self.door,
                error=error,
                body=_shown(request),
                now=utc_now(),
            )
            raise

    def _enter(
        self, request: HttpRequest, header: str, caller: Caller, workspace: str
    ) -> tuple[Actor, WorkspaceRef]:
        def enter(caller: Caller) -> tuple[Actor, WorkspaceRef]:
            return enter_workspace(
                caller, workspace, request=request, writes=True, admits_runs=self.admits_runs
            )

        def anew() -> Caller:
            found = find_key_caller(header)
            assert found is not None  # the header holds a key; an ended one is refused
            return found

        return never_by_memory(caller, anew, enter)

    def read(self, request: HttpRequest, actor: Actor) -> Decoded:
        """Return the items of the body, having checked that the actor may send them."""
        raise NotImplementedError

    def take_in(self, workspace: WorkspaceRef, actor: Actor, decoded: Decoded) -> HttpResponse:
        """Hand the items to the service and answer after its commit."""
        return _taken(
            *services.take_in_at(door=NATIVE, workspace=workspace, actor=actor, decoded=decoded)
        )

    def answer(self, request: WorkspaceRequest) -> HttpResponse:
        """Answer a browser."""
        decoded = self._read(request._request, request.workspace, request.actor)
        return self.take_in(request.workspace, request.actor, decoded)


class Ingest(FrontDoor):
    """One batch of anything that a process has to report."""

    scopes: ClassVar = {"POST": Scope.TELEMETRY_WRITE}
    admits_runs: ClassVar = True  # to what is the run's own; the service sees to that

    def read(self, request: HttpRequest, actor: Actor) -> Decoded:
        decoded = decode_batch(_body(request))
        batch = decoded.batch
        if batch.runs or batch.task_runs or batch.heartbeats:
            require_scope(actor, Scope.RUNS_REPORT)
        if (batch.logs or batch.events or batch.points) and actor.run is None:
            require_scope(actor, Scope.TELEMETRY_WRITE)
        return decoded

    @extend_schema(
        operation_id="ingest_batch", request=wire.BatchInput, responses=wire.AnswerOutput
    )
    def post(self, request: WorkspaceRequest) -> HttpResponse:
        return self.answer(request)


class Events(FrontDoor):
    """Events: sent as a plain list, read newest first."""

    scopes: ClassVar = {"GET": Scope.TELEMETRY_READ, "POST": Scope.TELEMETRY_WRITE}

    @extend_schema(
        operation_id="list_events",
        parameters=[wire.EventPageQuery],
        responses=wire.EventPageOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = wire.EventPageQuery.read(request)
        workspace_id = request.workspace.id
        with workspace_scope(workspace_id):
            found = telemetry.search_events(
                workspace_id=workspace_id,
                only=telemetry.EventSearch(
                    query=asked["query"], since=asked.get("since"), until=asked.get("until")
                ),
                below=read_key(asked.get("cursor")),
                limit=read_limit(request),
            )
        return Response(
            {
                "items": [telemetry.event_item(event) for event in found.rows],
                "next_cursor": key_cursor(found.below),
                "searched_to": found.back_to,
            }
        )

    def read(self, request: HttpRequest, actor: Actor) -> Decoded:
        require_scope(actor, Scope.TELEMETRY_WRITE)
        return decode_events(_body(request))

    @extend_schema(
        operation_id="send_events", request=wire.EventsInput, responses=wire.AnswerOutput
    )
    def post(self, request: WorkspaceRequest) -> HttpResponse:
        return self.answer(request)

    def take_in(self, workspace: WorkspaceRef, actor: Actor, decoded: Decoded) -> HttpResponse:
        answer, admission = services.take_in_at(
            door=NATIVE, workspace=workspace, actor=actor, decoded=decoded
        )
        if admission.nothing_fits:
            raise admission.refusal()
        return _taken(answer, admission)


def _taken(answer: services.Answer, admission: services.Admission) -> HttpResponse:
    return HttpResponse(
        _encoder.encode(answer), content_type="application/json", headers=admission.headers()
    )


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise UnsupportedMedia("The Content-Type must be application/json.")
    return unpack(sent_body(request), request.headers.get("Content-Encoding", "").strip().lower())


def _shown(request: HttpRequest) -> bytes:
    """Return the body as far as it was read: one that announces too much is not."""
    return getattr(request, "_body", b"")
