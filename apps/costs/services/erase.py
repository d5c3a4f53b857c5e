"""Let go of what a deleted workspace had, and of what is over its time."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.core.erasure import erase_rows
from apps.costs.models import DayUsage, Price, RunUsage

RUNS_KEPT: Final = timedelta(days=90)  # what each used; the days' sums stay
DAYS_KEPT: Final = timedelta(days=800)
ROWS: Final = 20_000  # of one statement


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace; return how many."""
    return (
        erase_rows(
            (RunUsage,),
            workspace_id=workspace_id,
            limit=limit,
            key=("run_id", "day", "kind", "subject", "unit"),
        )
        or erase_rows(
            (DayUsage,),
            workspace_id=workspace_id,
            limit=limit,
            key=("day", "deployment_id", "flow_id", "kind", "subject", "unit"),
        )
        or erase_rows((Price,), workspace_id=workspace_id, limit=limit)
    )


def drop_old(*, now: datetime, rows: int = ROWS) -> int:
    """Delete what is over its time, of all workspaces; return how many rows. For loops."""
    dropped = 0
    # By ctid: the tables have composite keys that do not begin with the day.
    for table, kept in (("costs_runusage", RUNS_KEPT), ("costs_dayusage", DAYS_KEPT)):
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table}"  # noqa: S608 - of ours
                " WHERE day < %s LIMIT %s))",
                [(now - kept).date(), rows],
            )
            dropped += cursor.rowcount
    return dropped
