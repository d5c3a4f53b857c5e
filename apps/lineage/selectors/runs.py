"""Which runs touched a resource."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from apps.lineage.selectors.aliases import aliases_in
from apps.lineage.selectors.resources import get_resource


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchingRun:
    """How one run touched a resource, of all its names and of the roles asked for."""

    run_id: uuid.UUID
    roles: list[str]  # by name
    first_seen: datetime
    last_seen: datetime
    count: int  # events

    @property
    def place(self) -> tuple[datetime, uuid.UUID]:
        """Return its place in the list."""
        return self.last_seen, self.run_id


# A run stands at its newest touch: of each, there is none newer of the same run. Each name of the
# resource is read by itself along `lineage_touch_last`, so that a page costs the rows of a page.
# PERF: how a run touched it is asked for each run by itself; joined, the planner reads all touches.
_TOUCHING: Final = """
    SELECT newest.run_id, how.roles, how.first_seen, newest.last_seen, how.count
    FROM (
        SELECT one.run_id, one.last_seen
        FROM unnest(%(ids)s::uuid[]) AS name (id) CROSS JOIN LATERAL (
            SELECT t.run_id, t.last_seen FROM lineage_touch t
            WHERE t.workspace_id = %(workspace)s AND t.resource_id = name.id
              AND (%(role)s::text IS NULL OR t.role = %(role)s)
              AND (t.last_seen, t.run_id) < (%(last)s::timestamptz, %(run)s::uuid)
              AND (t.last_seen, t.resource_id, t.role) = (
                  SELECT n.last_seen, n.resource_id, n.role FROM lineage_touch n
                  WHERE n.workspace_id = t.workspace_id AND n.resource_id = ANY(%(ids)s::uuid[])
                    AND n.run_id = t.run_id AND (%(role)s::text IS NULL OR n.role = %(role)s)
                  ORDER BY n.last_seen DESC, n.resource_id DESC, n.role DESC LIMIT 1)
            ORDER BY t.last_seen DESC, t.run_id DESC LIMIT %(rows)s
        ) AS one
        ORDER BY one.last_seen DESC, one.run_id DESC LIMIT %(rows)s
    ) AS newest
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT t.role ORDER BY t.role) AS roles,
               min(t.first_seen) AS first_seen, sum(t.count)::bigint AS count
        FROM lineage_touch t
        WHERE t.workspace_id = %(workspace)s AND t.resource_id = ANY(%(ids)s::uuid[])
          AND t.run_id = newest.run_id AND (%(role)s::text IS NULL OR t.role = %(role)s)
    ) AS how
    ORDER BY newest.last_seen DESC, newest.run_id DESC
"""
_BEFORE_ALL: Final = ("infinity", uuid.UUID(int=2**128 - 1))


def list_touching_runs(
    *,
    workspace_id: uuid.UUID,
    resource_id: uuid.UUID,
    role: str | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int,
) -> tuple[list[TouchingRun], tuple[datetime, uuid.UUID] | None]:
    """
    Return the runs that touched a resource or its aliases, the newest touch first.

    With the place to go on from, None at the end. A run that touches it while somebody pages
    moves to the front, and is not told twice. The runs themselves may be gone: their own time
    is another than that of what they touched.

    Raises: NotFound.
    """
    get_resource(workspace_id=workspace_id, resource_id=resource_id)
    last, run = after or _BEFORE_ALL
    with connection.cursor() as cursor:
        cursor.execute(
            _TOUCHING,
            {
                "workspace": workspace_id,
                "ids": aliases_in(workspace_id=workspace_id).all([resource_id]),
                "role": role,
                "last": last,
                "run": run,
                "rows": limit + 1,
            },
        )
        found = [
            TouchingRun(
                run_id=row[0], roles=row[1], first_seen=row[2], last_seen=row[3], count=row[4]
            )
            for row in cursor.fetchall()
        ]
    more = len(found) > limit
    return found[:limit], found[limit - 1].place if more else None
