"""Dashboards go into an export as they are saved: their JSON can be brought in again. And views."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.dashboards.models import Dashboard, SavedView

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "dashboards",
        lambda owner: Dashboard.objects.for_workspace(owner).standing(),
        key=("name", "id"),
        fields=(
            "id",
            "name",
            "range",
            "variables",
            "panels",
            "version",
            "created_at",
            "updated_at",
            "updated_by",
        ),
    ),
    export_of(
        "saved_views",
        lambda owner: SavedView.objects.for_workspace(owner),
        key=("page", "name", "id"),
        fields=(
            "id",
            "page",
            "name",
            "query",
            "is_shared",
            "owner_id",
            "created_at",
            "updated_at",
        ),
    ),
)
