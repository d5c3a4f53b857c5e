"""Dashboards go into an export as they are saved: their JSON can be brought in again. And views."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.dashboards.models import Dashboard, DashboardLink, SavedView, Sharing

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
        "dashboard_sharing",
        lambda owner: Sharing.objects.for_workspace(owner),
        key=("id",),
        fields=("created_at", "allowed_by"),
    ),
    export_of(
        "dashboard_links",
        lambda owner: DashboardLink.objects.for_workspace(owner),
        key=("created_at", "id"),
        fields=(
            "id",
            "dashboard_id",
            "token_start",
            "name",
            "range",
            "chosen",
            "panels",
            "version",
            "expires_at",
            "created_at",
            "created_by",
            "updated_at",
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
