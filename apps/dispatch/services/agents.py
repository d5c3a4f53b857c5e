"""Let an agent finish what it has, and give it nothing new."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.dispatch import selectors
from apps.dispatch.models import Agent
from apps.tenancy import access, audit
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope


@joined
def drain_agent(
    *,
    workspace_id: uuid.UUID,
    pool_id: uuid.UUID,
    agent_id: uuid.UUID,
    draining: bool,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Agent:
    """
    Grant the agent no further leases, or go on; what it executes stays its own.

    Its waiting poll brings nothing more from now on; it is told with its next heartbeat.
    Raises: PoolNotFound, AgentNotFound, ObjectRestricted.
    """
    pool = selectors.get_pool(workspace_id=workspace_id, pool=str(pool_id))
    access.require(asker, Scope.POOLS_WRITE, access.pool(pool.id))
    agent = selectors.get_agent(workspace_id=workspace_id, pool_id=pool.id, agent_id=agent_id)
    if draining == (agent.draining_at is not None):
        return agent
    agent.draining_at = now if draining else None
    agent.save(update_fields=["draining_at"])
    audit.record(
        action="agent.drained" if draining else "agent.resumed",
        target=audit.Object(kind="agent", id=agent.id, name=agent.name),
        before={"draining": not draining},
        after={"draining": draining},
        workspace_id=workspace_id,
    )
    if not draining:
        notify("pool", pool.id)
    return agent
