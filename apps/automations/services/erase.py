"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid

from apps.automations.models import (
    ActionAttempt,
    Automation,
    Deadline,
    Firing,
    MetricState,
    TriggerBucket,
)
from apps.core.erasure import erase_rows


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace; return how many."""
    return (
        erase_rows((ActionAttempt, Firing, Deadline), workspace_id=workspace_id, limit=limit)
        or erase_rows(
            (TriggerBucket, MetricState),
            workspace_id=workspace_id,
            limit=limit,
            key=("automation_id", "key"),
        )
        or erase_rows((Automation,), workspace_id=workspace_id, limit=limit)
    )
