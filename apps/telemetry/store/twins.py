# ruff: noqa: S608 - names come from `tables`, values are parameters
"""
Rows that were sent with a key that is there, and say something else.

Asked only of batches of which something was not inserted. The rows that were inserted need not be
left out: they are equal to themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from apps.telemetry.store.port import Cursor
from apps.telemetry.store.tables import TimeTable

PLACE: Final = "place"  # of a row in the list that was sent
# When something came is ours to say, and is another moment each time.
_OURS: Final = frozenset({"received_at"})
# Told last: of all differences the one that senders need not have made.
_LAST: Final = "run_id"


class Differing(NamedTuple):
    """A row, by its place among those that were sent, and the first column in which it differs."""

    place: int
    column: str


def find(
    cursor: Cursor,
    table: TimeTable,
    rows: Sequence[tuple[Any, ...]],
    sent: str,
    parameters: Sequence[Any] = (),
) -> list[Differing]:
    """
    Return those of the rows that differ from what is stored by their key, in the order sent.

    `sent` is where the database finds the rows: a table, or `values_sql` with its parameters.
    """
    names = [name for name in table.column_names if name not in _OURS and name not in table.key]
    names.sort(key=lambda name: name == _LAST)
    which = " ".join(
        f"WHEN there.{name} IS DISTINCT FROM sent.{name} THEN '{name}'" for name in names
    )
    same = " AND ".join(f"there.{name} = sent.{name}" for name in table.key)
    time = table.column_names.index(table.column)
    moments = [row[time] for row in rows]
    workspaces = table.column_names.index("workspace_id")
    # The bounds say which parts to look into before the first row is looked up.
    cursor.execute(
        f"SELECT * FROM (SELECT sent.{PLACE}, CASE {which} END AS differs"
        f" FROM {sent} AS sent JOIN {table.name} AS there ON {same}"
        f" WHERE there.workspace_id = ANY(%s) AND there.{table.column} BETWEEN %s AND %s"
        f") AS compared WHERE differs IS NOT NULL ORDER BY {PLACE}",
        [*parameters, list({row[workspaces] for row in rows}), min(moments), max(moments)],
    )
    return [Differing(place, column) for place, column in cursor.fetchall()]


def values_sql(table: TimeTable, count: int) -> str:
    """Return a few rows as a table to select from; the values are its parameters."""
    casts = [f"%s::{kind}" for kind in table.column_types]
    values = ", ".join(f"({', '.join([*casts, str(place)])})" for place in range(count))
    return f"(SELECT * FROM (VALUES {values}) AS v ({', '.join([*table.column_names, PLACE])}))"
