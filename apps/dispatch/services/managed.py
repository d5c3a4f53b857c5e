"""Grant the leases of managed pools, over all workspaces, to who executes them here."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.transactions import joined
from apps.dispatch.fairness import share
from apps.dispatch.services.gate import Gate, has_run_limits
from apps.dispatch.services.lease import free_slots, grant
from apps.flows import selectors as flows
from apps.flows.sizes import Size
from apps.runs import services as runs
from apps.runs.services import Claimant
from apps.tenancy import selectors as tenancy

if TYPE_CHECKING:
    from apps.runs.models import Run

# What is not used in one round, since the runs turn out to be of paused deployments or meet full
# limits, is for others in the next. Whoever has limits has one round: a transaction locks limits in
# one order, and a second look would begin with the first of them again.
ROUNDS = 3

Waiting = tuple[uuid.UUID, uuid.UUID, int]  # queue, its pool, how many due runs
Lines = Mapping[uuid.UUID, Sequence[Waiting]]  # by workspace

# A line's length matters up to the number of free slots only.
_WAITING = """
    SELECT queue.workspace_id, queue.id, queue.pool_id, due.count
    FROM dispatch_pool AS pool
    JOIN dispatch_queue AS queue ON queue.pool_id = pool.id AND queue.paused_at IS NULL
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM runs_run AS run
            WHERE run.queue_id = queue.id AND run.state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')
              AND run.waits_on IS NULL AND run.scheduled_for <= %(now)s
            LIMIT %(limit)s) AS first) AS due
    WHERE pool.kind = 'MANAGED' AND pool.paused_at IS NULL AND due.count > 0
      AND queue.workspace_id <> ALL(%(but)s)
    ORDER BY queue.priority, queue.name, queue.id
"""
_HOLDING = """
    SELECT lease.workspace_id, count(*) FROM dispatch_lease AS lease
    JOIN runs_run AS run ON run.id = lease.run_id
    JOIN dispatch_pool AS pool ON pool.id = run.pool_id AND pool.kind = 'MANAGED'
    WHERE lease.ended_at IS NULL AND lease.agent_id IS NULL AND lease.workspace_id = ANY(%s)
    GROUP BY lease.workspace_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedGrant:
    """The right to execute one run. No size: its deployment has left for a pool of agents."""

    workspace_id: uuid.UUID
    run_id: uuid.UUID
    epoch: int
    deployment_id: uuid.UUID
    size: Size | None


@joined
def lease_managed_runs(*, limit: int, executor: str, now: datetime) -> list[ManagedGrant]:
    """
    Grant up to `limit` leases of managed pools, fairly over the workspaces that wait.

    Whoever holds the fewest comes first, so a long line of one keeps nobody else from a slot. What
    a workspace's own limits do not let it use goes to others at once. `executor` names the holder.
    Callers take turns (a lock of theirs): two at once would both count the same free slots.
    For loops.
    """
    claimed: list[Run] = []
    gated: set[uuid.UUID] = set()
    for _ in range(ROUNDS):
        left = limit - len(claimed)
        lines = _lines(limit=left, now=now, but=gated)
        given = _share(left, lines)
        taken, passed = _claim(given, lines, executor=executor, now=now)
        claimed += taken
        gated |= passed
        if len(taken) == sum(given.values()):
            break
    return _describe(claimed)


def _share(slots: int, lines: Lines) -> dict[uuid.UUID, int]:
    """Return how many runs each workspace may begin now."""
    waiting = {
        workspace_id: sum(count for _, _, count in queues) for workspace_id, queues in lines.items()
    }
    for workspace_id, its in tenancy.list_limits(workspace_ids=list(waiting)).items():
        if its.archived:
            waiting[workspace_id] = 0
        elif its.max_concurrent_runs is not None:
            free = free_slots(workspace_id, its.max_concurrent_runs)
            waiting[workspace_id] = max(min(waiting[workspace_id], free), 0)
    return share(slots, waiting=waiting, holding=_holding(lines))


def _claim(
    given: Mapping[uuid.UUID, int], lines: Lines, *, executor: str, now: datetime
) -> tuple[list[Run], set[uuid.UUID]]:
    """Take up to so many runs of each workspace under leases; say also which have limits."""
    claimant = Claimant(agent_id=None, name="", host="")
    gates = {workspace_id: Gate(workspace_id) for workspace_id in has_run_limits(given)}
    claimed: list[Run] = []
    for workspace_id, slots in given.items():
        gate = gates.get(workspace_id)
        left = slots
        for queue_id, pool_id, _ in lines[workspace_id]:
            if left == 0:
                break
            if gate is None:
                taken = runs.claim_runs(queue_id=queue_id, limit=left, claimant=claimant, now=now)
            else:
                gate.lock_lanes(pool_id=pool_id, queue_ids=[queue_id])
                taken = gate.claim(
                    pool_id=pool_id, queue_id=queue_id, limit=left, claimant=claimant, now=now
                )
            left -= len(taken)
            claimed += taken
    grant(claimed=claimed, agent_id=None, holders=[executor] * len(claimed), now=now)
    for gate in gates.values():
        gate.hold(now=now)
    return claimed, set(gates)


def _lines(*, limit: int, now: datetime, but: Collection[uuid.UUID]) -> Lines:
    """Return in which queues runs wait, in the order of service, but for these workspaces."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"now": now, "limit": limit, "but": list(but)})
        lines: dict[uuid.UUID, list[Waiting]] = defaultdict(list)
        for workspace_id, queue_id, pool_id, count in cursor.fetchall():
            lines[workspace_id].append((queue_id, pool_id, count))
    return dict(lines)


def _holding(workspace_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING, [list(workspace_ids)])
        return dict(cursor.fetchall())


def _describe(claimed: list[Run]) -> list[ManagedGrant]:
    by_workspace: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for run in claimed:
        assert run.deployment_id is not None, "only deployments put runs into queues"
        by_workspace[run.workspace_id].add(run.deployment_id)
    sizes = {
        deployment.id: deployment.size
        for workspace_id, deployment_ids in by_workspace.items()
        for deployment in flows.list_deployments_by_id(
            workspace_id=workspace_id, deployment_ids=deployment_ids
        )
    }
    return [
        ManagedGrant(
            workspace_id=run.workspace_id,
            run_id=run.id,
            epoch=run.epoch,
            deployment_id=run.deployment_id,
            size=sizes.get(run.deployment_id),
        )
        for run in claimed
        if run.deployment_id is not None
    ]
