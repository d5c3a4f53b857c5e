"""From a batch to rows that can be inserted: checked, and room made for them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from apps.core.ids import uuid7_time
from apps.telemetry import acceptance, store
from apps.telemetry.acceptance import EventRow, LogRow, PointRow, TransitionRow, Window
from apps.telemetry.items import NewPoint, Refusal, TelemetryBatch, Transition
from apps.telemetry.store import copy, tables


class Accepted(NamedTuple):
    """A batch after the checks that need no database."""

    events: list[EventRow]
    lines: list[LogRow]
    points: acceptance.AcceptedPoints
    refusals: list[Refusal]


def accept_batch(
    workspace_id: uuid.UUID,
    batch: TelemetryBatch,
    now: datetime,
    retention_days: int,
    points: Sequence[NewPoint | None] | None = None,
) -> Accepted:
    window = Window.at(now, retention_days=retention_days)
    events, event_refusals = acceptance.accept_events(
        batch.events, workspace_id=workspace_id, window=window
    )
    lines, line_refusals = acceptance.accept_logs(
        batch.logs, workspace_id=workspace_id, window=window
    )
    accepted = acceptance.accept_points(
        batch.points if points is None else points, workspace_id=workspace_id, window=window
    )
    return Accepted(events, lines, accepted, [*event_refusals, *line_refusals, *accepted.refusals])


def writes_of(
    events: Sequence[EventRow], lines: Sequence[LogRow], points: Sequence[PointRow]
) -> copy.Writes:
    """Return the rows with their tables, having made room for them."""
    writes: list[tuple[tables.TimeTable, Sequence[EventRow | LogRow | PointRow]]] = [
        (tables.EVENT, events),
        (tables.LOG_LINE, lines),
        (tables.METRIC_POINT, points),
    ]
    current = store.current()
    for table, rows in writes:
        if rows:
            first = min(row.occurred_at for row in rows)
            last = max(row.occurred_at for row in rows)
            one_day = first.date() == last.date()
            current.make_room(
                table, {first, last} if one_day else {row.occurred_at for row in rows}
            )
    return writes


def transition_rows(
    workspace_id: uuid.UUID, transitions: Sequence[Transition], now: datetime
) -> Sequence[TransitionRow]:
    """Return the rows, having made room for them."""
    rows = acceptance.transition_rows(transitions, workspace_id=workspace_id, received_at=now)
    make_room_for(rows)
    return rows


def make_room_for(rows: Sequence[TransitionRow]) -> None:
    if not rows:
        return
    moments = {uuid7_time(rows[0].id), uuid7_time(rows[-1].id)}
    if max(moments) - min(moments) > timedelta(days=tables.RUN_TRANSITION.days):
        moments = {uuid7_time(row.id) for row in rows}
    store.current().make_room(tables.RUN_TRANSITION, moments)
