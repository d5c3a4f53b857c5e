"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid

from apps.core.erasure import erase_rows
from apps.dashboards.models import Dashboard, DashboardLink, SavedView, Sharing


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace; return how many."""
    return erase_rows(
        (SavedView, DashboardLink, Sharing, Dashboard), workspace_id=workspace_id, limit=limit
    )
