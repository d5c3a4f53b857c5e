"""
Stripe: `Stripe-Signature` with a time, good for five minutes.

https://docs.stripe.com/webhooks#verify-manually
"""

from __future__ import annotations

from typing import Final

from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.hooks import port, signatures
from apps.ingest.hooks.port import JSON, Delivery, needed_text, needed_time, relation, within

MEDIA: frozenset[str] = JSON
PLACE: Final = "stripe"


def verify(delivery: Delivery) -> None:
    signatures.check_timed(
        delivery.header("stripe-signature"),
        secret=delivery.hook.secret,
        body=delivery.body,
        now=delivery.now,
    )


def read(delivery: Delivery, found: Collector) -> None:
    document = port.object_of(delivery)
    found.begin(delivery.body)
    try:
        about = within(document, "data", "object")
        kind = port.text_of(within(about, "object")) or "object"
        found.add(
            port.event(
                delivery,
                key=(needed_text(document.get("id"), "id"),),
                name=f"stripe.{needed_text(document.get('type'), 'type')}",
                at=needed_time(document.get("created"), "created"),
                payload=document,
                resource=port.resource(kind[:100], within(about, "id"), PLACE),
                related=relation("customer", "customer", within(about, "customer"), PLACE),
            ),
            retold=True,  # each attempt says how many deliveries are pending
        )
    except ItemRefused as refused:
        found.refuse(refused)
