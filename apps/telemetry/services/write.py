"""Accept and store: the caller's transaction, one COPY a table, one outbox row a consumer."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

import structlog
from django.db import connection

from apps.telemetry import limits
from apps.telemetry.acceptance import EventRow, LogRow, PointRow, Window
from apps.telemetry.items import NewPoint, NewReading, StoreOutcome, TelemetryBatch
from apps.telemetry.services.pending import LEAVE, pending_statement
from apps.telemetry.services.readings import Settled, settle_readings
from apps.telemetry.services.repeats import items_that_differ, readings_that_differ
from apps.telemetry.services.rows import accept_batch, writes_of
from apps.telemetry.services.series import admit_series, look_for_series, unknown_series
from apps.telemetry.store import copy
from apps.telemetry.store.copy import Repeated

logger = structlog.get_logger(__name__)


def store_batch(
    *,
    workspace_id: uuid.UUID,
    batch: TelemetryBatch,
    now: datetime,
    retention_days: int = limits.DEFAULT_RETENTION_DAYS,
    repeated: Repeated = Repeated.SAVEPOINT,
) -> StoreOutcome:
    """
    Store events, log lines and metric points, and leave a pending batch for each consumer.

    Runs inside the caller's transaction and workspace scope; the caller answers after its commit.
    Shape: any order; rows that are already there are counted as duplicates and change nothing.
    Those of them that say something else are named in `differing`, too.
    `repeated` says what to do about rows that are there; RAISE saves two round trips for callers
    who can begin their whole transaction anew with STAGE.
    Drops: items outside the time window or over a limit; each is in `rejected` with its index.
    Raises: RowsAreThereError, only with Repeated.RAISE.
    """
    settled = _settle(workspace_id, batch, now, retention_days)
    sent = accept_batch(workspace_id, batch, now, retention_days, settled.points)
    points, series_refusals = admit_series(workspace_id, sent.points, now)
    refusals = sorted([*sent.refusals, *series_refusals], key=lambda each: (each.kind, each.index))
    found = len(sent.events) + len(sent.lines) + len(points)
    if not found:
        return StoreOutcome(
            accepted=settled.kept,
            duplicates=settled.repeated,
            rejected=refusals,
            differing=readings_that_differ(settled.differing),
        )

    writes = writes_of(sent.events, sent.lines, points)
    inserted = copy.insert_new(writes, repeated=repeated, compare=True)
    # Each is a part of the list that was passed in, in its order.
    new_events = cast("Sequence[EventRow]", inserted[0].new)
    new_lines = cast("Sequence[LogRow]", inserted[1].new)
    new_points = cast("Sequence[PointRow]", inserted[2].new)
    accepted = len(new_events) + len(new_lines) + len(new_points)
    if accepted:
        # PERF: building this INSERT from the model took longer than executing it.
        with connection.cursor() as cursor:
            cursor.execute(
                *pending_statement(
                    workspace_id, new_events, new_lines, new_points, sent.points.series, now
                )
            )
    return StoreOutcome(
        accepted=accepted + settled.kept,
        duplicates=found - accepted + settled.repeated,
        rejected=refusals,
        differing=[
            *readings_that_differ(settled.differing),
            *items_that_differ(
                workspace_id=workspace_id,
                items={"events": batch.events, "logs": batch.logs, "points": settled.points},
                refused={(each.kind, each.index) for each in refusals},
                written=[(*write, done) for write, done in zip(writes, inserted, strict=True)],
            ),
        ],
    )


def _settle(
    workspace_id: uuid.UUID, batch: TelemetryBatch, now: datetime, retention_days: int
) -> Settled:
    if not any(type(point) is NewReading for point in batch.points):
        return Settled(batch.points)
    window = Window.at(now, retention_days=retention_days)
    return settle_readings(workspace_id=workspace_id, points=batch.points, window=window)


def store_fresh(
    *, workspace_id: uuid.UUID, batch: TelemetryBatch, now: datetime, retention_days: int
) -> StoreOutcome | None:
    """
    Store a batch in a transaction of its own that costs one message to the server.

    Returns None, with nothing stored, when any series is new or any reading has to be compared with
    the one before; then `store_batch` can do it. Must be called outside of a transaction.
    Raises: RowsAreThereError, with nothing stored, when any row is there already; `store_batch` can
    tell which, with Repeated.STAGE.
    """
    if any(type(point) is NewReading for point in batch.points):
        return None
    sent = accept_batch(workspace_id, batch, now, retention_days)
    if unknown_series(sent.points.series):
        return None
    events, lines, points = sent.events, sent.lines, sent.points.rows
    found = len(events) + len(lines) + len(points)
    if found:
        writes = writes_of(events, lines, points)
        pending = pending_statement(workspace_id, events, lines, points, sent.points.series, now)
        copy.insert_at_once(workspace_id, writes, pending)
    return StoreOutcome(accepted=found, rejected=sent.refusals)


def store_points_of_many(*, points: Mapping[uuid.UUID, Sequence[NewPoint]], now: datetime) -> int:
    """
    Store points that Headway measures of many workspaces at once; return how many are new.

    Runs inside the caller's transaction, for loops: one COPY and one bundle of pending batches,
    however many workspaces. A point outside the time window or over a limit is dropped and logged.
    """
    accepted = {
        workspace_id: accept_batch(
            workspace_id, TelemetryBatch(points=own), now, limits.DEFAULT_RETENTION_DAYS
        ).points
        for workspace_id, own in points.items()
    }
    # One look for all; only workspaces with series that are new are looked at by themselves.
    look_for_series({series for own in accepted.values() for series in own.series})
    rows: list[PointRow] = []
    for workspace_id, own in accepted.items():
        admitted, refused = admit_series(workspace_id, own, now)
        rows += admitted
        refusals = [*own.refusals, *refused]
        if refusals:
            logger.warning(
                "points.not_stored",
                workspace_id=str(workspace_id),
                count=len(refusals),
                code=refusals[0].code,
            )
    if not rows:
        return 0
    rows.sort()
    ((written, _),) = copy.insert_new([write for write in writes_of((), (), rows) if write[1]])
    new: dict[uuid.UUID, list[PointRow]] = defaultdict(list)
    for row in cast("Sequence[PointRow]", written):
        new[row.workspace_id].append(row)
    left = [
        pending_statement(workspace_id, (), (), own, accepted[workspace_id].series, now)[1]
        for workspace_id, own in new.items()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(LEAVE, left)
    return len(written)
