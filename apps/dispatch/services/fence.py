"""What a key bound to a pool may speak of: runs of that pool, and runs that these started."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Final

from django.db import connection

from apps.core.errors import PermissionDenied
from apps.dispatch import selectors
from apps.tenancy.actors import Actor
from apps.tenancy.isolation import workspace_scope

# A run without a pool, started by a process itself, belongs to the pool of the run that started it.
_OF_POOL: Final = """
    WITH RECURSIVE line AS (
        SELECT id AS origin, parent_run_id AS parent, pool_id, 1 AS depth FROM runs_run
        WHERE workspace_id = %(workspace_id)s AND id = ANY(%(run_ids)s)
        UNION ALL
        SELECT line.origin, run.parent_run_id, run.pool_id, line.depth + 1
        FROM line JOIN runs_run AS run
          ON run.id = line.parent AND run.workspace_id = %(workspace_id)s
        WHERE line.pool_id IS NULL AND line.depth < 64)
    SELECT line.origin, coalesce(bool_or(pool.name = %(pool)s), false)
    FROM line LEFT JOIN dispatch_pool AS pool ON pool.id = line.pool_id
    GROUP BY line.origin
"""

# PERF: every report of a bound key asks. A run stays in its pool, and pools keep their names; so
# what was true once is not asked again.
_MAX_KNOWN: Final = 50_000
_known: set[tuple[uuid.UUID, str, uuid.UUID]] = set()


def runs_of_pool(
    *, workspace_id: uuid.UUID, pool: str, run_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, bool]:
    """Say of those runs that exist whether they are of the pool of this name."""
    found = {run_id: True for run_id in run_ids if (workspace_id, pool, run_id) in _known}
    asked = [run_id for run_id in run_ids if run_id not in found]
    if not asked:
        return found
    with workspace_scope(workspace_id), connection.cursor() as cursor:
        cursor.execute(_OF_POOL, {"workspace_id": workspace_id, "run_ids": asked, "pool": pool})
        answered: dict[uuid.UUID, bool] = dict(cursor.fetchall())
    if len(_known) > _MAX_KNOWN:
        _known.clear()
    _known.update((workspace_id, pool, run_id) for run_id, is_own in answered.items() if is_own)
    return found | answered


def refuse_other_pool(*, workspace_id: uuid.UUID, actor: Actor, pool: str) -> None:
    """
    Let a bound key serve its own pool only, named by name or id.

    Raises: PermissionDenied, PoolNotFound.
    """
    if not actor.pool or pool == actor.pool:
        return
    with workspace_scope(workspace_id):
        if selectors.get_pool(workspace_id=workspace_id, pool=pool).name == actor.pool:
            return
    raise _not_yours(actor)


def refuse_other_runs(
    *, workspace_id: uuid.UUID, actor: Actor, run_ids: Collection[uuid.UUID]
) -> None:
    """
    Let a bound key speak of runs of its pool only.

    Raises: PermissionDenied when any run is of another one.
    """
    if not actor.pool or not run_ids:
        return
    known = runs_of_pool(workspace_id=workspace_id, pool=actor.pool, run_ids=run_ids)
    if not all(known.values()):
        raise _not_yours(actor)


def _not_yours(actor: Actor) -> PermissionDenied:
    return PermissionDenied(f"This key is for the pool {actor.pool!r} only.", pool=actor.pool)
