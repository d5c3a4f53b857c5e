# ruff: noqa: S608 - names come from `tables`, values are parameters
"""
Writing rows: COPY first, staging only for a batch that meets rows that are already there.

Measured: a staged batch costs three times a direct one. Repeated batches are rare, so the common
case pays nothing for them but a savepoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db import IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from apps.telemetry.store import twins
from apps.telemetry.store.messages import send_with_copies
from apps.telemetry.store.tables import TimeTable, column_names, column_types
from apps.telemetry.store.twins import PLACE, Differing
from apps.telemetry.store.wire import encode_rows

# Up to here one INSERT with ON CONFLICT is as fast as savepoint, COPY and release (measured).
FEW = 10

Rows = Sequence[tuple[Any, ...]]
# One batch: rows per table, each sorted by the table's key. The order keeps two senders of the same
# rows from waiting for each other in a circle, and the index insertions close together.
Writes = Sequence[tuple[TimeTable, Rows]]


class Repeated(StrEnum):
    """What to do about rows that are already there."""

    SAVEPOINT = "savepoint"
    """Try COPY within a savepoint, then stage; for callers with other work in the transaction."""
    RAISE = "raise"
    """Try COPY and raise RowsAreThereError, which leaves the transaction broken: roll it back."""
    STAGE = "stage"
    """Expect them: stage at once."""


class Inserted(NamedTuple):
    """What became of the rows of one table."""

    new: Rows
    differing: Sequence[Differing] = ()  # those that say something else than the row that is there


class RowsAreThereError(Exception):
    """COPY met a row that is there. The transaction is lost; come again with Repeated.STAGE."""


def insert_new(
    writes: Writes, *, repeated: Repeated = Repeated.SAVEPOINT, compare: bool = False
) -> list[Inserted]:
    """
    Insert the rows that are not there yet and return, per table, those that were inserted.

    Runs inside the caller's transaction. Two rows of one key in one call are one row: the first.
    With `compare` those that were not inserted are held against what is there, which costs nothing
    when all were.
    Raises: RowsAreThereError, only with Repeated.RAISE.
    """
    if sum(len(rows) for _, rows in writes) <= FEW:
        return [_insert_few(table, rows, compare) for table, rows in writes]
    if repeated is Repeated.STAGE:
        return [_insert_staged(table, rows, compare) for table, rows in writes]
    # PERF: a savepoint is two round trips, which a batch of 500 events feels.
    guard = transaction.atomic() if repeated is Repeated.SAVEPOINT else nullcontext()
    try:
        with guard, connection.cursor() as cursor:
            for table, rows in writes:
                _copy(cursor, table.name, table.columns, rows)
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            raise
        if repeated is Repeated.RAISE:
            raise RowsAreThereError from error
        return [_insert_staged(table, rows, compare) for table, rows in writes]
    return [Inserted(rows) for _, rows in writes]


def _encode(data: bytes) -> bytes:
    return data


def _copy(cursor: Any, target: str, columns: Sequence[tuple[str, str]], rows: Rows) -> None:
    if not rows:
        return
    # Django hands out psycopg's own copy(), so its errors have to be made Django's here.
    with (
        connection.wrap_database_errors,
        cursor.copy(_copy_sql(target, column_names(columns))) as copy,
    ):
        copy.write(encode_rows(column_types(columns), rows))


def _copy_sql(target: str, names: Sequence[str]) -> str:
    return f"COPY {target} ({', '.join(names)}) FROM STDIN (FORMAT binary)"


def insert_at_once(workspace_id: UUID, writes: Writes, and_then: tuple[str, Sequence[Any]]) -> None:
    """
    Insert the rows and execute another statement, in one message to the server and one transaction.

    The server treats a message of several statements as one transaction, if there is none yet:
    there must be none.
    Raises: RowsAreThereError, with nothing done, when one of the rows is there already.
    """
    assert not connection.in_atomic_block
    copies = sum(len(rows) for _, rows in writes) > FEW
    # The same as `workspace_scope`, without its round trips.
    statements = ["SELECT set_config('app.workspace', %s, true)"]
    parameters: list[Any] = [str(workspace_id)]
    data: list[bytes] = []
    for table, rows in writes:
        if rows and copies:
            statements.append(_copy_sql(table.name, table.column_names))
            data.append(encode_rows(table.column_types, rows))
        elif rows:
            statements.append(_insert_sql(table, rows))
            parameters += _parameters(table, rows)
    statements.append(and_then[0])
    parameters += and_then[1]
    message = "; ".join(statements)
    try:
        with connection.cursor() as cursor:
            if copies:
                send_with_copies(cursor, message, parameters, data)
            else:
                cursor.execute(message, parameters)
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            raise
        raise RowsAreThereError from error


def insert_in_one_message(writes: Writes, and_then: tuple[str, Sequence[Any]]) -> list[Rows]:
    """
    Insert a few rows and execute another statement in one round trip; return the new rows.

    Runs inside the caller's transaction. Each table must have a row. The other statement is
    executed even if all rows are there: the caller has to take back what it did.
    """
    statements: list[str] = []
    parameters: list[Any] = []
    for table, rows in writes:
        statements.append(_insert_unless_there_sql(table, rows))
        parameters += _parameters(table, rows)
    statements.append(and_then[0])
    parameters += and_then[1]
    inserted: list[Rows] = []
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements), parameters)
        for table, rows in writes:
            inserted.append(_those_inserted(table, rows, cursor.fetchall()))
            cursor.nextset()
    return inserted


def _insert_unless_there_sql(table: TimeTable, rows: Rows) -> str:
    key = ", ".join(table.key)
    return f"{_insert_sql(table, rows)} ON CONFLICT DO NOTHING RETURNING {key}"


def _insert_sql(table: TimeTable, rows: Rows) -> str:
    one = f"({', '.join(['%s'] * len(table.columns))})"
    return (
        f"INSERT INTO {table.name} ({', '.join(table.column_names)})"
        f" VALUES {', '.join([one] * len(rows))}"
    )


def _parameters(table: TimeTable, rows: Rows) -> list[Any]:
    is_json = [kind == "jsonb" for kind in table.column_types]
    return [
        Jsonb(value, dumps=_encode) if json and value is not None else value
        for row in rows
        for json, value in zip(is_json, row, strict=True)
    ]


def _insert_few(table: TimeTable, rows: Rows, compare: bool) -> Inserted:
    if not rows:
        return Inserted(rows)
    with connection.cursor() as cursor:
        cursor.execute(_insert_unless_there_sql(table, rows), _parameters(table, rows))
        new = _those_inserted(table, rows, cursor.fetchall())
        if not compare or len(new) == len(rows):
            return Inserted(new)
        sent = twins.values_sql(table, len(rows))
        return Inserted(new, twins.find(cursor, table, rows, sent, _parameters(table, rows)))


def _insert_staged(table: TimeTable, rows: Rows, compare: bool) -> Inserted:
    if not rows:
        return Inserted(rows)
    staging = f"staging_{table.name}"
    columns, key = ", ".join(table.column_names), ", ".join(table.key)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging}"
            f" (LIKE {table.name}, {PLACE} integer NOT NULL) ON COMMIT DROP"
        )
        cursor.execute(f"TRUNCATE {staging}")
        placed = [(*row, place) for place, row in enumerate(rows)]
        _copy(cursor, staging, (*table.columns, (PLACE, "integer")), placed)
        cursor.execute(
            f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {staging}"
            f" ORDER BY {key}, {PLACE} ON CONFLICT DO NOTHING RETURNING {key}"
        )
        new = _those_inserted(table, rows, cursor.fetchall())
        if not compare or len(new) == len(rows):
            return Inserted(new)
        return Inserted(new, twins.find(cursor, table, rows, staging))


def _those_inserted(table: TimeTable, rows: Rows, keys: Iterable[tuple[Any, ...]]) -> Rows:
    inserted = set(keys)
    places = [table.column_names.index(name) for name in table.key]
    kept = []
    for row in rows:
        key = tuple(row[place] for place in places)
        if key in inserted:
            inserted.discard(key)  # the second of two equal rows was not inserted
            kept.append(row)
    return kept
