"""Which pool an agent means, remembered."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from django.db import transaction

from apps.dispatch.enums import PoolKind
from apps.dispatch.services.pools import refuse_other_runner, resolve_agents_pool
from apps.tenancy.isolation import workspace_scope


class AgentsPool(NamedTuple):
    """What of a pool never changes."""

    id: uuid.UUID
    kind: PoolKind


# PERF: pools are neither renamed nor deleted and keep their kind, so a name that led to one always
# will; each poll and heartbeat asks.
_MAX_POOLS = 10_000
_pools: dict[tuple[uuid.UUID, str], AgentsPool] = {}  # of this process, after the commit


def recall_agents_pool(*, workspace_id: uuid.UUID, pool: str) -> AgentsPool | None:
    """Return the pool of this name or id if it was asked for before; asks nobody."""
    return _pools.get((workspace_id, pool))


def find_agents_pool(*, workspace_id: uuid.UUID, pool: str, runner: str) -> AgentsPool:
    """
    Return the pool of this name or id, for an agent with this runner. Enters the workspace itself.

    Raises: PoolNotFound, PoolIsManaged, WrongRunner.
    """
    known = recall_agents_pool(workspace_id=workspace_id, pool=pool)
    if known is None:
        with workspace_scope(workspace_id):
            found = resolve_agents_pool(workspace_id=workspace_id, pool=pool)
            known = AgentsPool(found.id, PoolKind(found.kind))
            transaction.on_commit(lambda: _remember((workspace_id, pool), known))
    refuse_other_runner(pool=pool, kind=known.kind, runner=runner)
    return known


def _remember(key: tuple[uuid.UUID, str], pool: AgentsPool) -> None:
    if len(_pools) >= _MAX_POOLS:
        _pools.clear()
    _pools[key] = pool
