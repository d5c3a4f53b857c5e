"""
What AWS tells of itself: EventBridge's events, S3's notifications, and what else a topic carries.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.hooks import port, signatures
from apps.ingest.hooks.port import JSON, Delivery, needed_text, needed_time, relation, within

MEDIA: frozenset[str] = JSON
HEADER: Final = "x-api-key"  # what an API destination is told to send
MOST_RECORDS: Final = 1_000
# S3's own notifications name by EventBridge's words: one event, one name, by either way.
_S3_NAMES: Final = {
    "ObjectCreated": "object_created",
    "ObjectRemoved": "object_deleted",
    "ObjectRestore": "object_restore",
    "ObjectTagging": "object_tags",
    "ObjectAcl": "object_acl_updated",
    "LifecycleExpiration": "object_deleted",
}


def verify(delivery: Delivery) -> None:
    signatures.check_secret(delivery.header(HEADER), secret=delivery.hook.secret)


def read(delivery: Delivery, found: Collector) -> None:
    """Read one event of EventBridge, as an API destination sends it."""
    document = port.object_of(delivery)
    found.begin(delivery.body)
    try:
        read_eventbridge(delivery, document, found)
    except ItemRefused as refused:
        found.refuse(refused)


def read_eventbridge(delivery: Delivery, document: Mapping[str, Any], found: Collector) -> None:
    """Raises: ItemRefused."""
    source = needed_text(document.get("source"), "source")
    kind = needed_text(document.get("detail-type"), "detail-type")
    words = snake(kind)
    if source == "aws.s3":
        bucket = needed_text(within(document, "detail", "bucket", "name"), "detail.bucket.name")
        # Here, other than in S3's own notifications, the key is not percent-encoded.
        key = needed_text(within(document, "detail", "object", "key"), "detail.object.key")
        name = f"s3.{words}"
        about = port.resource("file", key, f"s3://{bucket}")
        by = relation("executed_by", "user", within(document, "detail", "requester"), "aws")
    else:
        is_aws = source.startswith("aws.")
        name = f"{source}.{words}" if is_aws else f"eventbridge.{source}.{words}"
        arns = document.get("resources")
        first = arns[0] if isinstance(arns, list) and arns else None
        about, by = port.resource("resource", first, "aws"), []
    found.add(
        port.event(
            delivery,
            key=(needed_text(document.get("id"), "id"),),
            name=name,
            at=needed_time(document.get("time"), "time"),
            payload=dict(document),
            resource=about,
            related=by,
        )
    )


def read_message(delivery: Delivery, envelope: Mapping[str, Any], found: Collector) -> None:
    """
    Read what a topic's notification carries: S3's records, an event of EventBridge, anything.

    `envelope` is the notification. Raises: ItemRefused for what can be only one item.
    """
    text = port.text_of(envelope.get("Message"))
    if text is None:
        found.begin(delivery.body)
        raise ItemRefused("Expected a text.", "Message")
    inner = _inner(text)
    if isinstance(inner, dict) and isinstance(inner.get("Records"), list):
        records = inner["Records"]
        if any(within(record, "s3", "bucket") for record in records[:MOST_RECORDS]):
            if len(records) > MOST_RECORDS:
                found.begin(delivery.body)
                raise ItemRefused(f"More than {MOST_RECORDS:,} records.", "Message.Records")
            for number, record in enumerate(records):
                found.begin(msgspec.json.encode(record))
                try:
                    _read_record(delivery, envelope, record, number, found)
                except ItemRefused as refused:
                    found.refuse(refused)
            return
    found.begin(delivery.body)
    if isinstance(inner, dict) and "detail-type" in inner and "source" in inner:
        read_eventbridge(delivery, inner, found)
        return
    is_test = isinstance(inner, dict) and inner.get("Event") == "s3:TestEvent"
    topic = needed_text(envelope.get("TopicArn"), "TopicArn")
    found.add(
        port.event(
            delivery,
            key=(needed_text(envelope.get("MessageId"), "MessageId"),),
            name="s3.test" if is_test else "sns.notification",
            at=needed_time(envelope.get("Timestamp"), "Timestamp"),
            payload={"topic": topic, "subject": envelope.get("Subject"), "message": inner},
            resource=port.resource("topic", topic, "aws"),
        )
    )


def _read_record(
    delivery: Delivery, envelope: Mapping[str, Any], record: Any, number: int, found: Collector
) -> None:
    kind, _, detail = needed_text(within(record, "eventName"), "eventName").partition(":")
    words = _S3_NAMES.get(kind, snake(kind))
    if kind in {"ObjectRestore", "ObjectTagging"} and detail:
        words = f"{words}_{snake(detail)}"
    bucket = needed_text(within(record, "s3", "bucket", "name"), "s3.bucket.name")
    key = unquote_plus(needed_text(within(record, "s3", "object", "key"), "s3.object.key"))
    by = within(record, "userIdentity", "principalId")
    found.add(
        port.event(
            delivery,
            key=(needed_text(envelope.get("MessageId"), "MessageId"), str(number)),
            name=f"s3.{words}",
            at=needed_time(within(record, "eventTime"), "eventTime"),
            payload=record,
            resource=port.resource("file", key, f"s3://{bucket}"),
            related=relation("executed_by", "user", by, "aws"),
        )
    )


def _inner(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def snake(words: str) -> str:
    """Return “Object Created”, or `ObjectCreated`, as `object_created`."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words[:300])
    return re.sub(r"[^0-9a-z]+", "_", parted.lower()).strip("_") or "other"
