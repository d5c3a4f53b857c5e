"""
What is still there of a metric where something coarser is: rows go from the fine to the coarse.

PERF: each is a few steps down an index: to the first bucket of a metric's total, and to one row of
what is finer at that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.telemetry.acceptance import total_id_of
from apps.telemetry.query import Rollup
from apps.telemetry.store.tables import METRIC_POINT, METRIC_ROLLUPS

SERIES: Final = 500  # of a metric, to find a point of any

# The first bucket of each metric in the time; `wide` is the rollup that is known to be there.
_FIRST: Final = (
    "WITH first AS (SELECT asked.name, asked.id, (SELECT wide.bucket_at FROM {wide} AS wide"
    " WHERE wide.workspace_id = %(workspace)s AND wide.series_id = asked.id"
    " AND wide.bucket_at >= %(since)s AND wide.bucket_at < %(until)s"
    " ORDER BY wide.bucket_at LIMIT 1) AS at"
    " FROM unnest(%(names)s::text[], %(totals)s::uuid[]) AS asked (name, id))"
    " SELECT EXISTS (SELECT 1 FROM first WHERE at IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM {rest}))"
)
# The bounds say the same once more, so that parts outside of them are not opened.
_ROLLUP: Final = (
    "{fine} AS fine WHERE fine.workspace_id = %(workspace)s AND fine.series_id = first.id"
    " AND fine.bucket_at >= first.at AND fine.bucket_at < first.at + %(width)s"
    " AND fine.bucket_at >= %(since)s AND fine.bucket_at < %(end)s"
)
# Points have no totals: those of any series will do, of one after the other.
_POINTS: Final = (
    "(SELECT id FROM telemetry_metricseries WHERE workspace_id = %(workspace)s"
    " AND name = first.name AND coalesce(last_at, created_at) >= first.at LIMIT %(series)s) AS own"
    " CROSS JOIN LATERAL (SELECT 1 FROM {fine} AS fine"
    " WHERE fine.workspace_id = %(workspace)s AND fine.series_id = own.id"
    " AND fine.occurred_at >= first.at AND fine.occurred_at < first.at + %(width)s"
    " AND fine.occurred_at >= %(since)s AND fine.occurred_at < %(end)s LIMIT 1) AS found"
)


def is_gone(
    workspace_id: UUID,
    *,
    names: Sequence[str],
    fine: Rollup,
    wide: Rollup,
    since: datetime,
    until: datetime,
) -> bool:
    """
    Say whether one of the metrics has something in the time, but no longer as finely at first.

    `since` is the start of a bucket of `wide`, in which all that is there is told.
    """
    width = timedelta(seconds=wide.seconds)
    table = METRIC_POINT if fine is Rollup.RAW else METRIC_ROLLUPS[fine]
    rest = _POINTS if fine is Rollup.RAW else _ROLLUP
    asked: dict[str, Any] = {
        "workspace": workspace_id,
        "names": list(names),
        "totals": [total_id_of(workspace_id, name) for name in names],
        "since": since,
        "until": until,
        "end": until + width,
        "width": width,
        "series": SERIES,
    }
    wide_table = METRIC_ROLLUPS[wide].name
    with connection.cursor() as cursor:
        cursor.execute(_FIRST.format(wide=wide_table, rest=rest.format(fine=table.name)), asked)
        return bool(cursor.fetchone()[0])
