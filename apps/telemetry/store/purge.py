# ruff: noqa: S608 - names come from `tables`, values are parameters
"""
Deleting rows of one workspace, a bounded number at a time and out of one part at a time.

PERF: what is compressed is unpacked before rows of it are deleted, all that the statement may
touch: without the bound on time that would be whatever the workspace has, in one transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from apps.core.ids import uuid7_floor, uuid7_time
from apps.telemetry import store
from apps.telemetry.store.tables import Cut, TimeTable


@transaction.atomic
def delete_some(
    table: TimeTable, workspace_id: UUID, before: datetime | UUID | None = None, *, limit: int
) -> int:
    """
    Delete up to `limit` of the workspace's rows, the oldest first; return how many.

    `before`: only those that lie before this bound. 0: there are none.
    """
    oldest = _oldest(table, workspace_id, before)
    if oldest is None:
        return 0
    store.current().allow_deletes()
    key, column, end = ", ".join(table.key), table.column, _end_of_part(table, oldest)
    if before is not None:
        end = min(end, before)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table.name} WHERE workspace_id = %s"
            f" AND {column} >= %s AND {column} < %s"
            f" AND ({key}) IN (SELECT {key} FROM {table.name}"
            f" WHERE workspace_id = %s AND {column} >= %s AND {column} < %s LIMIT %s)",
            [workspace_id, oldest, end, workspace_id, oldest, end, limit],
        )
        return int(cursor.rowcount)


def _oldest(
    table: TimeTable, workspace_id: UUID, before: datetime | UUID | None
) -> datetime | UUID | None:
    bound = "" if before is None else f" AND {table.column} < %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {table.column} FROM {table.name} WHERE workspace_id = %s{bound}"
            f" ORDER BY {table.column} LIMIT 1",
            [workspace_id] if before is None else [workspace_id, before],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _end_of_part(table: TimeTable, oldest: datetime | UUID) -> datetime | UUID:
    width = timedelta(days=table.days)
    if table.cut is Cut.ID:
        assert isinstance(oldest, UUID), "such a table is cut by its id"
        return uuid7_floor(uuid7_time(oldest) + width)
    assert isinstance(oldest, datetime), "such a table is cut by time"
    return oldest + width


def delete_run_metrics(workspace_id: UUID, before: datetime, *, limit: int) -> int:
    """Delete what runs before the moment measured; by the id's time, which the key is sorted by."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM telemetry_runmetric WHERE (workspace_id, run_id, series_id) IN"
            " (SELECT workspace_id, run_id, series_id FROM telemetry_runmetric"
            " WHERE workspace_id = %s AND run_id < %s AND last_at < %s LIMIT %s)",
            [workspace_id, uuid7_floor(before), before, limit],
        )
        return int(cursor.rowcount)
