"""Let everybody with a link see a dashboard, and take that back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from django.db import connection

from apps.core.errors import InvalidRequest
from apps.core.transactions import joined
from apps.dashboards import selectors
from apps.dashboards.errors import (
    BadDashboard,
    DashboardChanged,
    SharingNotAllowed,
    TooManyLinks,
)
from apps.dashboards.filling import chosen_errors, chosen_of
from apps.dashboards.models import Dashboard, DashboardLink, Sharing
from apps.dashboards.panels import SCOPES
from apps.tenancy import access, audit
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.keys import hash_secret, new_secret

PREFIX: Final = "hws_"
MAX_LINKS: Final = 20  # of a dashboard
LONGEST: Final = timedelta(days=5 * 366)

By = dict[str, Any] | None


class Shown(TypedDict, total=False):
    """
    What a link shows: the dashboard's `version`, its `range`, what is `chosen` for its variables.

    Without a range or choices: those that the dashboard opens with.
    """

    version: int
    range: str
    chosen: Mapping[str, Any]
    expires_at: datetime | None


@joined
def allow_sharing(*, workspace: WorkspaceRef, allowed: bool, by: By, now: datetime) -> None:
    """
    Let dashboards of the workspace be shared by link, or no longer.

    While they may not, links show nothing; they show something again once they may.
    """
    found = selectors.find_sharing(workspace_id=workspace.id)
    if (found is not None) == allowed:
        return
    if found is not None:
        found.delete()
    else:
        Sharing.objects.bulk_create(
            [Sharing(workspace_id=workspace.id, allowed_by=by, created_at=now)],
            ignore_conflicts=True,  # two who allow it at once
        )
    audit.record(
        action="workspace.sharing_changed",
        target=audit.Object(kind="workspace", id=workspace.id, name=workspace.name),
        before={"dashboards_by_link": not allowed},
        after={"dashboards_by_link": allowed},
        workspace_id=workspace.id,
    )


@joined
def create_link(
    *, workspace_id: uuid.UUID, dashboard_id: uuid.UUID, shown: Shown, actor: Actor, now: datetime
) -> tuple[DashboardLink, str]:
    """
    Share a dashboard; return the link and the token of its address, which cannot be had again.

    Raises: DashboardNotFound, SharingNotAllowed, TooManyLinks, DashboardChanged when the version is
    not the one that stands, BadDashboard, PermissionDenied when there are panels whose contents
    the actor may not see.
    """
    dashboard = selectors.get_dashboard(workspace_id=workspace_id, dashboard_id=dashboard_id)
    _lock(dashboard_id)
    links = selectors.list_links(workspace_id=workspace_id, dashboard_id=dashboard_id)
    if links.count() >= MAX_LINKS:
        raise TooManyLinks(f"A dashboard may have {MAX_LINKS} links.", limit=MAX_LINKS)
    token = new_secret(PREFIX)
    link = DashboardLink(
        workspace_id=workspace_id,
        dashboard=dashboard,
        token_hash=hash_secret(token),
        token_start=token[: len(PREFIX) + 4],
        created_at=now,
        created_by={"kind": actor.kind.value, "id": str(actor.id), "name": actor.name},
    )
    _show(link, dashboard, shown, actor=actor, now=now)
    link.save(force_insert=True)
    audit.record_of("dashboard.shared", dashboard, after=_told(link))
    return link, token


@joined
def change_link(
    *,
    workspace_id: uuid.UUID,
    dashboard_id: uuid.UUID,
    link_id: uuid.UUID,
    shown: Shown,
    actor: Actor,
    now: datetime,
) -> DashboardLink:
    """Show the dashboard at this address as it is now. Raises: as `create_link`, LinkNotFound."""
    dashboard = selectors.get_dashboard(workspace_id=workspace_id, dashboard_id=dashboard_id)
    link = selectors.get_link(workspace_id=workspace_id, dashboard_id=dashboard_id, link_id=link_id)
    before = _told(link)
    shown = {"range": link.range, "chosen": link.chosen, "expires_at": link.expires_at, **shown}
    known = {each["name"] for each in dashboard.variables}
    shown["chosen"] = {name: its for name, its in shown["chosen"].items() if name in known}
    _show(link, dashboard, shown, actor=actor, now=now)
    link.save(
        update_fields=[
            "version", "name", "range", "chosen", "panels", "expires_at", "updated_at",
        ]
    )  # fmt: skip
    audit.record_of("dashboard.share_changed", dashboard, before=before, after=_told(link))
    return link


@joined
def revoke_link(*, workspace_id: uuid.UUID, dashboard_id: uuid.UUID, link_id: uuid.UUID) -> None:
    """Take the link back: from now on its address shows nothing. Raises: LinkNotFound."""
    dashboard = selectors.get_dashboard(workspace_id=workspace_id, dashboard_id=dashboard_id)
    link = selectors.get_link(workspace_id=workspace_id, dashboard_id=dashboard_id, link_id=link_id)
    audit.record_of("dashboard.unshared", dashboard, before=_told(link))
    link.delete()


def _show(
    link: DashboardLink, dashboard: Dashboard, shown: Shown, *, actor: Actor, now: datetime
) -> None:
    if selectors.find_sharing(workspace_id=link.workspace_id) is None:
        raise SharingNotAllowed("Nobody has allowed this workspace's dashboards to be shared yet.")
    if shown["version"] != dashboard.version:
        raise DashboardChanged(
            "The dashboard was saved by somebody else meanwhile.",
            version=dashboard.version,
            updated_by=(dashboard.updated_by or {}).get("name"),
        )
    for scope in sorted({scope for each in dashboard.panels for scope in SCOPES[each["kind"]]}):
        access.require(actor, scope)
    chosen = shown.get("chosen", {})
    if errors := chosen_errors(chosen, dashboard.variables):
        raise BadDashboard("This cannot be chosen.", fields=errors)
    expires_at = shown.get("expires_at")
    if expires_at is not None and not now < expires_at <= now + LONGEST:
        said = "Must be in the future, and within five years."
        raise InvalidRequest(said, fields={"expires_at": [said]})
    link.version, link.name, link.panels = dashboard.version, dashboard.name, dashboard.panels
    link.range = shown.get("range", dashboard.range)
    link.chosen = chosen_of(dashboard.variables, chosen)
    link.expires_at, link.updated_at = expires_at, now


def _lock(dashboard_id: uuid.UUID) -> None:
    """Let one transaction at a time count the dashboard's links."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"links:{dashboard_id}"]
        )


def _told(link: DashboardLink) -> dict[str, object]:
    return {
        "address": link.token_start,
        "version": link.version,
        "range": link.range,
        "chosen": link.chosen,
        "expires_at": link.expires_at,
    }
