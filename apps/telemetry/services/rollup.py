"""Merge what batches left into the rollups: exactly once, whichever worker does it and when."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
import structlog
from django.db import DataError, connection, transaction

from apps.core import outbox
from apps.telemetry import deltas, store
from apps.telemetry.deltas import EPOCH, Summary
from apps.telemetry.enums import Consumer
from apps.telemetry.models import PendingBatch
from apps.telemetry.store import rollups, tables
from apps.telemetry.store.rollups import Cell

logger = structlog.get_logger(__name__)
BATCHES = 500  # pending batches merged in one transaction
_LOCK_CLASS = 0x48775231  # first key of the advisory locks; the second is of the workspace

# What can be the matter with a batch: it cannot be read, or its sums go beyond what is a number.
_UNMERGEABLE = (msgspec.MsgspecError, ArithmeticError, DataError)

Key = TypeVar("Key")


def merge_pending_batches(*, limit: int = BATCHES) -> int:
    """
    Claim pending batches, merge them into the rollups and delete them, in one transaction.

    Returns the number of batches taken; 0 means the caller may sleep. Any number of workers may
    run: each takes the workspaces that no other is merging at this moment, so rollup rows are
    never contended and their locks cannot cross. A worker that dies leaves everything as it was.
    A batch that cannot be merged is set aside.
    """
    with transaction.atomic():
        workspaces = _lock_waiting_workspaces(limit)
        if not workspaces:
            return 0
        claimed = outbox.claim(
            PendingBatch.objects.for_consumer(Consumer.ROLLUP).filter(workspace_id__in=workspaces),
            limit=limit,
        )
        if not claimed:
            return 0
        _settle(claimed)
    return len(claimed)


def _settle(claimed: Sequence[PendingBatch]) -> None:
    """
    Merge the batches and delete them; what fails is tried in halves, down to the one that is bad.

    Workspaces are claimed together, so one whose numbers cannot be added up would stop everybody's
    charts. It keeps its row, under another consumer, for whoever finds out why.
    """
    ids = [batch.id for batch in claimed]
    try:
        with transaction.atomic():
            _merge(claimed)
    except _UNMERGEABLE:
        if len(claimed) > 1:
            middle = len(claimed) // 2
            _settle(claimed[:middle])
            _settle(claimed[middle:])
            return
        bad = claimed[0]
        logger.exception(
            "rollup.set_aside", batch_id=str(bad.id), workspace_id=str(bad.workspace_id)
        )
        PendingBatch.objects.filter(id=bad.id).update(consumer=Consumer.SET_ASIDE)
    else:
        PendingBatch.objects.filter(id__in=ids).delete()


def count_pending() -> tuple[int, datetime | None]:
    """Return how many batches wait for the rollup and since when the oldest does; for the logs."""
    waiting = PendingBatch.objects.for_consumer(Consumer.ROLLUP)
    oldest = waiting.first()
    return waiting.count(), oldest.created_at if oldest else None


def _lock_waiting_workspaces(limit: int) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT workspace_id FROM (SELECT DISTINCT workspace_id FROM"
            " (SELECT workspace_id FROM telemetry_pendingbatch WHERE consumer = %s"
            " ORDER BY id LIMIT %s) AS oldest OFFSET 0) AS waiting"
            " WHERE pg_try_advisory_xact_lock(%s, hashtext(workspace_id::text))",
            [Consumer.ROLLUP.value, limit * 4, _LOCK_CLASS],
        )
        return [row[0] for row in cursor.fetchall()]


def _merge(claimed: Sequence[PendingBatch]) -> None:
    events: dict[tuple[uuid.UUID, str, int], list[int]] = {}
    logs: dict[tuple[uuid.UUID, int, int], list[int]] = {}
    series: dict[tuple[uuid.UUID, uuid.UUID, int], Summary] = {}
    runs: dict[tuple[uuid.UUID, uuid.UUID, uuid.UUID], Summary] = {}
    for batch in claimed:
        found = deltas.decode(bytes(batch.content))
        workspace_id = batch.workspace_id
        for event in found.events:
            _add(events, (workspace_id, event.name, event.minute), (event.count,))
        for line in found.logs:
            _add(logs, (workspace_id, line.level, line.minute), (line.count, line.bytes))
        for point in found.series:
            _combine(series, (workspace_id, point.series_id, point.minute), point.summary)
        for run in found.runs:
            _combine(runs, (workspace_id, run.run_id, run.series_id), run.summary)

    for width, seconds, _, _ in tables.WIDTHS:
        minutes = seconds // 60
        _write_counts(tables.EVENT_ROLLUPS[width], _coarser_counts(events, minutes))
        _write_counts(tables.LOG_ROLLUPS[width], _coarser_counts(logs, minutes))
        summaries: dict[Cell, Summary] = {}
        for (workspace_id, series_id, minute), summary in series.items():
            _combine(summaries, Cell(workspace_id, series_id, _start(minute, minutes)), summary)
        table = tables.METRIC_ROLLUPS[width]
        _make_room(table, summaries)
        rollups.merge_summaries(table, summaries)
    rollups.merge_run_metrics(runs)
    latest: dict[tuple[uuid.UUID, uuid.UUID], datetime] = {}
    for (workspace_id, series_id, _), summary in series.items():
        at = deltas.moment(summary.last_us)
        key = (workspace_id, series_id)
        latest[key] = max(latest.get(key, at), at)
    rollups.note_latest(latest)


def _start(minute: int, minutes: int) -> datetime:
    return EPOCH + timedelta(minutes=minute // minutes * minutes)


def _add(into: dict[Key, list[int]], key: Key, counters: Sequence[int]) -> None:
    known = into.get(key)
    if known is None:
        into[key] = list(counters)
    else:
        for index, counter in enumerate(counters):
            known[index] += counter


def _combine(into: dict[Key, Summary], key: Key, summary: Summary) -> None:
    known = into.get(key)
    if known is None:
        into[key] = summary.copy()
    else:
        known.merge(summary)


Subject = TypeVar("Subject", str, int)


def _coarser_counts(
    counts: dict[tuple[uuid.UUID, Subject, int], list[int]], minutes: int
) -> dict[Cell, list[int]]:
    coarser: dict[Cell, list[int]] = defaultdict(list)
    for (workspace_id, subject, minute), counters in counts.items():
        cell = Cell(workspace_id, subject, _start(minute, minutes))
        known = coarser[cell]
        if known:
            for index, counter in enumerate(counters):
                known[index] += counter
        else:
            known.extend(counters)
    return coarser


def _write_counts(table: tables.TimeTable, counts: dict[Cell, list[int]]) -> None:
    _make_room(table, counts)
    rollups.add_counts(table, counts)


def _make_room(table: tables.TimeTable, cells: dict[Cell, list[int]] | dict[Cell, Summary]) -> None:
    if cells:
        store.current().make_room(table, {cell.bucket_at for cell in cells})
