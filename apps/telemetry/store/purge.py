# ruff: noqa: S608 - names come from `tables`, values are parameters
"""Deleting rows of one workspace, a bounded number at a time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from apps.core.ids import uuid7_floor
from apps.telemetry.store.tables import TimeTable


def delete_some(
    table: TimeTable, workspace_id: UUID, before: datetime | UUID, *, limit: int
) -> int:
    """Delete up to `limit` of the workspace's rows that lie before the bound; return how many."""
    key = ", ".join(table.key)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table.name} WHERE workspace_id = %s AND {table.column} < %s"
            f" AND ({key}) IN (SELECT {key} FROM {table.name}"
            f" WHERE workspace_id = %s AND {table.column} < %s LIMIT %s)",
            [workspace_id, before, workspace_id, before, limit],
        )
        return int(cursor.rowcount)


def delete_any(table: TimeTable, workspace_id: UUID, *, limit: int) -> int:
    """Delete up to `limit` of the workspace's rows, of whichever time; return how many."""
    key = ", ".join(table.key)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table.name} WHERE workspace_id = %s"
            f" AND ({key}) IN (SELECT {key} FROM {table.name} WHERE workspace_id = %s LIMIT %s)",
            [workspace_id, workspace_id, limit],
        )
        return int(cursor.rowcount)


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
