"""
Front doors of foreign protocols, at the addresses that their clients expect.

The workspace is the key's own. What answers mean is the protocol's to say, so each door has its own
words for "taken", "partly taken", "too much at once" and "no".
PERF: as the native door, these do not pass through DRF.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import msgspec
import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from apps.core.clock import utc_now
from apps.core.errors import (
    DomainError,
    RateLimited,
    Unauthenticated,
    UnsupportedMedia,
)
from apps.core.http.exception_handler import (
    envelope,
    refusal_body,
    refusal_response,
    request_id_of,
)
from apps.core.http.json import dumps
from apps.ingest import services
from apps.ingest.api.bodies import sent_body
from apps.ingest.api.key_headers import key_header
from apps.ingest.decode import Decoded, unpack
from apps.ingest.doors import cloudevents, openlineage, otlp_spans, prometheus
from apps.ingest.doors.protobuf import encode_field
from apps.ingest.errors import ComeBack, NothingTaken, PartlyTaken
from apps.telemetry.items import Refusal
from apps.tenancy.actors import Actor, Caller, WorkspaceRef
from apps.tenancy.authentication import find_key_caller
from apps.tenancy.http import enter_workspace, never_by_memory
from apps.tenancy.permissions import require_scope
from apps.tenancy.scopes import Scope

TOLD: Final = 20  # refusals that an answer spells out; the rest is counted

_encoder = msgspec.json.Encoder()
_JSON: Final = "application/json"
_PROTOBUF: Final = "application/x-protobuf"
_WRITE_V1: Final = "prometheus.WriteRequest"
_REJECTED: Final = {
    "events": "rejectedSpans",
    "points": "rejectedDataPoints",
    "logs": "rejectedLogRecords",
}
# HTTP → google.rpc.Code
_STATUS: Final = {400: 3, 401: 16, 403: 7, 404: 5, 413: 3, 415: 3, 429: 8, 503: 14}
_UNKNOWN: Final = 2


class Message(NamedTuple):
    """What came: the unpacked body, around it the request, and when."""

    body: bytes
    request: HttpRequest
    now: datetime


@method_decorator(csrf_exempt, name="dispatch")  # keys only: a browser's session opens no door
class Door(View, ABC):
    """Find the key's workspace, read, hand to the service, answer after its commit."""

    name: ClassVar[str]
    media: ClassVar[frozenset[str]] = frozenset({_JSON})

    def dispatch(self, request: HttpRequest, *_args: Any, **named: Any) -> HttpResponseBase:
        if request.method != "POST":
            return _not_allowed(request)
        try:
            actor, workspace = self.enter(request, **named)
        except DomainError as error:
            return self.refuse(request, error)
        structlog.contextvars.bind_contextvars(workspace_id=str(workspace.id))
        body = b""
        try:
            self.check_media(request)
            body = sent_body(request)
            body = self.unpack(body, request.headers.get("Content-Encoding", "").strip().lower())
            decoded = self.decode(Message(body, request, utc_now()))
        except DomainError as error:
            self.count_refused(workspace, error, body, utc_now())
            return self.refuse(request, error)
        return self.take_in(request, actor, workspace, decoded)

    def enter(self, request: HttpRequest, **_named: Any) -> tuple[Actor, WorkspaceRef]:
        """Return who sends, and the workspace; `named` is what the address names."""
        return _enter(request)

    def check_media(self, request: HttpRequest) -> None:
        """Raises: UnsupportedMedia for what the door does not read."""
        if request.content_type not in self.media:
            raise UnsupportedMedia(
                f"The Content-Type must be {' or '.join(sorted(self.media))}.",
                content_type=str(request.content_type)[:200],
            )

    def unpack(self, body: bytes, encoding: str) -> bytes:
        """Return the body as it was before it was packed."""
        return unpack(body, encoding)

    @abstractmethod
    def decode(self, message: Message) -> Decoded:
        """Return the items of the unpacked body."""

    def count_refused(
        self, workspace: WorkspaceRef, error: DomainError, body: bytes, now: datetime
    ) -> None:
        """Count a request of which nothing could be read."""
        services.count_refused_request(
            workspace_id=workspace.id, door=self.name, error=error, body=body, now=now
        )

    def take_in(
        self, request: HttpRequest, actor: Actor, workspace: WorkspaceRef, decoded: Decoded
    ) -> HttpResponse:
        """Hand the items to the service and answer after its commit."""
        answer, admission = services.take_in_at(
            door=self.name, workspace=workspace, actor=actor, decoded=decoded, whole=True
        )
        return self.answer(request, answer, admission, decoded)

    @abstractmethod
    def answer(
        self,
        request: HttpRequest,
        answer: services.Answer,
        admission: services.Admission,
        decoded: Decoded,
    ) -> HttpResponse:
        """Say what became of the items."""

    def refuse(self, request: HttpRequest, error: DomainError) -> HttpResponse:
        """Say why nothing, or not all, was taken."""
        response = refusal_response(error, request)
        # Or Django would log a 503 as a failure of ours.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response


class JSONDoor(Door):
    """A door whose protocol says little of answers: they look like those of the native door."""

    taken_status: ClassVar = 200

    def answer(
        self,
        request: HttpRequest,
        answer: services.Answer,
        admission: services.Admission,
        decoded: Decoded,
    ) -> HttpResponse:
        if admission.wait_seconds is not None:
            return self.refuse(request, self.too_much(admission.wait_seconds))
        if answer.rejected and len({each.index for each in answer.rejected}) == decoded.count:
            first = answer.rejected[0]
            return self.refuse(
                request,
                NothingTaken(
                    first.message, rejected=[msgspec.to_builtins(r) for r in answer.rejected[:TOLD]]
                ),
            )
        return HttpResponse(
            _encoder.encode(
                {
                    "accepted": answer.accepted,
                    "duplicates": answer.duplicates,
                    "rejected": answer.rejected,
                }
            ),
            status=self.taken_status,
            content_type=_JSON,
            headers=admission.headers(),
        )

    def too_much(self, wait_seconds: int) -> DomainError:
        """Return the refusal of a request that was not taken whole because of a rate limit."""
        return _too_much(wait_seconds)


class OpenLineage(JSONDoor):
    """`/api/v1/lineage` and `/api/v1/lineage/batch`: one event or a list of them, at either."""

    name = "openlineage"
    taken_status = 201

    def decode(self, message: Message) -> Decoded:
        return openlineage.decode(message.body)

    def too_much(self, wait_seconds: int) -> DomainError:
        return _come_back(wait_seconds)


class CloudEvents(JSONDoor):
    """`/cloudevents`."""

    name = "cloudevents"

    def check_media(self, request: HttpRequest) -> None:
        """Any: of a binary event it is the data's."""

    def decode(self, message: Message) -> Decoded:
        headers = message.request.headers
        return cloudevents.decode(
            message.body,
            content_type=(message.request.content_type or "").lower(),
            headers={name.lower(): value for name, value in headers.items()},
            now=message.now,
        )


class OTLP(Door):
    """
    `/otlp/v1/{traces,metrics,logs}`: protobuf or JSON, and answers in what was sent.

    What is refused for good is told as a partial success; over a rate limit it is 429 for all, and
    what is sent again is known by its ids.
    """

    name = "otlp"
    media = frozenset({_JSON, _PROTOBUF})
    read: Callable[..., Decoded] = staticmethod(otlp_spans.decode)  # as_view() says which

    def decode(self, message: Message) -> Decoded:
        return self.read(message.body, as_json=message.request.content_type == _JSON)

    def answer(
        self,
        request: HttpRequest,
        answer: services.Answer,
        admission: services.Admission,
        decoded: Decoded,
    ) -> HttpResponse:
        if admission.wait_seconds is not None:
            return self.refuse(request, _too_much(admission.wait_seconds))
        rejected = len({each.index for each in answer.rejected})
        said = _told(answer.rejected) if rejected else ""
        kind = next(iter(decoded.places))
        if request.content_type == _JSON:
            partial = {_REJECTED[kind]: str(rejected), "errorMessage": said}
            data = _encoder.encode({"partialSuccess": partial} if rejected else {})
        else:
            partial_bytes = encode_field(1, rejected) + encode_field(2, said.encode())
            data = encode_field(1, partial_bytes) if rejected else b""
        return HttpResponse(data, content_type=request.content_type, headers=admission.headers())

    def refuse(self, request: HttpRequest, error: DomainError) -> HttpResponse:
        """Say it as google.rpc.Status, which is what the protocol's clients read."""
        response = super().refuse(request, error)
        code = _STATUS.get(error.status, _UNKNOWN)
        if request.content_type == _PROTOBUF:
            response.content = encode_field(1, code) + encode_field(2, error.message.encode())
            response["Content-Type"] = _PROTOBUF
        else:
            body = refusal_body(error, request_id_of(request))
            response.content = dumps({"code": code, "message": error.message} | body)
        return response


class Prometheus(Door):
    """
    `/api/v1/prometheus/write`: remote write 1.0.

    A sender repeats what a 5xx refuses and drops what a 4xx does; so 400 tells of bad samples
    whether or not others were stored, and 503 of a rate limit. NaN is only counted as refused:
    Prometheus logs each 4xx, takes the whole request for lost and alarms people, and exporters say
    NaN all day long.
    """

    name = "prometheus"
    media = frozenset({_PROTOBUF})

    def check_media(self, request: HttpRequest) -> None:
        super().check_media(request)
        proto = (request.content_params or {}).get("proto", _WRITE_V1)
        if proto != _WRITE_V1:
            raise UnsupportedMedia("Only remote write 1.0 is read.", proto=proto[:200])

    def unpack(self, body: bytes, encoding: str) -> bytes:
        if encoding != "snappy":
            raise UnsupportedMedia("The Content-Encoding must be snappy.", encoding=encoding[:200])
        return prometheus.unpack(body)

    def decode(self, message: Message) -> Decoded:
        return prometheus.decode(message.body)

    def answer(
        self,
        request: HttpRequest,
        answer: services.Answer,
        admission: services.Admission,
        decoded: Decoded,
    ) -> HttpResponse:
        if admission.wait_seconds is not None:
            return self.refuse(request, _come_back(admission.wait_seconds))
        if any(each.code != prometheus.NO_NUMBER for each in answer.rejected):
            refused = {each.index for each in answer.rejected}
            kind = NothingTaken if len(refused) == decoded.count else PartlyTaken
            told = [msgspec.to_builtins(each) for each in answer.rejected[:TOLD]]
            return self.refuse(request, kind(_told(answer.rejected), rejected=told))
        return HttpResponse(status=204, headers=admission.headers())


def _told(refusals: Sequence[Refusal]) -> str:
    """Return what was wrong in one line: each code with how often, and the first message of it."""
    counts = Counter(each.code for each in refusals)
    first = {each.code: each for each in reversed(refusals)}
    return "; ".join(
        f"{count} × {code}: {first[code].message}"
        + (f" ({first[code].field})" if first[code].field else "")
        for code, count in counts.most_common(TOLD)
    )


def _enter(request: HttpRequest) -> tuple[Actor, WorkspaceRef]:
    header = key_header(request)

    def find() -> Caller:
        caller = find_key_caller(header)
        if caller is None:
            raise Unauthenticated("Send an API key: Authorization: Bearer hw_… or X-API-Key.")
        return caller

    def enter(caller: Caller) -> tuple[Actor, WorkspaceRef]:
        entrance = caller.entrance
        assert entrance is not None
        assert entrance.workspace is not None  # keys without one are refused
        actor, workspace = enter_workspace(
            caller, entrance.workspace.slug, request=request, writes=True
        )
        require_scope(actor, Scope.TELEMETRY_WRITE)
        return actor, workspace

    return never_by_memory(find(), find, enter)


def _too_much(wait_seconds: int) -> RateLimited:
    return RateLimited(
        "Over what the workspace may send in a minute; send it again later.",
        retry_after_seconds=wait_seconds,
    )


def _come_back(wait_seconds: int) -> ComeBack:
    # For clients that repeat what a 503 refuses, and lose what a 429 does.
    return ComeBack(
        "Over what the workspace may send in a minute; send it again later.",
        retry_after_seconds=wait_seconds,
    )


def _not_allowed(request: HttpRequest) -> HttpResponse:
    body = envelope(
        code="method_not_allowed",
        message="Send POST requests here.",
        request_id=request_id_of(request),
    )
    return HttpResponse(dumps(body), status=405, content_type=_JSON, headers={"Allow": "POST"})
