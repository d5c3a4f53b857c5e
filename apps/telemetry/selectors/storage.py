"""
Where storage goes: what a workspace keeps of each kind, by day.

Rows are counted by the rollups; a row of a histogram's counts as the values that it stands for. The
workspaces of one server share parts, so bytes are an estimate: its rows times the part's average.
"""

from __future__ import annotations

import uuid
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import connection

from apps.telemetry import store
from apps.telemetry.enums import StoredKind
from apps.telemetry.models import Retention
from apps.telemetry.store import tables
from apps.telemetry.store.port import Part
from apps.telemetry.store.tables import TimeTable
from apps.tenancy import selectors as tenancy

_TABLES: Final[dict[StoredKind, TimeTable]] = {
    StoredKind.EVENTS: tables.EVENT,
    StoredKind.LOGS: tables.LOG_LINE,
    StoredKind.METRICS: tables.METRIC_POINT,
}
_ROWS: Final[dict[StoredKind, str]] = {
    StoredKind.EVENTS: "SELECT bucket_at, sum(count)::bigint FROM telemetry_event_count_1d"
    " WHERE workspace_id = %s AND bucket_at >= %s GROUP BY 1",
    StoredKind.LOGS: "SELECT bucket_at, sum(count)::bigint FROM telemetry_log_volume_1d"
    " WHERE workspace_id = %s AND bucket_at >= %s GROUP BY 1",
    # Not the totals of whole metrics, which are series of no points.
    StoredKind.METRICS: "SELECT r.bucket_at, sum(r.count)::bigint FROM telemetry_metric_1d r"
    " JOIN telemetry_metricseries s ON s.id = r.series_id"
    " WHERE r.workspace_id = %s AND r.bucket_at >= %s GROUP BY 1",
}
_MOST_DAYS: Final = 4_000  # further back ingest takes nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDay:
    """`size_bytes` is None while the database has not looked at the part yet."""

    day: date
    rows: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOfKind:
    """
    What is kept of one kind, the oldest day first.

    `compression`: how many bytes of the server's compressed parts were before as one is now; None
    where nothing is compressed. `own_days`: what the workspace said, if anything. `is_estimate`:
    not only bytes are.
    """

    kind: StoredKind
    days: list[StoredDay] = field(default_factory=list)
    compression: float | None
    plan_days: int
    own_days: int | None
    is_estimate: bool = False

    @property
    def kept_days(self) -> int:
        return self.plan_days if self.own_days is None else min(self.own_days, self.plan_days)

    def dropped_by(self, days: int, now: datetime) -> list[StoredDay]:
        """Return the whole days that a shorter time would drop."""
        first = (now - timedelta(days=days)).astimezone(UTC).date()
        return [each for each in self.days if each.day < first]


def find_own_days(*, workspace_id: uuid.UUID) -> dict[str, int]:
    """Return for how many days the workspace said that it keeps what, by kind."""
    return dict(Retention.objects.filter(workspace_id=workspace_id).values_list("kind", "days"))


def list_kept_days(*, kind: StoredKind) -> dict[uuid.UUID, int]:
    """Return how long each workspace keeps the kind: no longer than its plan does. For loops."""
    own = dict(Retention.objects.filter(kind=kind).values_list("workspace_id", "days"))
    return {
        workspace_id: min(days, own.get(workspace_id, days))
        for workspace_id, days in tenancy.list_retention_days().items()
    }


def transition_parts() -> list[Part]:
    """Return the parts of all workspaces' transitions."""
    return store.current().parts(tables.RUN_TRANSITION)


def compresses() -> bool:
    """Return whether this server's store compresses what does not change any more."""
    return store.current().compresses


def get_stored(
    *, workspace_id: uuid.UUID, kind: StoredKind, plan_days: int, now: datetime
) -> StoredOfKind:
    """Return what the workspace keeps of one kind, by day; of all but runs."""
    parts = store.current().parts(_TABLES[kind])
    own_days = find_own_days(workspace_id=workspace_id).get(kind)
    kept_days = plan_days if own_days is None else min(own_days, plan_days)
    return StoredOfKind(
        kind=kind,
        days=_days(kind, workspace_id, parts, now, kept_days),
        compression=compression_of(parts),
        plan_days=plan_days,
        own_days=own_days,
    )


def _days(
    kind: StoredKind, workspace_id: uuid.UUID, parts: list[Part], now: datetime, kept_days: int
) -> list[StoredDay]:
    # Rollups of days outlive the rows: of what is over its time nothing is there any more.
    since = now - timedelta(days=min(kept_days, _MOST_DAYS))
    with connection.cursor() as cursor:
        cursor.execute(_ROWS[kind], [workspace_id, since.date()])
        rows = {at.date(): int(count) for at, count in cursor.fetchall()}
    counted = sorted((day, count) for day, count in rows.items() if count)
    return [
        StoredDay(day=day, rows=count, size_bytes=_bytes_of(day, count, parts))
        for day, count in counted[_gone(kind, workspace_id, [day for day, _ in counted]) :]
    ]


def _gone(kind: StoredKind, workspace_id: uuid.UUID, days: list[date]) -> int:
    """
    Return of how many of these days nothing is left: the time was shorter once.

    Rows go from the oldest on, so a few days need to be looked at, mostly the first alone.
    """
    if not days or _is_left(kind, workspace_id, days[0]):
        return 0
    return bisect_left(days, True, lo=1, key=lambda day: _is_left(kind, workspace_id, day))


def _is_left(kind: StoredKind, workspace_id: uuid.UUID, day: date) -> bool:
    table = _TABLES[kind]
    since = datetime(day.year, day.month, day.day, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM {table.name} WHERE workspace_id = %s"  # noqa: S608 - of constants
            f" AND {table.column} >= %s AND {table.column} < %s)",
            [workspace_id, since, since + timedelta(days=1)],
        )
        return bool(cursor.fetchone()[0])


def _bytes_of(day: date, rows: int, parts: list[Part]) -> int | None:
    for part in parts:
        if part.since.date() <= day < part.until.date():
            return round(rows * part.size_bytes / part.rows) if part.rows else None
    return None


def compression_of(parts: list[Part]) -> float | None:
    """Return how many bytes of the compressed parts were before as one is now."""
    before = sum(part.bytes_before for part in parts if part.bytes_before is not None)
    after = sum(part.size_bytes for part in parts if part.bytes_before is not None)
    return round(before / after, 2) if before and after else None
