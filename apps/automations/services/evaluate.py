"""
Let a workspace's rules see what happened, and what did not.

One transaction takes the pending batches in, moves buckets and deadlines, stores firings with
their attempts, and deletes the batches: killed at any moment, all of it happened or nothing did.
docs/automations.md states the rules.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.automations.enums import DeadlineState
from apps.automations.models import Deadline
from apps.automations.services.firings import Firings
from apps.automations.services.hear import Hearing
from apps.automations.services.kept_windows import Windows
from apps.automations.services.locks import try_to_lock_rules
from apps.automations.services.rulebook import get_book
from apps.automations.services.watch import Watch
from apps.telemetry import selectors as telemetry_reads
from apps.telemetry import services as telemetry
from apps.telemetry.enums import Consumer

EVENTS = 1_000  # per transaction, but at least one batch
DEADLINES = 500  # per transaction
LOOKS = 50  # rules that watch metrics, per transaction: edits wait for it
AT_ONCE = 250  # of a transaction's events: with many broad rules each may fire a thousand times


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What one transaction did. `more`: there was more than it took."""

    events: int
    decided: int
    fired: int
    more: bool


def evaluate_workspace(
    *,
    workspace_id: uuid.UUID,
    now: datetime,
    events: int = EVENTS,
    deadlines: int = DEADLINES,
    looks: int = LOOKS,
) -> Evaluated | None:
    """
    Take in pending batches, once none is left decide deadlines that came due, and look at metrics.

    Returns None when another evaluator is at it. `now` is read before, so that whatever was
    committed by then is taken in before a deadline of that time is looked at. For loops.
    """
    with transaction.atomic():
        if not try_to_lock_rules(workspace_id):
            return None
        book = get_book(workspace_id)
        firings = Firings(workspace_id, book.automations, now)
        claim = telemetry.claim_event_batches(
            consumer=Consumer.AUTOMATIONS, workspace_id=workspace_id, limit=events
        )
        windows = Windows(workspace_id, book, firings, now)
        hearing = Hearing(workspace_id, book, firings, windows, now)
        watch = Watch(workspace_id, book, firings, now)
        taken = [event for batch in claim.batches for event in batch.events]
        if book.automations:
            for first in range(0, len(taken), AT_ONCE):
                hearing.take(taken[first : first + AT_ONCE])
        decided = windows.decide(deadlines) if claim.is_all else 0
        looked = watch.look(looks)
        fired = firings.finish()
        if claim.batches:
            telemetry.release(batch_ids=[batch.id for batch in claim.batches])
    return Evaluated(
        events=len(taken),
        decided=decided + looked,
        fired=fired,
        more=not claim.is_all or decided >= deadlines or looked >= looks,
    )


def workspaces_with_work(*, now: datetime) -> list[uuid.UUID]:
    """
    Return where batches wait or deadlines came due. For loops.

    What an archived workspace waits for rests: its events are refused, so that they would all fire.
    """
    waiting = telemetry_reads.workspaces_waiting(consumer=Consumer.AUTOMATIONS)
    due = (
        Deadline.objects.filter(state=DeadlineState.OPEN.value, due_at__lte=now)
        .filter(workspace__archived_at=None)
        .order_by()
        .values_list("workspace_id", flat=True)
        .distinct()
    )
    return list({*waiting, *due})


def find_next_due_at() -> datetime | None:
    """Return when the next deadline comes due, of whichever workspace. For loops."""
    due = Deadline.objects.filter(state=DeadlineState.OPEN.value, workspace__archived_at=None)
    due = due.order_by("due_at")
    return due.values_list("due_at", flat=True).first()
