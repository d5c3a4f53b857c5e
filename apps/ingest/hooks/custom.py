"""
A template of the workspace's own makes events of whatever comes.

It yields the JSON of one event or of a list: `name`, and whatever else an event has. `occurred_at`
is when the delivery came unless the template says it, `id` derived from the delivery.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Raw

from apps.core.errors import BatchTooLarge, InvalidRequest
from apps.core.templates import RenderFaultError, Sandbox, TemplateFaultError
from apps.ingest.decode import explain, malformed, readable
from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.errors import TemplateFailed
from apps.ingest.hooks import generic, port
from apps.ingest.hooks.port import FORM, JSON, SOURCE, Delivery, is_json
from apps.telemetry.items import Moment, NewEvent

MEDIA: frozenset[str] = JSON | {FORM, "text/plain"}
MAX_EVENTS: Final = 1_000  # of one delivery
MAX_BODY_BYTES: Final = 1024 * 1024
SANDBOX: Final = Sandbox(
    names=("body", "headers", "webhook", "received_at"),
    max_bytes=16 * 1024,
    max_output_bytes=1024 * 1024,
    max_steps=20_000,
)
EXAMPLE: Final = (
    '{"name": "order.{{ body.status }}",'
    ' "resource": {"kind": "order", "name": {{ body.id | string | tojson }}},'
    ' "payload": {{ body | tojson }}}'
)
# Proof of who sends, and nothing that an event should hold.
_KEPT_BACK: Final = ("authorization", "cookie", "proxy-authorization")
_PAIRS: Final = 1_000


class _TemplateEvent(NewEvent, kw_only=True, gc=False):
    """An event as a template writes it."""

    occurred_at: Moment | None = None  # type: ignore[assignment] # set before it is one


_event = msgspec.json.Decoder(_TemplateEvent)
_parts = msgspec.json.Decoder(list[Raw])
verify = generic.verify


def find_template_fault(source: str) -> str | None:
    """Return why the template cannot be saved, or None."""
    try:
        SANDBOX.check(source)
    except TemplateFaultError as fault:
        return str(fault)
    return None


def read(delivery: Delivery, found: Collector) -> None:
    """Raises: also TemplateFailed."""
    if len(delivery.body) > MAX_BODY_BYTES:
        raise BatchTooLarge(f"For a template a body has at most {MAX_BODY_BYTES} bytes.")
    context = {
        "body": _body_of(delivery),
        "headers": {
            name: value for name, value in delivery.headers.items() if name not in _KEPT_BACK
        },
        "webhook": {"name": delivery.hook.name},
        "received_at": delivery.now.isoformat(),
    }
    try:
        text = SANDBOX.render(delivery.hook.template, context)
    except RenderFaultError as fault:
        raise TemplateFailed(f"The template could not be filled: {fault}") from None
    known = generic.identify(delivery)
    for number, raw in enumerate(_events_of(text)):
        found.begin(raw)
        try:
            found.add(_read_event(raw, delivery, known, number))
        except ItemRefused as refused:
            found.refuse(refused)


def _body_of(delivery: Delivery) -> Any:
    if is_json(delivery.content_type):
        return delivery.document()
    try:
        text = delivery.body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("The body is not UTF-8 text.") from error
    if delivery.content_type != FORM:
        return text
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_PAIRS))
    except ValueError as error:
        raise InvalidRequest("The form cannot be read.") from error


def _events_of(text: str) -> list[bytes]:
    data = text.strip().encode(errors="replace")
    if not data:
        return []  # the template says that there is nothing to tell
    try:
        data = readable(data)
        if data[:1] == b"{":
            msgspec.json.decode(data)
            return [data]
        parts = _parts.decode(data)
    except (msgspec.DecodeError, RecursionError, InvalidRequest) as error:
        said = error.message if isinstance(error, InvalidRequest) else malformed(error).message
        raise TemplateFailed(
            "The template makes no JSON of an event, or of a list of events.",
            error=said[:300],
            output=text[:500],
        ) from None
    if len(parts) > MAX_EVENTS:
        raise TemplateFailed(f"The template makes more than {MAX_EVENTS} events of one delivery.")
    return [bytes(part) for part in parts]


def _read_event(raw: bytes, delivery: Delivery, known: generic.Identity, number: int) -> NewEvent:
    try:
        event = _event.decode(raw)
    except (msgspec.DecodeError, RecursionError, OverflowError) as error:
        raise ItemRefused(*explain(error)) from error
    at: datetime = event.occurred_at or known.at
    return NewEvent(
        name=event.name,
        occurred_at=at,
        id=event.id or port.event_id(delivery, at, (known.key, str(number))),
        resource=event.resource,
        related=event.related,
        payload=event.payload,
        run_id=event.run_id,
        task_run_id=event.task_run_id,
        follows=event.follows,
        source=event.source or SOURCE,
    )
