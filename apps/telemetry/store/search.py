# ruff: noqa: S608 - names come from `tables`, values are parameters
"""
Searching raw rows, newest first, one part after the other.

No index can answer every search. So a search reads in parts of so many rows, each a walk down the
key, and stops when its time is up: what it found is true as far back as it looked, and it says how
far that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import OperationalError, connection, transaction

from apps.telemetry.items import StoredEvent, StoredLine
from apps.telemetry.store.conditions import Condition
from apps.telemetry.store.reads import EVENT_COLUMNS, STEP, stored_event
from apps.telemetry.store.tables import EVENT, LOG_LINE, TimeTable

Key = tuple[datetime, UUID]  # occurred_at, id
_CANCELLED: Final = "57014"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A workspace's rows with since <= time < until, below one key and down to another."""

    workspace_id: UUID
    since: datetime | None = None
    until: datetime | None = None
    below: Key | None = None
    down_to: Key | None = None  # belongs to the part

    def condition(self) -> Condition:
        """Return it as SQL; the first bound is the key's first column."""
        found = Condition("workspace_id = %s", (self.workspace_id,))
        if self.since is not None:
            found += Condition(" AND occurred_at >= %s", (self.since,))
        if self.until is not None:
            found += Condition(" AND occurred_at < %s", (self.until,))
        # The bounds on the time say the same once more, for parts of the table need not be opened.
        if self.below is not None:
            found += Condition(
                " AND occurred_at <= %s AND (occurred_at, id) < (%s, %s)",
                (self.below[0], *self.below),
            )
        if self.down_to is not None:
            found += Condition(
                " AND occurred_at >= %s AND (occurred_at, id) >= (%s, %s)",
                (self.down_to[0], *self.down_to),
            )
        return found


class TookTooLongError(Exception):
    """The database was stopped at the limit."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """
    Let each statement take so long and no longer; the transaction goes on behind it.

    To compile what shall take so little would take longer than to run it.
    Raises: TookTooLongError; at once when there is no time.
    """
    if seconds <= 0:
        raise TookTooLongError
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'),"
                " set_config('statement_timeout', %s, true), set_config('jit', 'off', true)",
                [str(max(int(seconds * 1_000), 1))],
            )
            before = cursor.fetchone()[0]
            yield
            # SECURITY: local to the transaction, or the next request on the connection has it, too.
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _CANCELLED:
            raise TookTooLongError from error
        raise


def key_of_nth(table: TimeTable, part: Part, place: int, also: Condition) -> Key | None:
    """Return the key of the newest row but `place` - 1; None when there are fewer rows."""
    where = part.condition() + also
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT occurred_at, id FROM {table.name} WHERE {where.sql}"
            " ORDER BY occurred_at DESC, id DESC OFFSET %s LIMIT 1",
            [*where.parameters, place - 1],
        )
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def newest_events(part: Part, condition: Condition, limit: int) -> list[StoredEvent]:
    """Return the newest `limit` events of the part that fit, newest first."""
    where = part.condition() + condition
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {EVENT_COLUMNS} FROM {EVENT.name} e WHERE {where.sql}"
            " ORDER BY occurred_at DESC, id DESC LIMIT %s",
            [*where.parameters, limit],
        )
        return [stored_event(row) for row in cursor.fetchall()]


def newest_event_keys(part: Part, condition: Condition, limit: int) -> list[Key]:
    """Return the keys of the newest `limit` events of the part that fit, newest first."""
    where = part.condition() + condition
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT occurred_at, id FROM {EVENT.name} WHERE {where.sql}"
            " ORDER BY occurred_at DESC, id DESC LIMIT %s",
            [*where.parameters, limit],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def count_events_in(
    part: Part, condition: Condition, step_seconds: int
) -> list[tuple[str, int, int]]:
    """Return (name, start of bucket in seconds since 1970, count) of the part's that fit."""
    where = part.condition() + condition
    parameters: list[Any] = [step_seconds, step_seconds, *where.parameters]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, {STEP.format(column='occurred_at')}, count(*) FROM {EVENT.name}"
            f" WHERE {where.sql} GROUP BY 1, 2",
            parameters,
        )
        return [(str(row[0]), int(row[1]), int(row[2])) for row in cursor.fetchall()]


def newest_lines(part: Part, condition: Condition, limit: int) -> list[StoredLine]:
    """Return the newest `limit` log lines of the part that fit, newest first."""
    return _lines(part.condition() + condition, "DESC", limit)


def lines_beside(
    workspace_id: UUID, *, run_id: UUID, key: Key, after: bool, limit: int
) -> list[StoredLine]:
    """Return a run's lines right before or after a key, the nearest first."""
    where = Condition(
        "workspace_id = %s AND run_id = %s AND occurred_at"
        + (
            " >= %s AND (occurred_at, id) > (%s, %s)"
            if after
            else " <= %s AND (occurred_at, id) < (%s, %s)"
        ),
        (workspace_id, run_id, key[0], *key),
    )
    return _lines(where, "ASC" if after else "DESC", limit)


def line_at(workspace_id: UUID, *, run_id: UUID, key: Key) -> StoredLine | None:
    """Return the line of this key, or None when it is not kept."""
    where = Condition(
        "workspace_id = %s AND run_id = %s AND occurred_at = %s AND id = %s",
        (workspace_id, run_id, *key),
    )
    return next(iter(_lines(where, "DESC", 1)), None)


def _lines(where: Condition, direction: str, limit: int) -> list[StoredLine]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LINE_COLUMNS} FROM {LOG_LINE.name} WHERE {where.sql}"
            f" ORDER BY occurred_at {direction}, id {direction} LIMIT %s",
            [*where.parameters, limit],
        )
        return [
            StoredLine(
                id=row[0],
                occurred_at=row[1],
                run_id=row[2],
                task_run_id=row[3],
                level=row[4],
                logger=row[5],
                message=row[6],
            )
            for row in cursor.fetchall()
        ]


LINE_COLUMNS: Final = "id, occurred_at, run_id, task_run_id, level, logger, message"


def measure_lines_in(part: Part, step_seconds: int) -> list[tuple[UUID, int, int, int]]:
    """Return (run, start of bucket in seconds since 1970, lines, bytes of their messages)."""
    where = part.condition()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT run_id, {STEP.format(column='occurred_at')}, count(*),"
            f" sum(octet_length(message)) FROM {LOG_LINE.name} WHERE {where.sql} GROUP BY 1, 2",
            [step_seconds, step_seconds, *where.parameters],
        )
        return [(row[0], int(row[1]), int(row[2]), int(row[3])) for row in cursor.fetchall()]
