"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid

from apps.compute import bundle_store
from apps.compute.models import ManagedTask
from apps.core.erasure import erase_rows


def has_active_tasks(*, workspace_id: uuid.UUID) -> bool:
    """Tell whether something of the workspace is still executed: it has to be stopped first."""
    return ManagedTask.objects.for_workspace(workspace_id).active().exists()


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """
    Delete up to `limit` rows of the workspace, and at last the bytes of its bundles.

    Raises: BundleStoreAway.
    """
    rows = erase_rows((ManagedTask,), workspace_id=workspace_id, limit=limit)
    return rows or bundle_store.delete_some(workspace_id, limit=limit)
