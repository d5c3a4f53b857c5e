"""Which items were duplicates only by their id: the one that is there says something else."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from apps.telemetry.acceptance import NIL, LogRow, PointRow, SeriesKey, series_id_of
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, Refusal
from apps.telemetry.store import tables
from apps.telemetry.store.copy import Inserted
from apps.telemetry.store.tables import TimeTable

CODE: Final = "duplicate_differs"

_KINDS: Final = {
    tables.EVENT.name: "events",
    tables.LOG_LINE.name: "logs",
    tables.METRIC_POINT.name: "points",
}
# Columns that items have no field of the name for.
_FIELDS: Final = {
    "resource_kind": "resource",
    "resource_namespace": "resource",
    "resource_name": "resource",
    "count": "value",
    "low": "value",
    "high": "value",
    "sketch": "value",
}
_Item = NewEvent | NewLogLine | NewPoint
_Key = tuple[uuid.UUID, datetime, uuid.UUID | None]


def items_that_differ(
    *,
    workspace_id: uuid.UUID,
    items: dict[str, Sequence[_Item | None]],
    refused: Collection[tuple[str, int]],
    written: Iterable[tuple[TimeTable, Sequence[Any], Inserted]],
) -> list[Refusal]:
    """
    Return, by their index, the items whose rows differ from what is stored under their key.

    Only items that were sent with an id can: others have one that is made of what they say.
    """
    found: list[Refusal] = []
    for table, rows, (_, differing) in written:
        if not differing:
            continue
        kind = _KINDS[table.name]
        ids = {rows[place].id for place, _ in differing}
        # Rows are sorted by their key, and items of one key are in the order in which they were
        # sent: the n-th row of a key is the n-th item of it.
        places: dict[_Key, list[int]] = {}
        for index, item in enumerate(items[kind]):
            if item is not None and item.id in ids and (kind, index) not in refused:
                places.setdefault(_key_of_item(item, workspace_id), []).append(index)
        for place, column in differing:
            key = _key_of_row(rows[place])
            before = place
            while before and _key_of_row(rows[before - 1]) == key:
                before -= 1
            index = places[key][place - before]
            found.append(_differs(kind, index, _FIELDS.get(column, column)))
    return found


def readings_that_differ(places: Iterable[int]) -> list[Refusal]:
    """Say the same of readings of running totals, which are compared with the reading before."""
    return [_differs("points", place, "value") for place in places]


def _differs(kind: str, index: int, field: str) -> Refusal:
    return Refusal(
        kind=kind,
        index=index,
        code=CODE,
        message="One of the same id and time is there already, and says something else."
        " The first one stays.",
        field=field,
    )


def _key_of_item(item: _Item, workspace_id: uuid.UUID) -> _Key:
    if isinstance(item, NewPoint):
        return series_id_of(workspace_id, SeriesKey.of(item)), item.occurred_at, item.id
    of = (item.run_id or NIL) if isinstance(item, NewLogLine) else NIL
    return of, item.occurred_at, item.id


def _key_of_row(row: Any) -> _Key:
    if isinstance(row, PointRow):
        return row.series_id, row.occurred_at, row.id
    return (row.run_id if isinstance(row, LogRow) else NIL), row.occurred_at, row.id
