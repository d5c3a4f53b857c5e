"""Reads of metrics: what there is, and what a run measured. Lines of charts: `lines`."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from django.db import connection

from apps.telemetry.models import MetricSeries, RunMetric

MAX_RUN_METRICS: Final = 10_000
LABEL_VALUES: Final = 20  # values named per label in the list of metrics


def run_metrics(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> list[dict[str, object]]:
    """
    Return what a run measured, one entry a series, by name and labels.

    Lags behind the points by the rollup worker's nap, about a second.
    """
    measured = list(
        RunMetric.objects.filter(workspace_id=workspace_id, run_id=run_id).order_by("series_id")[
            :MAX_RUN_METRICS
        ]
    )
    series = MetricSeries.objects.filter(workspace_id=workspace_id).in_bulk(
        [row.series_id for row in measured]
    )
    items: list[dict[str, object]] = [
        {
            "name": series[row.series_id].name,
            "unit": series[row.series_id].unit or None,
            "labels": series[row.series_id].labels,
            "last": row.last,
            "count": row.count,
            "min": row.low,
            "max": row.high,
        }
        for row in measured
        if row.series_id in series
    ]
    return sorted(items, key=lambda item: (str(item["name"]), str(item["labels"])))


def list_metrics(*, workspace_id: uuid.UUID) -> list[dict[str, object]]:
    """Return the workspace's metrics by name, each with its labels and some of their values."""
    with connection.cursor() as cursor:
        cursor.execute(_METRICS, [workspace_id])
        metrics = cursor.fetchall()
        cursor.execute(_LABELS, [workspace_id, LABEL_VALUES, workspace_id])
        labels: dict[str, dict[str, list[str]]] = defaultdict(dict)
        for name, label, values in sorted(cursor.fetchall()):
            labels[name][label] = values
    return [
        {
            "name": name,
            "unit": unit,
            "series": series,
            "last_at": last_at,
            "labels": labels.get(name, {}),
        }
        for name, series, last_at, unit in metrics
    ]


# PERF: a workspace may have 40,000 series. Their labels are opened once for the keys; of each label
# the values are then sorted by themselves, which is less than all of them together.
_METRICS: Final = """
    SELECT name, count(*), max(coalesce(last_at, created_at)),
        (array_agg(unit ORDER BY id) FILTER (WHERE unit <> ''))[1]
    FROM telemetry_metricseries WHERE workspace_id = %s GROUP BY name ORDER BY name
"""
# Values in the order of their code points, whatever the database's own is.
_LABELS: Final = """
    SELECT own.name, own.label, ARRAY(
        SELECT DISTINCT labels ->> own.label COLLATE "C" FROM telemetry_metricseries AS series
        WHERE series.workspace_id = %s AND series.name = own.name AND labels ? own.label
        ORDER BY 1 LIMIT %s)
    FROM (
        SELECT DISTINCT name, jsonb_object_keys(labels) AS label
        FROM telemetry_metricseries WHERE workspace_id = %s
    ) AS own
"""


def units_of(*, workspace_id: uuid.UUID, names: Sequence[str]) -> dict[str, str | None]:
    """Return the unit of each metric, as one of its series says it; None: none does."""
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_UNITS, [workspace_id, list(names)])
        return dict(cursor.fetchall())


_UNITS: Final = """
    SELECT asked.name, (
        SELECT series.unit FROM telemetry_metricseries AS series
        WHERE series.workspace_id = %s AND series.name = asked.name AND series.unit <> ''
        LIMIT 1)
    FROM unnest(%s::text[]) AS asked(name)
"""
