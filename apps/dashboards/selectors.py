"""Reads of dashboards and saved views. Each begins with the workspace."""

from __future__ import annotations

import uuid

from apps.dashboards.errors import DashboardNotFound, LinkNotFound, SavedViewNotFound
from apps.dashboards.models import (
    Dashboard,
    DashboardLink,
    DashboardLinkQuerySet,
    DashboardQuerySet,
    SavedView,
    SavedViewQuerySet,
    Sharing,
)

BY_NAME = ("name", "id")
NEWEST_FIRST = ("-created_at", "-id")


def list_dashboards(*, workspace_id: uuid.UUID) -> DashboardQuerySet:
    """Return the workspace's dashboards; order them by `BY_NAME`."""
    return Dashboard.objects.for_workspace(workspace_id).standing()


def find_first(*, workspace_id: uuid.UUID) -> Dashboard | None:
    """Return the first dashboard, also when it was deleted since; None: it was never made."""
    rows = Dashboard.objects.for_workspace(workspace_id).filter(is_first=True)
    return rows.only("version", "deleted_at", "panels").first()


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


def find_sharing(*, workspace_id: uuid.UUID) -> Sharing | None:
    """Return since when and by whom links are allowed; None: they are not."""
    return Sharing.objects.for_workspace(workspace_id).first()


def list_links(*, workspace_id: uuid.UUID, dashboard_id: uuid.UUID) -> DashboardLinkQuerySet:
    """Return the links to one dashboard; order them by `NEWEST_FIRST`."""
    return DashboardLink.objects.for_workspace(workspace_id).filter(dashboard_id=dashboard_id)


def get_link(
    *, workspace_id: uuid.UUID, dashboard_id: uuid.UUID, link_id: uuid.UUID
) -> DashboardLink:
    """Return one link, to be changed. Raises: LinkNotFound."""
    links = list_links(workspace_id=workspace_id, dashboard_id=dashboard_id)
    found = links.select_for_update(of=("self",)).filter(id=link_id).first()
    if found is None:
        raise LinkNotFound("There is no such link to this dashboard.")
    return found


def list_saved_views(
    *, workspace_id: uuid.UUID, person_id: uuid.UUID | None, page: str | None = None
) -> SavedViewQuerySet:
    """Return the shared views and the person's own; order them by `BY_NAME`."""
    rows = SavedView.objects.for_workspace(workspace_id).seen_by(person_id).select_related("owner")
    return rows if page is None else rows.filter(page=page)


def get_saved_view(
    *,
    workspace_id: uuid.UUID,
    person_id: uuid.UUID | None,
    view_id: uuid.UUID,
    for_update: bool = False,
) -> SavedView:
    """Return a shared view, or one of the person's own. Raises: SavedViewNotFound."""
    rows = list_saved_views(workspace_id=workspace_id, person_id=person_id)
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(id=view_id).first()
    if found is None:
        raise SavedViewNotFound("There is no such view in this workspace.")
    return found
