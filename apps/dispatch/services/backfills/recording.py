"""What a change of a backfill is told by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.dispatch.enums import BackfillState
from apps.dispatch.models import Backfill
from apps.tenancy import audit

GOING = frozenset({BackfillState.RUNNING, BackfillState.PAUSED})


def told(backfill: Backfill) -> dict[str, object]:
    """Return what a change of it is told by in the audit log."""
    return {
        "state": backfill.state,
        "concurrency": backfill.concurrency,
        "priority": backfill.priority,
        "parts": backfill.parts_total,
        "parameters": backfill.parameters,
        "since": backfill.since,
        "until": backfill.until,
    }


def record_change(
    action: str,
    backfill: Backfill,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Put a change of it into the audit log."""
    audit.record(
        action=action,
        target=audit.Object(kind="backfill", id=backfill.id, name=backfill.name),
        before=before,
        after=after,
        workspace_id=backfill.workspace_id,
    )
