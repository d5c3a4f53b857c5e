"""Accept and store: the caller's transaction, one COPY a table, one outbox row a consumer."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, groupby
from operator import attrgetter
from threading import Lock
from typing import Final, NamedTuple, cast

import structlog
from django.db import connection, transaction

from apps.core.clock import utc_now
from apps.core.ids import uuid7, uuid7_time
from apps.core.wakeups import channel_name
from apps.telemetry import acceptance, deltas, keys, limits, store
from apps.telemetry.acceptance import (
    EventRow,
    LogRow,
    PointRow,
    SeriesKey,
    Window,
)
from apps.telemetry.enums import Consumer
from apps.telemetry.items import (
    NewEvent,
    NewPoint,
    NewReading,
    Refusal,
    StoreOutcome,
    TelemetryBatch,
    Transition,
)
from apps.telemetry.models import MetricSeries, PendingBatch
from apps.telemetry.services.readings import Settled, settle_readings
from apps.telemetry.sketch import decode as decode_sketch
from apps.telemetry.store import copy, tables
from apps.telemetry.store.copy import Repeated

logger = structlog.get_logger(__name__)

_MAX_KNOWN_SERIES = 200_000
_known_series: set[uuid.UUID] = set()  # committed ones that this process has met
_known_lock = Lock()


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
    `repeated` says what to do about rows that are there; RAISE saves two round trips for callers
    who can begin their whole transaction anew with STAGE.
    Drops: items outside the time window or over a limit; each is in `rejected` with its index.
    Raises: RowsAreThereError, only with Repeated.RAISE.
    """
    settled = _settle(workspace_id, batch, now, retention_days)
    sent = _accept(workspace_id, batch, now, retention_days, settled.points)
    points, series_refusals = _admit_series(workspace_id, sent.points, now)
    refusals = sorted([*sent.refusals, *series_refusals], key=lambda each: (each.kind, each.index))
    found = len(sent.events) + len(sent.lines) + len(points)
    if not found:
        return StoreOutcome(accepted=settled.kept, duplicates=settled.repeated, rejected=refusals)

    writes = _writes(sent.events, sent.lines, points)
    inserted = copy.insert_new(writes, repeated=repeated)
    # Each is a part of the list that was passed in, in its order.
    new_events = cast("Sequence[EventRow]", inserted[0])
    new_lines = cast("Sequence[LogRow]", inserted[1])
    new_points = cast("Sequence[PointRow]", inserted[2])
    accepted = len(new_events) + len(new_lines) + len(new_points)
    if accepted:
        # PERF: building this INSERT from the model took longer than executing it.
        with connection.cursor() as cursor:
            cursor.execute(
                *_pending(workspace_id, new_events, new_lines, new_points, sent.points.series, now)
            )
    return StoreOutcome(
        accepted=accepted + settled.kept,
        duplicates=found - accepted + settled.repeated,
        rejected=refusals,
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
    Store a small batch in a transaction of its own that costs one round trip.

    Returns None, with nothing stored, when any row is there already, any series is new or any
    reading has to be compared with the one before; then `store_batch` can tell what is what. Must
    be called outside of a transaction.
    """
    if any(type(point) is NewReading for point in batch.points):
        return None
    sent = _accept(workspace_id, batch, now, retention_days)
    if any(series_id not in _known_series for series_id in sent.points.series):
        return None
    events, lines, points = sent.events, sent.lines, sent.points.rows
    found = len(events) + len(lines) + len(points)
    if found:
        writes = _writes(events, lines, points)
        pending = _pending(workspace_id, events, lines, points, sent.points.series, now)
        if not copy.insert_at_once(workspace_id, writes, pending):
            return None
    return StoreOutcome(accepted=found, rejected=sent.refusals)


def store_points_of_many(*, points: Mapping[uuid.UUID, Sequence[NewPoint]], now: datetime) -> int:
    """
    Store points that Headway measures of many workspaces at once; return how many are new.

    Runs inside the caller's transaction, for loops: one COPY and one bundle of pending batches,
    however many workspaces. A point outside the time window or over a limit is dropped and logged.
    """
    accepted = {
        workspace_id: _accept(
            workspace_id, TelemetryBatch(points=own), now, limits.DEFAULT_RETENTION_DAYS
        ).points
        for workspace_id, own in points.items()
    }
    unknown = {series for own in accepted.values() for series in own.series} - _known_series
    # One look for all; only workspaces with series that are new are looked at by themselves.
    there = MetricSeries.objects.filter(id__in=unknown).values_list("id", flat=True)
    _remember(list(there))
    rows: list[PointRow] = []
    for workspace_id, own in accepted.items():
        admitted, refused = _admit_series(workspace_id, own, now)
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
    (written,) = copy.insert_new([write for write in _writes((), (), rows) if write[1]])
    new: dict[uuid.UUID, list[PointRow]] = defaultdict(list)
    for row in cast("Sequence[PointRow]", written):
        new[row.workspace_id].append(row)
    left = [
        _pending(workspace_id, (), (), own, accepted[workspace_id].series, now)[1]
        for workspace_id, own in new.items()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_LEAVE, left)
    return len(written)


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


def record_transitions(
    *, workspace_id: uuid.UUID, transitions: Sequence[Transition], now: datetime | None = None
) -> int:
    """
    Append transitions of runs and task runs and return how many were not there yet.

    Runs inside the caller's transaction. A transition without an id gets one derived from its
    content, so a repeated report is one row.
    """
    rows = _transition_rows(workspace_id, transitions, now or utc_now())
    return len(copy.insert_new([(tables.RUN_TRANSITION, rows)])[0])


def _transition_rows(
    workspace_id: uuid.UUID, transitions: Sequence[Transition], now: datetime
) -> Sequence[acceptance.TransitionRow]:
    """Return the rows, having made room for them."""
    rows = acceptance.transition_rows(transitions, workspace_id=workspace_id, received_at=now)
    _make_room_for(rows)
    return rows


def _make_room_for(rows: Sequence[acceptance.TransitionRow]) -> None:
    if not rows:
        return
    moments = {uuid7_time(rows[0].id), uuid7_time(rows[-1].id)}
    if max(moments) - min(moments) > timedelta(days=tables.RUN_TRANSITION.days):
        moments = {uuid7_time(row.id) for row in rows}
    store.current().make_room(tables.RUN_TRANSITION, moments)


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
    sent = _accept(workspace_id, TelemetryBatch(events=events), now, limits.DEFAULT_RETENTION_DAYS)
    if not (transitions and sent.events):
        record_transitions(workspace_id=workspace_id, transitions=transitions, now=now)
        emit(workspace_id=workspace_id, events=events, now=now)
        return
    _warn_of(sent.refusals, workspace_id, events)
    rows = _transition_rows(workspace_id, transitions, now)
    (event_write,) = (write for write in _writes(sent.events, (), ()) if write[1])
    pending = _pending(workspace_id, sent.events, (), (), {}, now)
    _, new = copy.insert_in_one_message([(tables.RUN_TRANSITION, rows), event_write], pending)
    if len(new) == len(sent.events):
        return
    # Something was told before: what was left for the consumers counts it twice.
    left = {value for value in pending[1] if isinstance(value, uuid.UUID)} - {workspace_id}
    PendingBatch.objects.filter(id__in=left).delete()
    if new:
        with connection.cursor() as cursor:
            cursor.execute(
                *_pending(workspace_id, cast("Sequence[EventRow]", new), (), (), {}, now)
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
        sent = _accept(workspace_id, batch, now, limits.DEFAULT_RETENTION_DAYS)
        _warn_of(sent.refusals, workspace_id, said)
        events += sent.events
    # In the order of the tables' keys, as for one workspace.
    moves.sort(key=attrgetter("id"))
    events.sort(key=attrgetter("workspace_id", "occurred_at", "id"))
    _make_room_for(moves)
    writes = [(tables.RUN_TRANSITION, moves), *_writes(events, (), ())[:1]]
    _, new = copy.insert_new(writes)
    statements: list[str] = []
    parameters: list[str | bytes | datetime | uuid.UUID] = []
    new_events = cast("Sequence[EventRow]", new)
    for workspace_id, its_events in groupby(new_events, key=attrgetter("workspace_id")):
        statement, its_parameters = _pending(workspace_id, list(its_events), (), (), {}, now)
        statements.append(statement)
        parameters += its_parameters
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements), parameters)


class _Sent(NamedTuple):
    """A batch after the checks that need no database."""

    events: list[EventRow]
    lines: list[LogRow]
    points: acceptance.AcceptedPoints
    refusals: list[Refusal]


def _accept(
    workspace_id: uuid.UUID,
    batch: TelemetryBatch,
    now: datetime,
    retention_days: int,
    points: Sequence[NewPoint | None] | None = None,
) -> _Sent:
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
    return _Sent(events, lines, accepted, [*event_refusals, *line_refusals, *accepted.refusals])


def _writes(
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


_LEAVE: Final = (
    "INSERT INTO telemetry_pendingbatch (id, created_at, workspace_id, consumer, content)"
    " VALUES (%s, %s, %s, %s, %s)"
)
# Asked in the database and not remembered here: a process that did not know of a new listener
# would keep events from it.
_LEAVE_FOR_LISTENER: Final = (
    "WITH heard AS (INSERT INTO telemetry_pendingbatch"
    " (id, created_at, workspace_id, consumer, content)"
    " SELECT %s, %s, workspace_id, consumer, %s FROM telemetry_listener"
    " WHERE workspace_id = %s AND consumer = %s RETURNING 1)"
    " SELECT pg_notify(%s, 'batch') FROM heard"
)
# What automations tell of themselves is not for them: a rule that heard it could go on for ever.
_UNHEARD: Final = "headway.automation."
_OWN: Final = "headway."
# Of our own, whose a run is; said when it begins and, of one that never did, when it ends.
_TELLS_OF_RUN: Final = frozenset(
    f"headway.run.{state}"
    for state in ("running", "completed", "failed", "crashed", "cancelled", "timed_out")
)
_ENDS_RUN: Final = frozenset(
    f"headway.run.{state}"
    for state in ("completed", "cached", "skipped", "failed", "timed_out", "crashed", "cancelled")
)
_SAYS_USE: Final = _ENDS_RUN | {"llm.called", "headway.compute.stopped"}


def _pending(
    workspace_id: uuid.UUID,
    events: Sequence[EventRow],
    lines: Sequence[LogRow],
    points: Sequence[PointRow],
    series_keys: Mapping[uuid.UUID, SeriesKey],
    now: datetime,
) -> tuple[str, list[str | bytes | datetime | uuid.UUID]]:
    """Return the statements that leave the batch's pending rows: the rollup's, and a listener's."""
    series, runs = deltas.summarise_points(
        [(row.series_id, row.occurred_at, row.value, row.run_id) for row in points],
        {place: _summary_of(row) for place, row in enumerate(points) if row.sketch is not None},
    )
    # A chart of a whole metric reads its total, however many series there are.
    totals = deltas.totals_of(
        series,
        {id_: acceptance.total_id_of(workspace_id, key.name) for id_, key in series_keys.items()},
    )
    content = deltas.encode(
        deltas.Deltas(
            events=deltas.count_events(
                [row.name for row in events], [row.occurred_at for row in events]
            ),
            logs=deltas.count_logs(
                (row.level, row.occurred_at, _size(row.message)) for row in lines
            ),
            series=[*series, *totals],
            runs=runs,
        )
    )
    parameters: list[str | bytes | datetime | uuid.UUID] = [
        *(uuid7(), now, workspace_id, Consumer.ROLLUP.value, content)
    ]
    statement = _LEAVE
    mapped = keys.pack((row.occurred_at, row.id) for row in events if _is_mapped(row))
    if mapped:
        statement = f"{statement}; {_LEAVE}"
        parameters += [uuid7(), now, workspace_id, Consumer.LINEAGE.value, mapped]
    costed = keys.pack((row.occurred_at, row.id) for row in events if _is_costed(row))
    if costed:
        statement = f"{statement}; {_LEAVE}"
        parameters += [uuid7(), now, workspace_id, Consumer.COSTS.value, costed]
    heard = keys.pack((row.occurred_at, row.id) for row in events if _is_heard(row))
    if heard:
        listener = Consumer.AUTOMATIONS.value
        statement = f"{statement}; {_LEAVE_FOR_LISTENER}"
        parameters += [uuid7(), now, heard, workspace_id, listener, channel_name(listener)]
    return statement, parameters


def _summary_of(row: PointRow) -> deltas.Summary:
    """Return the summary of a point that stands for many values."""
    assert row.many is not None
    assert row.low is not None
    assert row.high is not None
    assert row.sketch is not None
    return deltas.Summary(
        row.many,
        row.value * row.many,
        row.low,
        row.high,
        row.value,
        deltas.microseconds(row.occurred_at),
        decode_sketch(row.sketch),
    )


def _is_heard(row: EventRow) -> bool:
    return not row.name.startswith(_UNHEARD)


def _is_mapped(row: EventRow) -> bool:
    """Return whether the event may tell something of the world: it names a thing, or asked one."""
    if row.name.startswith(_OWN):
        return row.name in _TELLS_OF_RUN
    return row.resource_kind is not None or row.related is not None or row.name.startswith("query.")


def _is_costed(row: EventRow) -> bool:
    """Return whether the event may say what a run used; of statements, most say no numbers."""
    if row.run_id is None:
        return False
    if row.name == "query.executed":
        return b'"bytes_' in row.payload or b'"credits"' in row.payload
    return row.name in _SAYS_USE


def _size(message: str) -> int:
    return len(message) if message.isascii() else len(message.encode())


def _admit_series(
    workspace_id: uuid.UUID, found: acceptance.AcceptedPoints, now: datetime
) -> tuple[list[PointRow], list[Refusal]]:
    """Make series that are new; refuse the points of those beyond what a workspace may have."""
    unknown = [series_id for series_id in found.series if series_id not in _known_series]
    if not unknown:
        return found.rows, []
    of_workspace = MetricSeries.objects.filter(workspace_id=workspace_id)
    there = set(of_workspace.filter(id__in=unknown).values_list("id", flat=True))
    new = sorted(series_id for series_id in unknown if series_id not in there)
    refused: list[uuid.UUID] = []
    if new:
        room = max(limits.SERIES_PER_WORKSPACE - of_workspace.count(), 0)
        new, refused = new[:room], new[room:]
        MetricSeries.objects.bulk_create(
            [_new_series(workspace_id, id_, found, now) for id_ in new], ignore_conflicts=True
        )
    made = [*there, *new]
    transaction.on_commit(lambda: _remember(made))
    if not refused:
        return found.rows, []
    outside = set(refused)
    logger.info(
        "series.refused", workspace_id=str(workspace_id), refused=len(refused), admitted=len(new)
    )
    refusals = [
        Refusal(
            kind="points",
            index=index,
            code="too_many_series",
            message=f"The workspace has its {limits.SERIES_PER_WORKSPACE:,} series already: "
            "use fewer different label values.",
            field="labels",
        )
        for index in chain.from_iterable(found.places[series_id] for series_id in refused)
    ]
    return [row for row in found.rows if row.series_id not in outside], refusals


def _new_series(
    workspace_id: uuid.UUID, series_id: uuid.UUID, found: acceptance.AcceptedPoints, now: datetime
) -> MetricSeries:
    key: SeriesKey = found.series[series_id]
    return MetricSeries(
        id=series_id,
        workspace_id=workspace_id,
        name=key.name,
        labels=dict(key.labels),
        unit=found.units[series_id],
        created_at=now,
    )


def forget_series() -> None:
    """For tests that empty the tables: this process has met no series."""
    _known_series.clear()


def _remember(series: Sequence[uuid.UUID]) -> None:
    with _known_lock:
        if len(_known_series) > _MAX_KNOWN_SERIES:
            _known_series.clear()
        _known_series.update(series)
