"""Keep in the audit log what happened to a dashboard."""

from __future__ import annotations

from apps.dashboards.models import Dashboard
from apps.tenancy import audit


def record_change(
    action: str,
    dashboard: Dashboard,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    """Record an action on the dashboard itself or its links, in the transaction that does it."""
    audit.record(
        action=action,
        target=audit.Object(kind="dashboard", id=dashboard.id, name=dashboard.name),
        before=before,
        after=after,
        workspace_id=dashboard.workspace_id,
    )
