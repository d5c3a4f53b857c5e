"""What a change of a backfill is told by."""

from __future__ import annotations

from apps.dispatch.enums import BackfillState
from apps.dispatch.models import Backfill

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
