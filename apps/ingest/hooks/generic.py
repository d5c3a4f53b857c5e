"""
Any sender of JSON, signed or not.

A signature, where the webhook has a secret, is one of three: that of standardwebhooks.com,
Headway's own (`Headway-Signature`), or the HMAC-SHA256 of the body in hex, in a
header of the webhook's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.hooks import port, signatures
from apps.ingest.hooks.port import JSON, Delivery

MEDIA: frozenset[str] = JSON
DEFAULT_HEADER: Final = "x-signature"
# Where senders say which of their deliveries it is.
_ID_HEADERS: Final = ("webhook-id", "x-delivery-id", "x-request-id", "idempotency-key")
_ID_LENGTH: Final = 500


@dataclass(frozen=True, slots=True)
class Identity:
    """What a delivery is known by, and when it was where nothing else says so."""

    key: str
    at: datetime


def verify(delivery: Delivery) -> None:
    secret = delivery.hook.secret
    if not secret:
        return
    if standard := delivery.header("webhook-signature"):
        signatures.check_standard(
            standard,
            key=delivery.header("webhook-id"),
            at=delivery.header("webhook-timestamp"),
            secret=secret,
            body=delivery.body,
            now=delivery.now,
        )
    elif timed := delivery.header("headway-signature"):
        signatures.check_timed(timed, secret=secret, body=delivery.body, now=delivery.now)
    else:
        given = delivery.header(delivery.hook.header or DEFAULT_HEADER)
        signatures.check_hex(given, secret=secret, signed=delivery.body)


def read(delivery: Delivery, found: Collector) -> None:
    document = delivery.document()
    payload: dict[str, Any] = document if isinstance(document, dict) else {"body": document}
    known = identify(delivery)
    found.begin(delivery.body)
    try:
        found.add(
            port.event(
                delivery,
                key=(known.key,),
                name="webhook.received",
                at=known.at,
                payload=payload,
                resource=port.resource("webhook", delivery.hook.name),
            )
        )
    except ItemRefused as refused:
        found.refuse(refused)


def identify(delivery: Delivery) -> Identity:
    """
    Return by what a repeated delivery is known: its id, or its signature with its time.

    One that has neither is another one each time it comes.
    """
    timed = delivery.header("headway-signature")
    if timed and delivery.hook.secret and not delivery.header("webhook-signature"):
        # Signed with its time: whoever repeats it has to repeat that, too.
        key = sha256(timed.encode(errors="replace")).hexdigest()
        return Identity(key, delivery.first_seen(key))
    if named := _id_of(delivery.headers):
        return Identity(named, delivery.first_seen(named))
    return Identity(sha256(delivery.body).hexdigest(), delivery.now)


def _id_of(headers: Mapping[str, str]) -> str | None:
    given = next((headers[name] for name in _ID_HEADERS if headers.get(name)), None)
    return None if given is None else port.printable(given)[:_ID_LENGTH]
