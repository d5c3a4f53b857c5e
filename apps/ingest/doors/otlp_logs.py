"""OTLP logs: a record becomes a line. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from apps.ingest.decode import Decoded
from apps.ingest.doors import otlp
from apps.ingest.doors.items import Collector, ItemRefused, moment_of
from apps.ingest.doors.otlp import Group, JAny, JPair
from apps.telemetry import limits
from apps.telemetry.items import Level, NewLogLine

_STACK: Final = "exception.stacktrace"
_WORDS: Final[dict[str, Level]] = {
    "trace": "DEBUG",
    "debug": "DEBUG",
    "info": "INFO",
    "notice": "INFO",
    "warn": "WARNING",
    "warning": "WARNING",
    "error": "ERROR",
    "fatal": "CRITICAL",
    "critical": "CRITICAL",
}


class _JRecord(Struct, rename="camel", gc=False):
    time_unix_nano: int | str = 0
    observed_time_unix_nano: int | str = 0
    severity_number: int = 0
    severity_text: str = ""
    body: JAny | None = None
    attributes: list[JPair] = []
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


_json_record = msgspec.json.Decoder(_JRecord).decode


def decode(body: bytes, *, as_json: bool) -> Decoded:
    """Read an export request. Raises: InvalidRequest, BatchTooLarge."""
    groups = otlp.groups_of_json(body, "logs") if as_json else otlp.groups_of_protobuf(body)
    read = _json_record if as_json else LogRecord.FromString
    found = Collector("logs")
    for group, raw in otlp.each_item(groups):
        found.begin(raw)
        try:
            found.add(_line(otlp.parsed(raw, read), group))
        except ItemRefused as refused:
            found.refuse(refused)
    return found.decoded()


def _line(record: Any, group: Group) -> NewLogLine:
    attributes = otlp.attributes_of(record.attributes)
    at = otlp.integer(record.time_unix_nano, "timeUnixNano")
    at = at or otlp.integer(record.observed_time_unix_nano, "observedTimeUnixNano")
    run_id, task_run_id = otlp.run_ids(attributes, group.resource)
    return NewLogLine(
        occurred_at=moment_of(at, "timeUnixNano"),
        level=_level(record.severity_number, record.severity_text),
        message=_message(record, attributes, group),
        run_id=run_id,
        task_run_id=task_run_id,
        logger=otlp.text(group.scope, "name", limits.LOGGER_LENGTH),
    )


def _level(number: int, word: str) -> Level:
    if not number:
        return _WORDS.get(word.lower(), "INFO")
    if number <= 8:
        return "DEBUG"
    if number <= 12:
        return "INFO"
    if number <= 16:
        return "WARNING"
    return "ERROR" if number <= 20 else "CRITICAL"


def _message(record: Any, attributes: dict[str, object], group: Group) -> str:
    """
    Return the record's text; below it the stack of an exception, and the rest of it as JSON.

    A line has no columns for attributes, and its text is what is searched.
    """
    has_body = record.body is not None and (
        isinstance(record.body, JAny) or record.HasField("body")
    )
    body = otlp.value_of(record.body) if has_body else None
    said = body if isinstance(body, str) else "" if body is None else _json(body)
    stack = attributes.pop(_STACK, None)
    rest: dict[str, object] = {}
    if record.event_name:
        rest["event_name"] = record.event_name
    if service := group.resource.get("service.name"):
        rest["service.name"] = service
    if trace_id := otlp.hex_id(record.trace_id, 16, "traceId", optional=True):
        rest["trace_id"] = trace_id
    if span_id := otlp.hex_id(record.span_id, 8, "spanId", optional=True):
        rest["span_id"] = span_id
    # Where in the code: in every record, and of no use without the code.
    rest |= {
        name: value
        for name, value in attributes.items()
        if not name.startswith("code.") and name not in {otlp.RUN, otlp.TASK_RUN}
    }
    parts = [said, *([str(stack)] if stack else []), *([_json(rest)] if rest else [])]
    return "\n".join(part for part in parts if part)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
