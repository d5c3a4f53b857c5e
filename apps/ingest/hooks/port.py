"""What a webhook is told of a delivery, and what its preset makes of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Raw

from apps.core.errors import InvalidRequest
from apps.core.ids import derived_uuid7
from apps.core.outbound import Outcome
from apps.ingest.decode import malformed, readable
from apps.ingest.doors.items import Collector, ItemRefused
from apps.telemetry.items import NewEvent, Relation, Resource
from apps.telemetry.limits import NAME_LENGTH, PAYLOAD_BYTES, RESOURCE_NAME_LENGTH

SOURCE: Final = "webhook"
JSON: Final = frozenset({"application/json"})
FORM: Final = "application/x-www-form-urlencoded"

FirstSeen = Callable[[str], datetime]
Fetch = Callable[[str], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook, as far as reading what comes is concerned."""

    id: UUID
    name: str
    preset: str
    secret: str = ""
    template: str = ""  # of the custom preset
    topic_arn: str = ""  # of SNS: the one topic that may send
    header: str = ""  # of the generic and the custom: where the signature stands, in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    One request at a webhook's address.

    `headers` have lower-case names. `first_seen` says when this webhook first had a delivery of
    this key: so that one without a time of its own has the same time however often it is repeated.
    """

    hook: Hook
    body: bytes
    content_type: str
    headers: Mapping[str, str]
    now: datetime
    first_seen: FirstSeen
    fetch: Fetch

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def document(self) -> Any:
        """Return the body's JSON. Raises: InvalidRequest."""
        return document_of(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a protocol wants to hear before anything else; nothing is stored then."""

    text: str = ""


class Preset(Protocol):
    """One module for each kind of sender."""

    MEDIA: frozenset[str]

    def verify(self, delivery: Delivery) -> None:
        """Raises: BadSignature, StaleDelivery; what says that it is not from whom it should be."""

    def read(self, delivery: Delivery, found: Collector) -> Reply | None:
        """Collect the delivery's events. Raises: InvalidRequest and other refusals."""


def is_json(content_type: str) -> bool:
    """Whether what comes is JSON, also by a name of its own (`application/vnd.github+json`)."""
    kind, _, name = content_type.partition("/")
    return content_type in JSON or (kind == "application" and name.endswith("+json"))


def document_of(body: bytes) -> Any:
    """Return the JSON without what cannot be stored. Raises: InvalidRequest."""
    try:
        return msgspec.json.decode(readable(body))
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(error) from error


def object_of(delivery: Delivery) -> dict[str, Any]:
    """Return the body's JSON object. Raises: InvalidRequest."""
    document = delivery.document()
    if not isinstance(document, dict):
        raise InvalidRequest("Expected a JSON object.")
    return document


def event(
    delivery: Delivery,
    *,
    key: tuple[str, ...],
    name: str,
    at: datetime,
    payload: dict[str, Any],
    resource: Resource | None = None,
    related: list[Relation] | None = None,
    follows: UUID | None = None,
) -> NewEvent:
    """Return the event of a delivery; `key` is what the sender tells its deliveries apart by."""
    return NewEvent(
        name=name[:NAME_LENGTH],
        occurred_at=at,
        id=event_id(delivery, at, key),
        resource=resource,
        related=related or [],
        payload=fitting(payload),
        follows=follows,
        source=SOURCE,
    )


def event_id(delivery: Delivery, at: datetime, key: tuple[str, ...]) -> UUID:
    """Return the id that the event of this key has: a repeated delivery is a duplicate."""
    return derived_uuid7(at, SOURCE, str(delivery.hook.id), *(printable(part) for part in key))


def printable(text: str) -> str:
    """Return the text as UTF-8 can hold it."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def fitting(payload: dict[str, Any]) -> Raw:
    """
    Return the payload, without its largest members where it is too large to be stored.

    `_headway.left_out` names those. Raises: ItemRefused when nothing helps.
    """
    data = msgspec.json.encode(payload)
    if len(data) <= PAYLOAD_BYTES:
        return Raw(data)
    sizes = sorted(
        ((len(msgspec.json.encode(inner)) + len(name.encode()) + 4, name)
         for name, inner in payload.items()),
        reverse=True,
    )  # fmt: skip
    left_out: list[str] = []
    size = len(data) + len('"_headway":{"left_out":[]},')
    for each, name in sizes:
        if size <= PAYLOAD_BYTES or len(left_out) == len(sizes) - 1:
            break
        left_out.append(name)
        size += len(name.encode()) + 3 - each
    # SECURITY: of so many members as a body may have, a list would be looked through for minutes.
    gone = frozenset(left_out)
    kept = {name: inner for name, inner in payload.items() if name not in gone}
    data = msgspec.json.encode(kept | {"_headway": {"left_out": left_out}})
    if len(data) > PAYLOAD_BYTES:
        raise ItemRefused(f"The payload is over {PAYLOAD_BYTES} bytes.", code="too_large")
    return Raw(data)


def resource(kind: str, name: object, namespace: object = None) -> Resource | None:
    """Return the resource, None where the sender does not name it."""
    if not (text := text_of(name)):
        return None
    place = text_of(namespace)
    return Resource(
        kind=kind, name=text[:RESOURCE_NAME_LENGTH], namespace=place and place[:NAME_LENGTH]
    )


def relation(role: str, kind: str, name: object, namespace: object = None) -> list[Relation]:
    """Return the relation as a list of one; empty where the sender does not name the other."""
    found = resource(kind, name, namespace)
    if found is None:
        return []
    return [Relation(role=role, kind=kind, name=found.name, namespace=found.namespace)]


def text_of(value: object) -> str | None:
    """Return a text that is not empty, or a whole number as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) and value else None


def within(value: object, *path: str) -> Any:
    """Return what stands at the path, None when the path ends before."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def time_of(value: object) -> datetime | None:
    """Return the moment of an RFC 3339 text, or of seconds since 1970; None when it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        # Beyond the calendar it is no moment.
        return datetime.fromtimestamp(value, UTC) if 0 < value < 250_000_000_000 else None
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def needed_time(value: object, field: str) -> datetime:
    """Raises: ItemRefused for what is no moment."""
    found = time_of(value)
    if found is None:
        raise ItemRefused("Expected a time with an offset.", field)
    return found


def needed_text(value: object, field: str) -> str:
    """Raises: ItemRefused for what is no text."""
    found = text_of(value)
    if found is None:
        raise ItemRefused("Expected a text.", field)
    return found
