"""What of costs goes into an export: prices, and what was used."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.costs.models import DayUsage, Price, RunUsage

_USED: Final = ("kind", "subject", "unit", "quantity", "count")

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "prices",
        lambda owner: Price.objects.for_workspace(owner),
        key=("created_at", "id"),
        fields=(
            *("id", "kind", "pattern", "unit", "price", "currency", "valid_from"),
            *("created_at", "updated_at"),
        ),
    ),
    export_of(
        "run_usage",
        lambda owner: RunUsage.objects.filter(workspace_id=owner),
        key=("run_id", "day", "kind", "subject", "unit"),
        fields=("run_id", "day", "deployment_id", "flow_id", *_USED),
    ),
    export_of(
        "day_usage",
        lambda owner: DayUsage.objects.filter(workspace_id=owner),
        key=("day", "deployment_id", "flow_id", "kind", "subject", "unit"),
        fields=("day", "deployment_id", "flow_id", *_USED),
    ),
)
