"""
Series of metrics: made when first met, refused beyond what a workspace may have at a time.

Those of pods and hosts that are gone do not count against new ones: else whoever has many of them
would one day have had too many.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain
from threading import Lock
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Greatest

from apps.telemetry import acceptance, limits
from apps.telemetry.acceptance import PointRow, SeriesKey
from apps.telemetry.items import Refusal
from apps.telemetry.models import MetricSeries

logger = structlog.get_logger(__name__)

_MOST_KNOWN: Final = 200_000
_KNOWN_SECONDS: Final = 12 * 3_600.0
_known: set[uuid.UUID] = set()  # committed ones that this process has met
_known_since = time.monotonic()
_lock = Lock()
_DROP: Final = (
    "DELETE FROM telemetry_metricseries WHERE id = ANY(ARRAY("
    "SELECT id FROM telemetry_metricseries WHERE workspace_id = %s"
    " AND greatest(last_at, created_at) < %s ORDER BY greatest(last_at, created_at), id LIMIT %s))"
)


def unknown_series(series: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Return those that this process has not met lately; they may be there all the same."""
    if time.monotonic() - _known_since > _KNOWN_SECONDS:
        # Long before one that fell silent then may have been forgotten: it could come back.
        forget_series()
    return [series_id for series_id in series if series_id not in _known]


def look_for_series(series: Collection[uuid.UUID]) -> None:
    """Ask the database which of these are there, whoever's they are, and remember them."""
    unknown = unknown_series(series)
    _remember(list(MetricSeries.objects.filter(id__in=unknown).values_list("id", flat=True)))


def admit_series(
    workspace_id: uuid.UUID, found: acceptance.AcceptedPoints, now: datetime
) -> tuple[list[PointRow], list[Refusal]]:
    """Make series that are new; refuse the points of those beyond what a workspace may have."""
    unknown = unknown_series(found.series)
    if not unknown:
        return found.rows, []
    of_workspace = MetricSeries.objects.filter(workspace_id=workspace_id)
    there = set(of_workspace.filter(id__in=unknown).values_list("id", flat=True))
    new = sorted(series_id for series_id in unknown if series_id not in there)
    refused: list[uuid.UUID] = []
    if new:
        room = max(limits.SERIES_PER_WORKSPACE - _live(of_workspace, now).count(), 0)
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
            message=f"The workspace has its {limits.SERIES_PER_WORKSPACE:,} series of a day"
            " already: use fewer different label values.",
            field="labels",
        )
        for index in chain.from_iterable(found.places[series_id] for series_id in refused)
    ]
    return [row for row in found.rows if row.series_id not in outside], refusals


def drop_silent_series(*, now: datetime) -> int:
    """
    Forget series beyond what is remembered, those first that fell silent first; return how many.

    For loops, of all workspaces. Totals of a metric do not hang on its series, and stay.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT workspace_id, count(*) FROM telemetry_metricseries GROUP BY workspace_id"
            " HAVING count(*) > %s ORDER BY workspace_id",
            [limits.SERIES_REMEMBERED],
        )
        gone = 0
        for workspace_id, count in cursor.fetchall():
            beyond = count - limits.SERIES_REMEMBERED
            cursor.execute(_DROP, [workspace_id, now - limits.SERIES_SILENT, beyond])
            gone += cursor.rowcount
    return gone


def _live(rows: QuerySet[MetricSeries], now: datetime) -> QuerySet[MetricSeries]:
    # Of a series that is filled up with the past the last point is old.
    seen_at = Greatest(Coalesce("last_at", "created_at"), "created_at")
    return rows.annotate(seen_at=seen_at).filter(seen_at__gte=now - limits.SERIES_LIVE)


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
    """Have this process ask again which series are there; also for tests that empty the tables."""
    global _known_since
    with _lock:
        _known.clear()
        _known_since = time.monotonic()


def _remember(series: Sequence[uuid.UUID]) -> None:
    with _lock:
        if len(_known) > _MOST_KNOWN:
            _known.clear()
        _known.update(series)
