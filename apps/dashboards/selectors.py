"""Reads of dashboards. Each begins with the workspace."""

from __future__ import annotations

import uuid

from apps.dashboards.errors import DashboardNotFound
from apps.dashboards.models import Dashboard, DashboardQuerySet

BY_NAME = ("name", "id")


def list_dashboards(*, workspace_id: uuid.UUID) -> DashboardQuerySet:
    """Return the workspace's dashboards; order them by `BY_NAME`."""
    return Dashboard.objects.for_workspace(workspace_id).standing()


def has_first(*, workspace_id: uuid.UUID) -> bool:
    """Tell whether the first dashboard was made, also when it was deleted since."""
    return Dashboard.objects.for_workspace(workspace_id).filter(is_first=True).exists()


def get_dashboard(
    *, workspace_id: uuid.UUID, dashboard_id: uuid.UUID, for_update: bool = False
) -> Dashboard:
    """Return one dashboard. Raises: DashboardNotFound."""
    rows = Dashboard.objects.for_workspace(workspace_id).standing()
    if for_update:
        rows = rows.select_for_update()
    found = rows.filter(id=dashboard_id).first()
    if found is None:
        raise DashboardNotFound("There is no such dashboard in this workspace.")
    return found
