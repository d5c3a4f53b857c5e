"""Who hears a workspace's events, and how they take what ingest left for them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from django.db import DataError, transaction

from apps.core import outbox
from apps.core.transactions import joined
from apps.telemetry import keys
from apps.telemetry.enums import Consumer
from apps.telemetry.items import StoredEvent
from apps.telemetry.models import Listener, PendingBatch
from apps.telemetry.store import reads

logger = structlog.get_logger(__name__)

MOST_ROWS = 500  # batches claimed at once, however small
# What can be the matter with an event: what it says cannot be read, or does not fit a column.
UNTELLABLE: Final = (ValueError, ArithmeticError, RecursionError, DataError)

Take = Callable[[Sequence[StoredEvent]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedBatch:
    """What one committed batch brought, by time and id; events that are gone are left out."""

    id: uuid.UUID
    events: list[StoredEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Batches in the order in which they were stored. `is_all`: no other committed one waited."""

    batches: list[ClaimedBatch]
    is_all: bool


def listen(*, workspace_id: uuid.UUID, consumer: Consumer) -> None:
    """From the commit on, leave a pending batch for this consumer with each batch of events."""
    Listener.objects.bulk_create(
        [Listener(workspace_id=workspace_id, consumer=consumer.value)], ignore_conflicts=True
    )


@joined
def unlisten(*, workspace_id: uuid.UUID, consumer: Consumer) -> None:
    """Leave nothing more, and take back what waits."""
    Listener.objects.filter(workspace_id=workspace_id, consumer=consumer.value).delete()
    PendingBatch.objects.filter(workspace_id=workspace_id, consumer=consumer.value).delete()


def claim_event_batches(*, consumer: Consumer, workspace_id: uuid.UUID, limit: int) -> Claim:
    """
    Lock a workspace's pending batches, oldest first, up to `limit` events but at least one batch.

    The caller works and calls `release` in the same transaction; if that never commits, the
    batches are there for the next claim. Claim a workspace's batches one caller at a time: what
    another holds is passed over, and `is_all` would not be true.
    """
    waiting = PendingBatch.objects.for_consumer(consumer).filter(workspace_id=workspace_id)
    rows = outbox.claim(waiting, limit=MOST_ROWS)
    is_all = len(rows) < MOST_ROWS
    taken: list[tuple[uuid.UUID, list[keys.Key]]] = []
    count = 0
    for row in rows:
        size = len(row.content) // keys.KEY_BYTES
        if taken and count + size > limit:
            is_all = False
            break
        count += size
        taken.append((row.id, keys.unpack(bytes(row.content))))
    found = reads.events_by_key(workspace_id, [key for _, its_keys in taken for key in its_keys])
    return Claim(
        batches=[
            ClaimedBatch(id=id_, events=[found[key] for key in its_keys if key in found])
            for id_, its_keys in taken
        ],
        is_all=is_all,
    )


def release(*, batch_ids: Sequence[uuid.UUID]) -> None:
    """Delete claimed batches, in the transaction that did their work."""
    PendingBatch.objects.filter(id__in=batch_ids).delete()


def take_each(batch: ClaimedBatch, take: Take, *, consumer: Consumer) -> None:
    """
    Let `take` have what can be taken of a batch: in halves, down to the events to blame.

    Each call is a savepoint of its own, and what it raises of `UNTELLABLE` undoes it. What is left
    out is logged: the workspace goes on without it.
    """
    _take(batch.events, take, consumer)


def _take(events: Sequence[StoredEvent], take: Take, consumer: Consumer) -> None:
    try:
        with transaction.atomic():
            take(events)
        return
    except UNTELLABLE:
        if len(events) < 2:
            for event in events:
                logger.exception("event.left_out", consumer=consumer.value, event_id=str(event.id))
            return
    middle = len(events) // 2
    _take(events[:middle], take, consumer)
    _take(events[middle:], take, consumer)
