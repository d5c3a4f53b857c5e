"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid

from apps.core.erasure import erase_rows
from apps.dispatch.models import (
    Agent,
    Backfill,
    BackfillPart,
    ConcurrencyLimit,
    ConcurrencySlot,
    Lease,
    LeaseBeat,
    Pool,
    Queue,
    ServiceLevel,
    ServiceLevelBreach,
)

_BEFORE_LEASES = (ConcurrencySlot, ConcurrencyLimit)
_OF_DEPLOYMENTS = (BackfillPart, Backfill, ServiceLevelBreach, ServiceLevel)


def erase_leases(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows that name runs and deployments, before those; return how many."""
    return (
        erase_rows(_BEFORE_LEASES, workspace_id=workspace_id, limit=limit)
        or erase_rows((LeaseBeat,), workspace_id=workspace_id, limit=limit, key=("lease_id",))
        or erase_rows((Lease, *_OF_DEPLOYMENTS), workspace_id=workspace_id, limit=limit)
    )


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace, whose deployments are gone; return how many."""
    return erase_rows((Agent, Queue, Pool), workspace_id=workspace_id, limit=limit)
