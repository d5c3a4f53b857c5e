"""Counts of task runs from the task runs themselves, to check what metering made of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from django.db import connection

# By the end and not by the id: executors make ids, and a task run belongs to the day it ended on.
_COUNT = """
    SELECT workspace_id, (ended_at AT TIME ZONE 'UTC')::date AS day, count(*)
    FROM runs_taskrun
    WHERE state = 'COMPLETED' AND ended_at - started_at >= interval '1 second'
      AND ended_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC'
      AND ended_at < %(until)s::date::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2
"""

_PENDING = """
    SELECT workspace_id, day, sum(task_runs)::bigint FROM runs_pendingusage
    WHERE day >= %(since)s AND day < %(until)s GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class CountedTaskRuns:
    """How many task runs of a workspace completed on a day after a second or more."""

    workspace_id: uuid.UUID
    day: date
    task_runs: int


def count_billable_task_runs(*, since: date, until: date) -> list[CountedTaskRuns]:
    """
    Count the task runs that are usage, by workspace and day in `since … until`, `until` excluded.

    PERF: reads all task runs there are; for commands, never for requests. For loops' role.
    """
    return _count(_COUNT, since, until)


def count_pending_usage(*, since: date, until: date) -> list[CountedTaskRuns]:
    """Count what waits to be metered, by workspace and day. For loops' role."""
    return _count(_PENDING, since, until)


def _count(statement: str, since: date, until: date) -> list[CountedTaskRuns]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"since": since, "until": until})
        return [CountedTaskRuns(*row) for row in cursor.fetchall()]
