"""The world forgets: what was not seen for long, a bounded number of rows at a time."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.core.ids import uuid7_floor

KEPT: Final = timedelta(days=400)  # resources, relations, schemas, readings: as hourly rollups
QUERIES_KEPT: Final = timedelta(days=90)  # since they were last executed
RUNS_KEPT: Final = timedelta(days=90)  # what each touched; their deployments' relations stay
ROWS: Final = 20_000  # of one statement

# Rows are chosen by ctid: the tables have composite keys, and no index on times.
_OLD: Final = (
    ("lineage_touch", "run_id < %(runs)s"),
    ("lineage_knownrun", "run_id < %(runs)s"),
    ("lineage_reading", "hour < %(all)s"),
    ("lineage_schemasighting", "last_seen < %(all)s"),
    ("lineage_schemaversion", "last_seen < %(all)s"),
    ("lineage_relation", "last_seen < %(all)s"),
    (
        "lineage_relation",
        "last_seen < %(queries)s AND from_id IN"
        " (SELECT id FROM lineage_resource WHERE kind = 'query' AND last_seen < %(queries)s)",
    ),
    (
        "lineage_facet",
        "at < %(queries)s AND resource_id IN"
        " (SELECT id FROM lineage_resource WHERE kind = 'query' AND last_seen < %(queries)s)",
    ),
    ("lineage_facet", "at < %(all)s"),
    (
        "lineage_resource",
        "(last_seen < %(all)s OR (kind = 'query' AND last_seen < %(queries)s))"
        " AND NOT EXISTS (SELECT 1 FROM lineage_alias a"
        " WHERE lineage_resource.id IN (a.alias_id, a.target_id))",
    ),
)


def drop_old(*, now: datetime, rows: int = ROWS) -> int:
    """Delete what is over its time, of all workspaces; return how many rows. For loops."""
    limits: dict[str, datetime | uuid.UUID | int] = {
        "all": now - KEPT,
        "queries": now - QUERIES_KEPT,
        "runs": uuid7_floor(now - RUNS_KEPT),
        "rows": rows,
    }
    dropped = 0
    for table, condition in _OLD:
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table}"  # noqa: S608 - of ours
                f" WHERE {condition} LIMIT %(rows)s))",
                limits,
            )
            dropped += cursor.rowcount
    return dropped
