"""What Headway tells of itself: its own events, and transitions of runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import cast

import structlog
from django.db import connection

from apps.core.clock import utc_now
from apps.telemetry import acceptance, limits
from apps.telemetry.acceptance import EventRow
from apps.telemetry.items import NewEvent, Refusal, TelemetryBatch, Transition
from apps.telemetry.models import PendingBatch
from apps.telemetry.services.pending import pending_statement
from apps.telemetry.services.rows import accept_batch, make_room_for, transition_rows, writes_of
from apps.telemetry.services.write import store_batch
from apps.telemetry.store import copy, tables

logger = structlog.get_logger(__name__)


def emit(
    *, workspace_id: uuid.UUID, events: Sequence[NewEvent], now: datetime | None = None
) -> int:
    """
    Store events that Headway itself makes (`headway.run.completed` …) and return how many are new.

    Runs inside the caller's transaction. An event outside the time window is dropped and logged:
    the change that it tells of has happened anyway.
    """
    outcome = store_batch(
        workspace_id=workspace_id, batch=TelemetryBatch(events=events), now=now or utc_now()
    )
    _warn_of(outcome.rejected, workspace_id, events)
    return outcome.accepted


def record_transitions(
    *, workspace_id: uuid.UUID, transitions: Sequence[Transition], now: datetime | None = None
) -> int:
    """
    Append transitions of runs and task runs and return how many were not there yet.

    Runs inside the caller's transaction. A transition without an id gets one derived from its
    content, so a repeated report is one row.
    """
    rows = transition_rows(workspace_id, transitions, now or utc_now())
    return len(copy.insert_new([(tables.RUN_TRANSITION, rows)])[0].new)


def record_told(
    *,
    workspace_id: uuid.UUID,
    transitions: Sequence[Transition],
    events: Sequence[NewEvent],
    now: datetime,
) -> None:
    """
    Append transitions and store the events that tell of them, as the two functions above do.

    PERF: a few go to the database in one message instead of three.
    """
    if max(len(transitions), len(events)) > copy.FEW:
        record_told_in_many(told={workspace_id: (transitions, events)}, now=now)
        return
    sent = accept_batch(
        workspace_id, TelemetryBatch(events=events), now, limits.DEFAULT_RETENTION_DAYS
    )
    if not (transitions and sent.events):
        record_transitions(workspace_id=workspace_id, transitions=transitions, now=now)
        emit(workspace_id=workspace_id, events=events, now=now)
        return
    _warn_of(sent.refusals, workspace_id, events)
    rows = transition_rows(workspace_id, transitions, now)
    (event_write,) = (write for write in writes_of(sent.events, (), ()) if write[1])
    pending = pending_statement(workspace_id, sent.events, (), (), {}, now)
    _, new = copy.insert_in_one_message([(tables.RUN_TRANSITION, rows), event_write], pending)
    if len(new) == len(sent.events):
        return
    # Something was told before: what was left for the consumers counts it twice.
    left = {value for value in pending[1] if isinstance(value, uuid.UUID)} - {workspace_id}
    PendingBatch.objects.filter(id__in=left).delete()
    if new:
        with connection.cursor() as cursor:
            cursor.execute(
                *pending_statement(workspace_id, cast("Sequence[EventRow]", new), (), (), {}, now)
            )


def record_told_in_many(
    *,
    told: Mapping[uuid.UUID, tuple[Sequence[Transition], Sequence[NewEvent]]],
    now: datetime,
) -> None:
    """
    Do the same for any workspaces, in as many statements as for one. For loops.

    What came due at midnight belongs to hundreds of them.
    """
    moves: list[acceptance.TransitionRow] = []
    events: list[EventRow] = []
    for workspace_id, (transitions, said) in told.items():
        moves += acceptance.transition_rows(transitions, workspace_id=workspace_id, received_at=now)
        batch = TelemetryBatch(events=said)
        sent = accept_batch(workspace_id, batch, now, limits.DEFAULT_RETENTION_DAYS)
        _warn_of(sent.refusals, workspace_id, said)
        events += sent.events
    # In the order of the tables' keys, as for one workspace.
    moves.sort(key=attrgetter("id"))
    events.sort(key=attrgetter("workspace_id", "occurred_at", "id"))
    make_room_for(moves)
    writes = [(tables.RUN_TRANSITION, moves), *writes_of(events, (), ())[:1]]
    _, (new, _) = copy.insert_new(writes)
    statements: list[str] = []
    parameters: list[str | bytes | datetime | uuid.UUID] = []
    new_events = cast("Sequence[EventRow]", new)
    for workspace_id, its_events in groupby(new_events, key=attrgetter("workspace_id")):
        statement, its_parameters = pending_statement(
            workspace_id, list(its_events), (), (), {}, now
        )
        statements.append(statement)
        parameters += its_parameters
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements), parameters)


def _warn_of(
    refusals: Sequence[Refusal], workspace_id: uuid.UUID, events: Sequence[NewEvent]
) -> None:
    for refusal in refusals:
        logger.warning(
            "event.not_emitted",
            workspace_id=str(workspace_id),
            event_name=events[refusal.index].name,
            code=refusal.code,
        )
