"""What a plan allows, and why it holds runs back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from apps.tenancy.actors import Hold, Limits
from apps.tenancy.models import (
    AccountLimits,
    WorkspaceLimits,
)


def to_limits(row: WorkspaceLimits) -> Limits:
    return Limits(
        max_concurrent_runs=row.max_concurrent_runs,
        events_per_minute=row.events_per_minute,
        task_runs_per_month=row.task_runs_per_month,
        retention_days=row.retention_days,
        suspended_reason=row.suspended_reason,
        hold=Hold.from_json(row.hold) if row.hold else None,
        managed_minutes_per_month=row.managed_minutes_per_month,
        managed_hold=Hold.from_json(row.managed_hold) if row.managed_hold else None,
        archived=row.workspace.archived_at is not None,
    )


def get_limits(*, workspace_id: uuid.UUID) -> Limits:
    """Return the limits that the plan sets for this workspace."""
    rows = WorkspaceLimits.objects.select_related("workspace")
    return to_limits(rows.get(workspace_id=workspace_id))


def list_limits(*, workspace_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Limits]:
    """Return the limits of several workspaces; for loops, which see all of them."""
    rows = WorkspaceLimits.objects.filter(workspace_id__in=workspace_ids)
    rows = rows.select_related("workspace")
    return {row.workspace_id: to_limits(row) for row in rows}


def list_retention_days() -> dict[uuid.UUID, int]:
    """Return each workspace's retention in days; for the janitor."""
    return dict(WorkspaceLimits.objects.values_list("workspace_id", "retention_days"))


def find_account_holds(*, account_id: uuid.UUID) -> tuple[Hold | None, Hold | None]:
    """
    Return why the account may start no new runs, and why none in managed pools.

    None where it may.
    """
    limits = AccountLimits.objects.filter(account_id=account_id).first()
    if limits is None:
        return None, None
    return (
        Hold.from_json(limits.hold) if limits.hold else None,
        Hold.from_json(limits.managed_hold) if limits.managed_hold else None,
    )
