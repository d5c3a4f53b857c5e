"""
Put pending batches of events into the world.

One transaction per claim: killed at any moment, all of it happened or nothing did. The number of
statements does not depend on how many events there are. An event that cannot be told is left out,
so that the world goes on without it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection, transaction

from apps.lineage.models import LABEL_LENGTH
from apps.lineage.names import Key
from apps.lineage.services.write import write_world
from apps.lineage.world import Edge, World
from apps.telemetry import selectors as telemetry_reads
from apps.telemetry import services as telemetry
from apps.telemetry.enums import Consumer
from apps.telemetry.items import StoredEvent

EVENTS: Final = 2_000  # of one transaction, but at least one batch
READING_SECONDS: Final = 1.0  # then the transaction ends with the batches that it has read
_LOCK: Final = "lineage:{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """
    What one transaction did. `more`: there was more than it took.

    `unnamed`: deployments and flows, by kind and id, whose names this layer does not know.
    """

    events: int
    resources: int
    relations: int
    more: bool
    unnamed: list[tuple[str, uuid.UUID]]


def workspaces_with_work() -> list[uuid.UUID]:
    """Return where batches wait. For loops."""
    return telemetry_reads.workspaces_waiting(consumer=Consumer.LINEAGE)


def build_world(*, workspace_id: uuid.UUID, limit: int = EVENTS) -> Built | None:
    """
    Take in pending batches of one workspace. Returns None when another worker is at it.

    One at a time, so that rows which every batch touches are never waited for. For loops.
    """
    with transaction.atomic():
        if not _try_to_lock(workspace_id):
            return None
        claim = telemetry.claim_event_batches(
            consumer=Consumer.LINEAGE, workspace_id=workspace_id, limit=limit
        )
        done = _take_in(workspace_id, claim.batches)
        if done.read:
            telemetry.release(batch_ids=done.read)
    return Built(
        events=done.events,
        resources=len(done.resources),
        relations=len(done.relations),
        more=not claim.is_all or len(done.read) < len(claim.batches),
        unnamed=done.unnamed,
    )


@dataclass(slots=True)
class _Done:
    """What was put into the world; `read` are the batches of which nothing is left to do."""

    read: list[uuid.UUID] = field(default_factory=list)
    events: int = 0
    resources: set[uuid.UUID] = field(default_factory=set)
    relations: set[Edge] = field(default_factory=set)
    unnamed: list[tuple[str, uuid.UUID]] = field(default_factory=list)

    def put(self, world: World) -> None:
        """Write what events tell together."""
        self.unnamed += write_world(world)
        self.resources |= world.resources.keys()
        self.relations |= world.relations.keys()


def _take_in(workspace_id: uuid.UUID, batches: Sequence[telemetry.ClaimedBatch]) -> _Done:
    done, world = _Done(), World(workspace_id)
    give_up_at = time.monotonic() + READING_SECONDS
    try:
        with transaction.atomic():
            for batch in batches:
                # Long statements that nobody has seen before take long to read. Others wait too.
                if done.read and time.monotonic() > give_up_at:
                    break
                world.take(batch.events)
                done.events += len(batch.events)
                done.read.append(batch.id)
            done.put(world)
    except telemetry.UNTELLABLE:
        # Of the first batch only: the others may be fine, and come together again.
        first, done = batches[0], _Done()

        def take(events: Sequence[StoredEvent]) -> None:
            world = World(workspace_id)
            world.take(events)
            done.put(world)

        telemetry.take_each(first, take, consumer=Consumer.LINEAGE)
        done.read, done.events = [first.id], len(first.events)
    return done


def name_resources(*, workspace_id: uuid.UUID, names: Sequence[tuple[str, uuid.UUID, str]]) -> int:
    """Show deployments and flows, each (kind, id, name), by what their own layer calls them."""
    if not names:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE lineage_resource r SET label = left(n.label, %s)"
            " FROM unnest(%s::uuid[], %s::text[]) AS n (id, label)"
            " WHERE r.workspace_id = %s AND r.id = n.id AND r.label <> left(n.label, %s)",
            [
                LABEL_LENGTH,
                [Key(kind, "", str(id_)).id_in(workspace_id) for kind, id_, _ in names],
                [label or "?" for _, _, label in names],
                workspace_id,
                LABEL_LENGTH,
            ],
        )
        return int(cursor.rowcount)


def _try_to_lock(workspace_id: uuid.UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [_LOCK.format(workspace_id)],
        )
        return bool(cursor.fetchone()[0])
