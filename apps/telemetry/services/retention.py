"""What is too old goes: whole parts for all, rows of workspaces that keep less."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from apps.core.ids import uuid7_floor
from apps.telemetry import limits, selectors, store
from apps.telemetry.enums import StoredKind
from apps.telemetry.services.series import drop_silent_series
from apps.telemetry.store import purge, tables
from apps.telemetry.store.tables import TimeTable

logger = structlog.get_logger(__name__)

ROWS = 5_000  # rows deleted in one statement
STATEMENTS = 20  # statements of one call and table; the rest comes with the next call


def prepare_room(*, now: datetime) -> None:
    """Make the parts of today and of the days to come, so that no batch has to wait for one."""
    current = store.current()
    for table in tables.ALL:
        current.make_room(table, [now + timedelta(days=days) for days in (0, 1, 2)])


def compress_old(*, now: datetime) -> dict[str, list[str]]:
    """Compress what is old enough not to change any more; returns the parts by table."""
    current = store.current()
    compressed = {}
    for table in tables.ALL:
        before = now - timedelta(days=table.compress_after_days)
        if names := current.compress_before(table, before):
            compressed[table.name] = names
            logger.info("telemetry.compressed", table=table.name, parts=len(names))
    return compressed


def drop_expired(*, now: datetime) -> dict[str, int]:
    """
    Drop what no workspace keeps, then delete what single workspaces keep for a shorter time.

    Whole parts fall by the longest retention. The rest is deleted in bounded statements, at most
    ROWS × STATEMENTS a call and table, so that it never holds locks for long. Returns how many
    parts and rows went, by table; runs as a loop, over all workspaces.
    """
    kept_of = {kind: selectors.list_kept_days(kind=kind) for kind in StoredKind}
    gone: dict[str, int] = {}
    for table in tables.ALL:
        kept = kept_of[_KIND_OF[table.name]]
        longest = max(kept.values(), default=limits.DEFAULT_RETENTION_DAYS)
        days = max(longest, table.keep_days or 0)
        parts = store.current().drop_before(table, now - timedelta(days=days))
        rows = sum(
            _delete_rows(table, workspace_id, now - timedelta(days=days))
            for workspace_id, days in _shorter(table, kept, longest).items()
        )
        if parts or rows:
            gone[table.name] = len(parts) + rows
            logger.info(
                "telemetry.expired", table=table.name, parts_dropped=len(parts), rows_deleted=rows
            )
    runs = sum(
        purge.delete_run_metrics(workspace_id, now - timedelta(days=days), limit=ROWS)
        for workspace_id, days in kept_of[StoredKind.RUNS].items()
    )
    if runs:
        gone["telemetry_runmetric"] = runs
    if series := drop_silent_series(now=now):
        gone["telemetry_metricseries"] = series
        logger.info("telemetry.series_forgotten", count=series)
    return gone


_KINDS: Final = {
    StoredKind.RUNS: (tables.RUN_TRANSITION,),
    StoredKind.EVENTS: (tables.EVENT, *tables.EVENT_ROLLUPS.values()),
    StoredKind.LOGS: (tables.LOG_LINE, *tables.LOG_ROLLUPS.values()),
    StoredKind.METRICS: (tables.METRIC_POINT, *tables.METRIC_ROLLUPS.values()),
}
_KIND_OF: Final = {table.name: kind for kind, of_it in _KINDS.items() for table in of_it}


def _shorter(
    table: TimeTable, kept_days: Mapping[uuid.UUID, int], longest: int
) -> dict[uuid.UUID, int]:
    if table.keep_days is not None:
        return {}  # coarse rollups are kept alike for all
    return {workspace_id: days for workspace_id, days in kept_days.items() if days < longest}


def _delete_rows(table: TimeTable, workspace_id: uuid.UUID, before: datetime) -> int:
    bound = uuid7_floor(before) if table.cut is tables.Cut.ID else before
    deleted = 0
    for _ in range(STATEMENTS):
        count = purge.delete_some(table, workspace_id, bound, limit=ROWS)
        deleted += count
        if not count:
            break
    return deleted
