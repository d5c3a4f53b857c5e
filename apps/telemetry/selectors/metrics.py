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
    found: dict[str, dict[str, object]] = {}
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = (
        MetricSeries.objects.filter(workspace_id=workspace_id)
        .order_by("name", "id")
        .values_list("name", "unit", "last_at", "created_at", "labels")
    )
    for name, unit, last_at, created_at, labels in rows.iterator(chunk_size=2_000):
        at = last_at or created_at
        metric = found.get(name)
        if metric is None:
            found[name] = metric = {"name": name, "unit": unit or None, "series": 0, "last_at": at}
        metric["series"] = int(str(metric["series"])) + 1
        metric["unit"] = metric["unit"] or unit or None
        metric["last_at"] = max(metric["last_at"], at)  # type: ignore[call-overload]
        for label, value in labels.items():
            values[name][label].add(value)
    for name, metric in found.items():
        metric["labels"] = {
            label: sorted(its_values)[:LABEL_VALUES]
            for label, its_values in sorted(values[name].items())
        }
    return list(found.values())


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
