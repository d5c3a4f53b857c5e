"""OTLP traces: a span becomes one event, at its end. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from apps.ingest.decode import Decoded
from apps.ingest.doors import otlp
from apps.ingest.doors.items import Collector, ItemRefused, moment_of
from apps.ingest.doors.otlp import Group, JPair
from apps.telemetry import limits
from apps.telemetry.items import NewEvent, Resource

SOURCE: Final = "otlp"
QUERY: Final = "query.executed"
MODEL: Final = "llm.called"
SPAN: Final = "otel.span"
# By number, as both encodings have them.
KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES: Final = ("unset", "ok", "error")

_SYSTEMS: Final = frozenset({"db.system", "db.system.name", "db.statement"})


class _JStatus(Struct, gc=False):
    message: str = ""
    code: int = 0


class _JEvent(Struct, rename="camel", gc=False):
    time_unix_nano: int | str = 0
    name: str = ""
    attributes: list[JPair] = []


class _JLink(Struct, rename="camel", gc=False):
    trace_id: str = ""
    span_id: str = ""
    attributes: list[JPair] = []


class _JSpan(Struct, rename="camel", gc=False):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    trace_state: str = ""
    name: str = ""
    kind: int = 0
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: list[JPair] = []
    events: list[_JEvent] = []
    links: list[_JLink] = []
    status: _JStatus | None = None


_json_span = msgspec.json.Decoder(_JSpan).decode


def decode(body: bytes, *, as_json: bool) -> Decoded:
    """Read an export request. Raises: InvalidRequest, BatchTooLarge."""
    groups = otlp.groups_of_json(body, "spans") if as_json else otlp.groups_of_protobuf(body)
    read = _json_span if as_json else Span.FromString
    found = Collector("events")
    for group, raw in otlp.each_item(groups):
        found.begin(raw)
        try:
            found.add(_event(otlp.parsed(raw, read), group))
        except ItemRefused as refused:
            found.refuse(refused)
    return found.decoded()


def _event(span: Any, group: Group) -> NewEvent:
    attributes = otlp.attributes_of(span.attributes)
    start = otlp.integer(span.start_time_unix_nano, "startTimeUnixNano")
    end = otlp.integer(span.end_time_unix_nano, "endTimeUnixNano")
    ended_at = moment_of(end, "endTimeUnixNano")
    started_at = moment_of(start, "startTimeUnixNano")
    run_id, task_run_id = otlp.run_ids(attributes, group.resource)
    status = span.status
    payload = {
        "trace_id": otlp.hex_id(span.trace_id, 16, "traceId"),
        "span_id": otlp.hex_id(span.span_id, 8, "spanId"),
        "parent_span_id": otlp.hex_id(span.parent_span_id, 8, "parentSpanId", optional=True),
        "name": span.name,
        "kind": _word(KINDS, span.kind, "kind"),
        "started_at": started_at,
        # Clocks that were set back make it negative: as measured.
        "duration_ms": (end - start) / 1e6,
        "status": _word(STATUSES, status.code if status else 0, "status.code"),
        "status_message": status.message if status else "",
        "attributes": attributes,
        "resource": group.resource,
        "scope": group.scope,
        "events": [
            {
                "name": each.name,
                "at": _time_of_event(each),
                "attributes": otlp.attributes_of(each.attributes),
            }
            for each in span.events
        ],
        "links": [
            {
                # Zero where only the attributes of a link are known, which SDKs keep.
                "trace_id": otlp.hex_id(each.trace_id, 16, "links.traceId", optional=True),
                "span_id": otlp.hex_id(each.span_id, 8, "links.spanId", optional=True),
                "attributes": otlp.attributes_of(each.attributes),
            }
            for each in span.links
        ],
    }
    if span.trace_state:
        payload["trace_state"] = span.trace_state
    return NewEvent(
        name=_name(attributes),
        occurred_at=ended_at,
        resource=service_of(group),
        payload=Raw(msgspec.json.encode(payload)),
        run_id=run_id,
        task_run_id=task_run_id,
        source=SOURCE,
    )


def _time_of_event(event: Any) -> datetime | None:
    """Return when it was; None where the sender did not say: the span is worth more than that."""
    time = otlp.integer(event.time_unix_nano, "events.timeUnixNano")
    return moment_of(time, "events.timeUnixNano") if time else None


def service_of(group: Group) -> Resource:
    """Return the service that a group of items is of."""
    return Resource(
        kind="service",
        namespace=otlp.text(group.resource, "service.namespace", limits.NAME_LENGTH) or None,
        name=otlp.text(group.resource, "service.name", limits.RESOURCE_NAME_LENGTH)
        or "unknown_service",
    )


def _name(attributes: dict[str, object]) -> str:
    if any(name in _SYSTEMS or name.startswith("db.query.") for name in attributes):
        return QUERY
    return MODEL if any(name.startswith("gen_ai.") for name in attributes) else SPAN


def _word(words: tuple[str, ...], number: int, field: str) -> str:
    if 0 <= number < len(words):
        return words[number]
    raise ItemRefused(f"Expected 0 to {len(words) - 1}.", field)
