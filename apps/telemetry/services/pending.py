"""What a stored batch leaves behind: one row for each consumer that has to look at it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Final

from apps.core.ids import uuid7
from apps.core.wakeups import channel_name
from apps.telemetry import acceptance, deltas, keys
from apps.telemetry.acceptance import EventRow, LogRow, PointRow, SeriesKey
from apps.telemetry.enums import Consumer
from apps.telemetry.sketch import decode as decode_sketch

LEAVE: Final = (
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
_STATEMENT: Final = "query.executed"
_MAY_SAY_USE: Final = _ENDS_RUN | {"llm.called", "headway.compute.stopped", _STATEMENT}


def pending_statement(
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
    statement = LEAVE
    names = {row.name for row in events}
    packed = keys.pack([row[1:3] for row in events])
    mapped = _mapped(events, names, packed)
    if mapped:
        statement = f"{statement}; {LEAVE}"
        parameters += [uuid7(), now, workspace_id, Consumer.LINEAGE.value, mapped]
    costed = _costed(events, names, packed)
    if costed:
        statement = f"{statement}; {LEAVE}"
        parameters += [uuid7(), now, workspace_id, Consumer.COSTS.value, costed]
    heard = _heard(events, names, packed)
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


# PERF: of each consumer's events what a name says is asked once per name, not once per event.
def _heard(events: Sequence[EventRow], names: Set[str], packed: Sequence[bytes]) -> bytes:
    unheard = {name for name in names if name.startswith(_UNHEARD)}
    if not unheard:
        return b"".join(packed)
    return b"".join(key for key, row in zip(packed, events, strict=True) if row.name not in unheard)


def _mapped(events: Sequence[EventRow], names: Set[str], packed: Sequence[bytes]) -> bytes:
    """Return the events that may tell something of the world: that name a thing, or asked one."""
    own = {name for name in names if name.startswith(_OWN)}
    told = {name for name in names if name.startswith("query.")} | (own & _TELLS_OF_RUN)
    return b"".join(
        key
        for key, row in zip(packed, events, strict=True)
        if row.name in told
        or (
            (row.resource_kind is not None or row.related is not None)
            and not (own and row.name in own)
        )
    )


def _costed(events: Sequence[EventRow], names: Set[str], packed: Sequence[bytes]) -> bytes:
    """Return the events that may say what a run used; of statements, most say no numbers."""
    asked = names & _MAY_SAY_USE
    if not asked:
        return b""
    return b"".join(
        key
        for key, row in zip(packed, events, strict=True)
        if row.run_id is not None
        and row.name in asked
        and (row.name != _STATEMENT or b'"bytes_' in row.payload or b'"credits"' in row.payload)
    )


def _size(message: str) -> int:
    return len(message) if message.isascii() else len(message.encode())
