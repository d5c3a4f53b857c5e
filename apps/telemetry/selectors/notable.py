"""What stands out among many events and series, for those who look for causes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.telemetry import query as metric_query
from apps.telemetry.items import StoredEvent
from apps.telemetry.models import MetricSeries
from apps.telemetry.query import Aggregate
from apps.telemetry.store import reads

LOOKED_AT: Final = 20_000  # events, the newest of the time asked for
NOTABLE: Final = 300  # events returned
SERIES: Final = 40
HOUR: Final = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class NotableEvents:
    """Newest first. `back_to`: how far back was looked; `since` when it was all of it."""

    events: list[StoredEvent]
    back_to: datetime


def notable_events(
    *,
    workspace_id: uuid.UUID,
    since: datetime,
    until: datetime,
    names: Sequence[str],
    pattern: str,
    run_ids: Sequence[uuid.UUID],
) -> NotableEvents:
    """
    Return events that name one of `names`, are called like `pattern`, or are of one of the runs.

    Of queries only those that change something. Bounded: of the newest LOOKED_AT events.
    """
    found = reads.newest_notable(
        workspace_id,
        since=since,
        until=until,
        names=names,
        pattern=pattern,
        run_ids=run_ids,
        look_at=LOOKED_AT,
        limit=NOTABLE,
    )
    last = reads.time_of_nth(workspace_id, since=since, until=until, place=LOOKED_AT)
    return NotableEvents(events=found, back_to=last or since)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSeries:
    """A series and its hourly averages, oldest first; hours without points are left out."""

    name: str
    labels: dict[str, str]
    points: list[tuple[datetime, float]]


def series_labelled(
    *, workspace_id: uuid.UUID, values: Sequence[str], until: datetime, back: timedelta
) -> list[LabelledSeries]:
    """Return the latest series with one of these values among their labels."""
    if not values:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM telemetry_metricseries s WHERE workspace_id = %s"
            " AND last_at >= %s AND EXISTS (SELECT 1 FROM jsonb_each_text(s.labels) AS l"
            " WHERE l.value = ANY(%s)) ORDER BY last_at DESC, id LIMIT %s",
            [workspace_id, until - back, list(values), SERIES],
        )
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    plan = metric_query.plan(until - back, until, step_seconds=HOUR)
    summaries = reads.summarise_series(
        workspace_id, series=ids, groups=list(range(len(ids))), plan=plan, sketches=False
    )
    points: dict[int, list[tuple[datetime, float]]] = {}
    for (number, start), summary in sorted(summaries.items()):
        value = metric_query.value_of(Aggregate.AVG, summary, step_seconds=plan.step_seconds)
        if value is not None:
            points.setdefault(number, []).append((metric_query.moment_of(start), value))
    rows = MetricSeries.objects.filter(workspace_id=workspace_id).in_bulk(ids)
    return [
        LabelledSeries(name=rows[id_].name, labels=rows[id_].labels, points=points[number])
        for number, id_ in enumerate(ids)
        if id_ in rows and number in points
    ]
