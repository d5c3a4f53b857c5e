"""What happens to all runs of a backfill at once."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.core.transactions import joined
from apps.runs.enums import RunState
from apps.runs.services.record import Move, record_moves, returning_runs

# In the order in which everybody locks several runs.
_CANCEL_WAITING = """
    WITH waiting AS MATERIALIZED (
        SELECT id FROM runs_run
        WHERE workspace_id = %(workspace_id)s AND backfill_id = %(backfill_id)s
          AND state IN ('AWAITING_RETRY', 'HELD', 'LATE', 'SCHEDULED')
        ORDER BY id FOR NO KEY UPDATE)
    UPDATE runs_run SET state = 'CANCELLED', state_at = %(now)s, changed_at = %(now)s,
        ended_at = %(now)s
    FROM waiting WHERE runs_run.id = waiting.id
    RETURNING runs_run.*
"""


@joined
def cancel_waiting_of_backfill(
    *, workspace_id: uuid.UUID, backfill_id: uuid.UUID, now: datetime, message: str
) -> int:
    """Cancel the runs of a backfill that nobody executes yet; return how many."""
    cancelled = returning_runs(
        _CANCEL_WAITING, {"workspace_id": workspace_id, "backfill_id": backfill_id, "now": now}
    )
    record_moves(
        [
            Move(
                run=run,
                state=RunState.CANCELLED,
                occurred_at=now,
                epoch=run.epoch,
                message=message,
            )
            for run in cancelled
        ]
    )
    return len(cancelled)
