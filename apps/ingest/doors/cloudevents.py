"""
CloudEvents 1.0 over HTTP: binary, structured and batched. Pure.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from msgspec import Raw

from apps.core.errors import UnsupportedMedia
from apps.core.ids import derived_uuid7
from apps.ingest import limits
from apps.ingest.decode import Decoded, check_count, explain, malformed, readable
from apps.ingest.doors.items import Collector, EventName, ItemRefused, Moment, Namespace, uuid_of
from apps.ingest.doors.items import ResourceName as Subject
from apps.telemetry.items import NewEvent, Resource

SOURCE: Final = "cloudevents"
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
RUN: Final = "headwayrunid"  # an extension attribute: the run that the event belongs to
ATTRIBUTES: Final = 50  # of one event
EVENT_BYTES: Final = 1024 * 1024  # before it is looked into; what is stored of it is far less
VERSIONS: Final = frozenset({"1.0", "0.3"})

_ATTRIBUTE = re.compile(r"^[a-z0-9]{1,60}$")
_list = msgspec.json.Decoder(list[Raw])
_object = msgspec.json.Decoder(dict[str, Raw])
_Fields = Mapping[str, str]


def decode(body: bytes, *, content_type: str, headers: Mapping[str, str], now: datetime) -> Decoded:
    """
    Read the event of the headers and body, of the body, or the events of a batch.

    `content_type` without its parameters; `headers` in lower case. `now` stands in for `time`.
    Raises: InvalidRequest, BatchTooLarge, UnsupportedMedia.
    """
    found = Collector("events")
    if content_type == BATCH:
        body = readable(body)
        try:
            parts = _list.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise malformed(error) from error
        check_count(len(parts), limits.FOREIGN_ITEMS)
        for part in parts:
            _take(found, bytes(part), now)
        return found.decoded()
    if content_type.startswith("application/cloudevents"):
        if content_type != STRUCTURED:
            raise UnsupportedMedia("Of the structured formats JSON is read.", given=content_type)
        body = readable(body)
        try:
            msgspec.json.decode(body, type=Raw)
        except (msgspec.DecodeError, RecursionError) as error:
            raise malformed(error) from error
        _take(found, body, now)
        return found.decoded()
    if "ce-specversion" not in headers:
        raise UnsupportedMedia(
            f"Send {STRUCTURED} or {BATCH}, or an event's attributes as ce- headers."
        )
    found.begin(body)
    try:
        attributes = {
            name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")
        }
        if content_type:
            attributes["datacontenttype"] = content_type
        found.add(_event(attributes, *_binary_data(body, content_type), now))
    except ItemRefused as refused:
        found.refuse(refused)
    return found.decoded()


def _take(found: Collector, raw: bytes, now: datetime) -> None:
    found.begin(raw)
    try:
        found.add(_structured(raw, now))
    except ItemRefused as refused:
        found.refuse(refused)


def _structured(raw: bytes, now: datetime) -> NewEvent:
    if len(raw) > EVENT_BYTES:
        raise ItemRefused(f"The event is over {EVENT_BYTES} bytes.", code="too_large")
    try:
        fields = _object.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ItemRefused(*explain(error)) from error
    data = fields.pop("data", None)
    name = "data"
    if (packed := fields.pop("data_base64", None)) is not None:
        if data is not None:
            raise ItemRefused("Either data or data_base64.", "data_base64")
        data, name = packed, "data_base64"
        _check_base64(bytes(data))
    return _event(_plain(fields), name, None if data is None else bytes(data), now)


def _check_base64(data: bytes) -> None:
    try:
        b64decode(msgspec.json.decode(data, type=str), validate=True)
    except msgspec.DecodeError as error:
        raise ItemRefused("Expected `str`.", "data_base64") from error
    except ValueError as error:
        raise ItemRefused("Not base64.", "data_base64") from error


def _plain(fields: Mapping[str, Raw]) -> dict[str, str]:
    """Return attributes as text; JSON may have them as numbers and booleans too."""
    plain: dict[str, str] = {}
    for name, raw in fields.items():
        data = bytes(raw).strip()
        if data == b"null":
            continue
        if data[:1] in {b"{", b"["}:
            raise ItemRefused("An attribute is a text, a number or a boolean.", name)
        try:
            plain[name] = msgspec.json.decode(data, type=str) if data[:1] == b'"' else data.decode()
        except msgspec.DecodeError as error:
            raise ItemRefused("Not a text.", name) from error
    return plain


def _binary_data(body: bytes, content_type: str) -> tuple[str, bytes | None]:
    if not body:
        return "data", None
    says_json = content_type == "application/json" or content_type.endswith("+json")
    # Some clients send JSON and do not say so.
    if says_json or not content_type:
        try:
            msgspec.json.decode(body, type=Raw)
            return "data", readable(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            if says_json:
                raise ItemRefused("The data is not the JSON it says it is.", "data") from error
    try:
        text = body.decode() if content_type.startswith("text/") or not content_type else None
    except UnicodeDecodeError:
        text = None
    if text is not None:
        return "data", msgspec.json.encode(text)
    return "data_base64", msgspec.json.encode(b64encode(body).decode())


def _event(attributes: _Fields, data_name: str, data: bytes | None, now: datetime) -> NewEvent:
    if len(attributes) > ATTRIBUTES:
        raise ItemRefused(f"More than {ATTRIBUTES} attributes.")
    for name in attributes:
        if not _ATTRIBUTE.match(name):
            raise ItemRefused("Attributes have names of lower-case letters and digits.", name[:60])
    for name in ("id", "source", "type", "specversion"):
        if not attributes.get(name):
            raise ItemRefused(f"Object missing required field `{name}`.", name)
    if attributes["specversion"] not in VERSIONS:
        raise ItemRefused("Only versions 1.0 and 0.3 are read.", "specversion")
    run_id = None
    if RUN in attributes and (run_id := uuid_of(attributes[RUN])) is None:
        raise ItemRefused("Expected the id of a run.", RUN)
    subject = attributes.get("subject")
    resource = None
    name = _checked(attributes["type"], EventName, "type")
    source = _checked(attributes["source"], Namespace, "source")
    if subject:
        resource = Resource(
            kind="subject", namespace=source, name=_checked(subject, Subject, "subject")
        )
    given = attributes.get("time")
    at = now
    if given:
        try:
            at = msgspec.convert(given, Moment)
        except (msgspec.ValidationError, OverflowError) as error:
            raise ItemRefused("Expected an RFC 3339 time with an offset.", "time") from error
    payload = b'{"cloudevent":' + msgspec.json.encode(attributes)
    if data is not None:
        payload += b',"' + data_name.encode() + b'":' + data
    return NewEvent(
        name=name,
        occurred_at=at,
        # What the protocol says is the event's identity. Without its own time it is a new one at
        # each arrival: the store knows an event by its time and its id together.
        id=derived_uuid7(at, SOURCE, source, attributes["id"]),
        resource=resource,
        payload=Raw(payload + b"}"),
        run_id=run_id,
        source=SOURCE,
    )


def _checked(text: str, type_: Any, field: str) -> str:
    try:
        checked: str = msgspec.convert(text, type_)
    except msgspec.ValidationError as error:
        raise ItemRefused(explain(error)[0], field) from error
    return checked
