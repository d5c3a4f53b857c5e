"""Hand on what is to be counted as usage."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from django.db import connection

from apps.core.transactions import joined

# MATERIALIZED for the reason given at queue._CLAIM.
_TAKE = """
    WITH taken AS MATERIALIZED (
        SELECT id FROM runs_pendingusage ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    DELETE FROM runs_pendingusage AS pending USING taken WHERE pending.id = taken.id
    RETURNING pending.id, pending.workspace_id, pending.run_id, pending.deployment_id,
        pending.day, pending.task_runs
"""


@dataclass(frozen=True, slots=True)
class PendingTaskRuns:
    """So many task runs of the run completed on that day; `id` is of this count for ever."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    run_id: uuid.UUID
    deployment_id: uuid.UUID | None
    day: date
    task_runs: int


@joined
def take_pending_usage(*, limit: int) -> list[PendingTaskRuns]:
    """
    Take up to `limit` counts out of the outbox; the caller records them in the same transaction.

    Any number of callers at once: a count that another holds is passed over. For loops.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [limit])
        return [PendingTaskRuns(*row) for row in cursor.fetchall()]
