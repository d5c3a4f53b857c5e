"""What of the time-series store goes into an export; rollups can be computed from the rows."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.telemetry.models import Event, LogLine, MetricPoint, MetricSeries, Retention

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "events",
        lambda owner: Event.objects.for_workspace(owner),
        key=("occurred_at", "id"),
        fields=(
            "id",
            "name",
            "occurred_at",
            "received_at",
            "resource_kind",
            "resource_namespace",
            "resource_name",
            "related",
            "payload",
            "run_id",
            "task_run_id",
            "follows",
            "source",
        ),
    ),
    export_of(
        "logs",
        lambda owner: LogLine.objects.for_workspace(owner),
        key=("run_id", "occurred_at", "id"),
        fields=("id", "run_id", "task_run_id", "occurred_at", "level", "logger", "message"),
    ),
    export_of(
        "retention",
        lambda owner: Retention.objects.filter(workspace_id=owner),
        key=("kind",),
        fields=("kind", "days"),
    ),
    export_of(
        "metric_series",
        lambda owner: MetricSeries.objects.filter(workspace_id=owner),
        key=("name", "id"),
        fields=("id", "name", "labels", "unit", "created_at", "last_at"),
    ),
    export_of(
        "metric_points",
        lambda owner: MetricPoint.objects.for_workspace(owner),
        key=("series_id", "occurred_at", "id"),
        fields=("id", "series_id", "occurred_at", "value", "run_id", "count", "low", "high"),
    ),
)
