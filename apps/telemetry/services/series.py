"""Series of metrics: made when first met, refused beyond what a workspace may have."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain
from threading import Lock
from typing import Final

import structlog
from django.db import transaction

from apps.telemetry import acceptance, limits
from apps.telemetry.acceptance import PointRow, SeriesKey
from apps.telemetry.items import Refusal
from apps.telemetry.models import MetricSeries

logger = structlog.get_logger(__name__)

_MOST_KNOWN: Final = 200_000
_known: set[uuid.UUID] = set()  # committed ones that this process has met
_lock = Lock()


def unknown_series(series: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Return those that this process has not met; they may be there all the same."""
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
        room = max(limits.SERIES_PER_WORKSPACE - of_workspace.count(), 0)
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
            message=f"The workspace has its {limits.SERIES_PER_WORKSPACE:,} series already: "
            "use fewer different label values.",
            field="labels",
        )
        for index in chain.from_iterable(found.places[series_id] for series_id in refused)
    ]
    return [row for row in found.rows if row.series_id not in outside], refusals


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
    """For tests that empty the tables: this process has met no series."""
    _known.clear()


def _remember(series: Sequence[uuid.UUID]) -> None:
    with _lock:
        if len(_known) > _MOST_KNOWN:
            _known.clear()
        _known.update(series)
