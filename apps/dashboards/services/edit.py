"""Make, change and delete dashboards."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypedDict

from django.db import connection

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.dashboards import documents, first, selectors
from apps.dashboards.errors import BadDashboard, DashboardChanged, TooManyDashboards
from apps.dashboards.models import Dashboard, DashboardLink
from apps.telemetry import selectors as telemetry
from apps.tenancy import audit

MAX_DASHBOARDS: Final = 100  # of a workspace
BARE: Final = 1  # the version of a first dashboard that has no charts yet
FILLED: Final = 2
OURS: Final = "headway."  # metrics that we make ourselves

By = dict[str, Any] | None


class DashboardChanges(TypedDict, total=False):
    """What may be edited; panels and variables are replaced as a whole."""

    name: str
    range: str
    variables: list[Any]
    panels: list[Any]


@joined
def create_dashboard(
    *,
    workspace_id: uuid.UUID,
    name: str,
    range_: str,
    variables: Sequence[Any],
    panels: Sequence[Any],
    by: By,
    now: datetime,
) -> Dashboard:
    """Add a dashboard. Raises: BadDashboard, TooManyDashboards."""
    _refuse_unsound(panels=panels, variables=variables, range_=range_)
    _lock(workspace_id)
    if selectors.list_dashboards(workspace_id=workspace_id).count() >= MAX_DASHBOARDS:
        raise TooManyDashboards(
            f"A workspace may have {MAX_DASHBOARDS} dashboards.", limit=MAX_DASHBOARDS
        )
    made = Dashboard.objects.create(
        id=uuid7(),
        workspace_id=workspace_id,
        name=name,
        range=range_,
        variables=list(variables),
        panels=list(panels),
        created_at=now,
        updated_at=now,
        updated_by=by,
    )
    audit.record_of("dashboard.created", made, after=_told(made))
    return made


@joined
def change_dashboard(
    *,
    workspace_id: uuid.UUID,
    dashboard_id: uuid.UUID,
    version: int,
    changes: DashboardChanges,
    by: By,
    now: datetime,
) -> Dashboard:
    """
    Save changes over the version that they were made of.

    Raises: DashboardNotFound, DashboardChanged when somebody saved in between, BadDashboard.
    """
    found = selectors.get_dashboard(
        workspace_id=workspace_id, dashboard_id=dashboard_id, for_update=True
    )
    if version != found.version:
        by_name = (found.updated_by or {}).get("name")
        raise DashboardChanged(
            "The dashboard was saved by somebody else meanwhile.",
            version=found.version,
            updated_by=by_name,
        )
    before = _told(found)
    found.name = changes.get("name", found.name)
    found.range = changes.get("range", found.range)
    found.variables = changes.get("variables", found.variables)
    found.panels = changes.get("panels", found.panels)
    _refuse_unsound(panels=found.panels, variables=found.variables, range_=found.range)
    found.version += 1
    found.updated_at, found.updated_by = now, by
    found.save(
        update_fields=[
            "name",
            "range",
            "variables",
            "panels",
            "version",
            "updated_at",
            "updated_by",
        ]
    )
    audit.record_of("dashboard.changed", found, before=before, after=_told(found))
    return found


@joined
def delete_dashboard(*, workspace_id: uuid.UUID, dashboard_id: uuid.UUID, now: datetime) -> None:
    """Take the dashboard away. Raises: DashboardNotFound."""
    found = selectors.get_dashboard(
        workspace_id=workspace_id, dashboard_id=dashboard_id, for_update=True
    )
    audit.record_of("dashboard.deleted", found, before=_told(found))
    if found.is_first:
        found.deleted_at, found.panels, found.variables = now, [], []
        DashboardLink.objects.for_workspace(workspace_id).filter(dashboard=found).delete()
        found.save(update_fields=["deleted_at", "panels", "variables"])
    else:
        found.delete()


@joined
def make_first(*, workspace_id: uuid.UUID, now: datetime) -> None:
    """
    Make the dashboard that a workspace begins with, once in its life, whoever asks at once.

    Most who look for the first time have not sent anything yet: it gets its charts once there are
    metrics, unless somebody has changed it by then.
    """
    found = selectors.find_first(workspace_id=workspace_id)
    if found is None:
        panels = first.first_panels(_metrics_of(workspace_id))
        Dashboard.objects.bulk_create(
            [
                Dashboard(
                    id=uuid7(),
                    workspace_id=workspace_id,
                    name=first.NAME,
                    range="24h",
                    panels=panels,
                    version=FILLED if first.has_charts(panels) else BARE,
                    is_first=True,
                    created_at=now,
                    updated_at=now,
                )
            ],
            ignore_conflicts=True,
        )
    elif found.version == BARE and not (found.deleted_at or first.has_charts(found.panels)):
        panels = first.first_panels(_metrics_of(workspace_id))
        if first.has_charts(panels):
            # Over the bare one only: what somebody saves meanwhile stands.
            Dashboard.objects.for_workspace(workspace_id).filter(
                id=found.id, version=BARE, deleted_at=None
            ).update(panels=panels, version=FILLED, updated_at=now)


def _metrics_of(workspace_id: uuid.UUID) -> list[tuple[str, str | None]]:
    """Return the workspace's own metrics with their units, the latest first."""
    metrics = sorted(
        telemetry.list_metrics(workspace_id=workspace_id),
        key=lambda each: str(each["last_at"]),
        reverse=True,
    )
    return [
        (str(each["name"]), None if each["unit"] is None else str(each["unit"]))
        for each in metrics
        if not str(each["name"]).startswith(OURS)
    ]


def _refuse_unsound(*, panels: Any, variables: Any, range_: Any) -> None:
    if errors := documents.errors_in(panels=panels, variables=variables, range_=range_):
        raise BadDashboard("The dashboard cannot be drawn.", fields=errors)


def _lock(workspace_id: uuid.UUID) -> None:
    """Let one transaction at a time count the workspace's dashboards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dashboards:{workspace_id}"]
        )


def _told(found: Dashboard) -> dict[str, object]:
    """Return what the log keeps: panels by title and place, not every query of them."""
    return {
        "name": found.name,
        "range": found.range,
        "variables": [each["name"] for each in found.variables],
        "panels": [f"{each['kind']} {each.get('title', '')}".strip() for each in found.panels],
        "version": found.version,
    }
