"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid

from apps.core.erasure import erase_rows
from apps.telemetry.models import (
    Listener,
    MetricSeries,
    MetricStream,
    PendingBatch,
    Retention,
    RunMetric,
)
from apps.telemetry.store import purge, tables


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace; return how many."""
    rows = (
        erase_rows((PendingBatch,), workspace_id=workspace_id, limit=limit)
        or erase_rows(
            (Listener,), workspace_id=workspace_id, limit=limit, key=("workspace_id", "consumer")
        )
        or erase_rows(
            (Retention,), workspace_id=workspace_id, limit=limit, key=("workspace_id", "kind")
        )
        or erase_rows(
            (MetricStream,),
            workspace_id=workspace_id,
            limit=limit,
            key=("workspace_id", "stream_id"),
        )
        or erase_rows(
            (RunMetric,),
            workspace_id=workspace_id,
            limit=limit,
            key=("workspace_id", "run_id", "series_id"),
        )
    )
    if rows:
        return rows
    for table in tables.ALL:
        if rows := purge.delete_some(table, workspace_id, limit=limit):
            return rows
    return erase_rows((MetricSeries,), workspace_id=workspace_id, limit=limit)
