"""Reads of pools, agents and leases for the HTTP layer."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet

from apps.dispatch import depth
from apps.dispatch.depth import MOST_COUNTED, DepthPoint
from apps.dispatch.enums import LimitKind, PoolKind
from apps.dispatch.errors import AgentNotFound, LimitNotFound, PoolNotFound, QueueNotFound
from apps.dispatch.models import (
    Agent,
    Backfill,
    ConcurrencyLimit,
    ConcurrencySlot,
    Lease,
    LimitQuerySet,
    Pool,
    PoolQuerySet,
    Queue,
)
from apps.dispatch.protocol import ONLINE_FOR, Command, command_of
from apps.flows import selectors as flows
from apps.runs import selectors as runs
from apps.telemetry import selectors as telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLoad:
    """How busy a pool is now."""

    running: int
    queued: int
    agents_online: int


def list_pools(*, workspace_id: uuid.UUID) -> PoolQuerySet:
    """Return the workspace's pools with their queues."""
    queues = Queue.objects.filter(deleted_at=None).order_by("priority", "name", "id")
    return Pool.objects.for_workspace(workspace_id).prefetch_related(Prefetch("queues", queues))


def narrowed_pool_names(
    *, workspace_id: uuid.UUID, object_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Return the names of those of the pools that exist in the workspace."""
    pools = Pool.objects.for_workspace(workspace_id).filter(pk__in=object_ids)
    return dict(pools.values_list("id", "name"))


def get_pool(*, workspace_id: uuid.UUID, pool: str) -> Pool:
    """
    Return the pool of this name or id.

    Raises: PoolNotFound.
    """
    pool_id = _as_uuid(pool)
    named = Q(name=pool) if pool_id is None else Q(id=pool_id)
    found = Pool.objects.for_workspace(workspace_id).filter(named).first()
    if found is None:
        raise PoolNotFound(f"There is no pool {pool!r} in this workspace.", pool=pool)
    return found


def is_managed_pool(*, workspace_id: uuid.UUID, pool_id: uuid.UUID | None) -> bool:
    """Say whether we ourselves execute the pool's runs."""
    managed = Pool.objects.for_workspace(workspace_id).filter(kind=PoolKind.MANAGED.value)
    return pool_id is not None and managed.filter(id=pool_id).exists()


def load_of_pools(
    *, workspace_id: uuid.UUID, pool_ids: Collection[uuid.UUID], now: datetime
) -> dict[uuid.UUID, PoolLoad]:
    """Return what each pool is executing, has queued, and how many of its agents are there."""
    running = dict(
        Lease.objects.filter(workspace_id=workspace_id, ended_at=None, agent__pool_id__in=pool_ids)
        .order_by()
        .values_list("agent__pool_id")
        .annotate(count=Count("id"))
    )
    # Of managed pools there are no agents: their runs say where they belong.
    running |= dict(
        Lease.objects.filter(
            workspace_id=workspace_id, ended_at=None, agent=None, run__pool_id__in=pool_ids
        )
        .order_by()
        .values_list("run__pool_id")
        .annotate(count=Count("id"))
    )
    online = dict(
        Agent.objects.filter(pool_id__in=pool_ids, last_seen_at__gte=now - ONLINE_FOR)
        .order_by()
        .values_list("pool_id")
        .annotate(count=Count("id"))
    )
    queues = dict(Queue.objects.filter(pool_id__in=pool_ids).values_list("id", "pool_id"))
    of_pool: dict[uuid.UUID, int] = {}
    for queue_id, count in queued_by_queue(queue_ids=queues, now=now).items():
        of_pool[queues[queue_id]] = of_pool.get(queues[queue_id], 0) + count
    return {
        pool_id: PoolLoad(
            running=running.get(pool_id, 0),
            queued=of_pool.get(pool_id, 0),
            agents_online=online.get(pool_id, 0),
        )
        for pool_id in pool_ids
    }


def queued_by_queue(*, queue_ids: Collection[uuid.UUID], now: datetime) -> dict[uuid.UUID, int]:
    """Return how many due runs wait in each of these queues, up to 10,000."""
    lines = runs.measure_queues(queue_ids=queue_ids, now=now, most=MOST_COUNTED)
    return {id_: min(line.waiting + line.parked, MOST_COUNTED) for id_, line in lines.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """What was in a queue over time; `points` is empty when nothing was."""

    queue_id: uuid.UUID
    name: str
    points: list[DepthPoint]


def queue_depths(
    *, workspace_id: uuid.UUID, pool: Pool, since: datetime, until: datetime, now: datetime
) -> tuple[int, list[QueueDepth]]:
    """
    Return the step in seconds, and the depth of the pool's queues in each, in order of service.

    At most 300 steps; each tells the most that was measured in it. Deleted queues are there while
    something was in them.
    """
    queues = Queue.objects.filter(workspace_id=workspace_id, pool=pool).order_by(
        "priority", "name", "id"
    )
    names = dict(queues.values_list("id", "name"))
    step_seconds, measured = telemetry.peaks_by_label(
        workspace_id=workspace_id,
        names=depth.METRICS,
        label=depth.QUEUE_LABEL,
        values=[str(queue_id) for queue_id in names],
        since=since,
        until=max(min(until, now), since + depth.SAMPLE_TIME),
        shortest_step_seconds=int(depth.SAMPLE_TIME.total_seconds()),
    )
    standing = set(queues.filter(deleted_at=None).values_list("id", flat=True))
    return step_seconds, [
        QueueDepth(
            queue_id=queue_id,
            name=name,
            points=depth.points_of(measured.get(str(queue_id), {}), now=now),
        )
        for queue_id, name in names.items()
        if queue_id in standing or str(queue_id) in measured
    ]


def list_queues(*, workspace_id: uuid.UUID, pool_id: uuid.UUID) -> QuerySet[Queue]:
    """Return the pool's queues, in the order in which they are served."""
    standing = Queue.objects.filter(workspace_id=workspace_id, pool_id=pool_id, deleted_at=None)
    return standing.order_by("priority", "name", "id")


def get_queue(*, workspace_id: uuid.UUID, pool_id: uuid.UUID, queue_id: uuid.UUID) -> Queue:
    """Raises: QueueNotFound."""
    queues = list_queues(workspace_id=workspace_id, pool_id=pool_id).select_related("pool")
    found = queues.filter(pk=queue_id).first()
    if found is None:
        raise QueueNotFound("There is no such queue in this pool.", queue_id=str(queue_id))
    return found


def default_of(queues: Sequence[Queue]) -> Queue:
    """Return which of all of a pool's queues, in their order, takes what names none."""
    return next((queue for queue in queues if queue.is_default), queues[0])


def names_of_queues(
    *, workspace_id: uuid.UUID, queue_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Return the names of these queues, also of deleted ones."""
    if not queue_ids:
        return {}
    queues = Queue.objects.filter(workspace_id=workspace_id, id__in=queue_ids)
    return dict(queues.values_list("id", "name"))


def slots_by_key(
    *, workspace_id: uuid.UUID, kind: LimitKind, keys: Collection[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """Return how much of each of these things may go on at once, where that is limited."""
    limits = ConcurrencyLimit.objects.for_workspace(workspace_id).filter(
        kind=kind.value, key__in=[str(key) for key in keys], slots__isnull=False
    )
    return {
        uuid.UUID(key): slots
        for key, slots in limits.values_list("key", "slots")
        if slots is not None
    }


def list_agents(*, workspace_id: uuid.UUID, pool_id: uuid.UUID) -> QuerySet[Agent]:
    """Return the pool's agents."""
    return Agent.objects.filter(workspace_id=workspace_id, pool_id=pool_id)


def get_agent(*, workspace_id: uuid.UUID, pool_id: uuid.UUID, agent_id: uuid.UUID) -> Agent:
    """Raises: AgentNotFound."""
    found = list_agents(workspace_id=workspace_id, pool_id=pool_id).filter(pk=agent_id).first()
    if found is None:
        raise AgentNotFound("There is no such agent in this pool.", agent_id=str(agent_id))
    return found


def running_by_agent(
    *, workspace_id: uuid.UUID, agent_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """Return how many leases each of these agents holds."""
    held = Lease.objects.filter(workspace_id=workspace_id, agent_id__in=agent_ids, ended_at=None)
    return {
        agent_id: count
        for agent_id, count in held.order_by().values_list("agent_id").annotate(count=Count("id"))
        if agent_id is not None
    }


_PROSPECTS = """
    SELECT NULL::int, queue.id, NULL::text, NULL::text FROM dispatch_queue AS queue
    JOIN dispatch_pool AS pool ON pool.id = queue.pool_id AND pool.paused_at IS NULL
    WHERE queue.workspace_id = %(workspace_id)s AND queue.pool_id = %(pool_id)s
      AND queue.paused_at IS NULL
    ORDER BY queue.priority, queue.name, queue.id
"""
_DRAINING = """
    SELECT -1, agent.id, NULL::text, NULL::text FROM dispatch_agent AS agent
    WHERE agent.id = %(agent_id)s AND agent.workspace_id = %(workspace_id)s
      AND agent.draining_at IS NOT NULL
"""
# MATERIALIZED: hardly any run is being cancelled or held, but a busy agent holds hundreds of
# leases, and from their side each poll would look at all of them.
_COMMANDS = """
    WITH steered AS MATERIALIZED (
        SELECT run.id, run.epoch, run.state, run.resumes FROM runs_run AS run
        WHERE run.workspace_id = %(workspace_id)s AND run.state IN ('CANCELLING', 'PAUSED'))
    SELECT lease.epoch, lease.run_id, steered.state, steered.resumes ->> 'kind' FROM steered
    JOIN dispatch_lease AS lease ON lease.run_id = steered.id AND lease.epoch = steered.epoch
    WHERE lease.workspace_id = %(workspace_id)s AND lease.agent_id = %(agent_id)s
      AND lease.ended_at IS NULL
    ORDER BY lease.created_at, lease.id
"""
_HAS_LIMITS = """
    SELECT NULL::int, NULL::uuid, NULL::text, NULL::text WHERE EXISTS (
        SELECT FROM dispatch_concurrencylimit AS one
        WHERE one.workspace_id = %(workspace_id)s AND one.kind NOT IN ('NAMED', 'RATE'))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospects:
    """What there is for an agent before anything is claimed."""

    queues: list[uuid.UUID]  # those that may be leased from now, in the order of service
    commands: list[Command]  # what it shall do with the runs that it holds
    has_limits: bool  # the workspace limits what runs at once
    is_draining: bool  # it shall take nothing more


def get_prospects(*, workspace_id: uuid.UUID, pool_id: uuid.UUID, agent_id: uuid.UUID) -> Prospects:
    """Return what there is for the agent, with one statement: each poll asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"({_PROSPECTS}) UNION ALL ({_COMMANDS}) UNION ALL ({_HAS_LIMITS})"
            f" UNION ALL ({_DRAINING})",
            {"workspace_id": workspace_id, "pool_id": pool_id, "agent_id": agent_id},
        )
        rows = cursor.fetchall()
    is_draining = (-1, agent_id, None, None) in rows
    return Prospects(
        queues=[
            found
            for epoch, found, _, _ in rows
            if epoch is None and found is not None and not is_draining
        ],
        commands=[
            Command(run_id=found, epoch=epoch, command=command)
            for epoch, found, state, kind in rows
            if epoch is not None and epoch >= 0 and (command := command_of(state, kind)) is not None
        ],
        has_limits=(None, None, None, None) in rows,
        is_draining=is_draining,
    )


def list_limits(*, workspace_id: uuid.UUID) -> LimitQuerySet:
    """Return the workspace's limits."""
    return ConcurrencyLimit.objects.for_workspace(workspace_id)


def get_limit(*, workspace_id: uuid.UUID, limit_id: uuid.UUID) -> ConcurrencyLimit:
    """Raises: LimitNotFound."""
    found = list_limits(workspace_id=workspace_id).filter(pk=limit_id).first()
    if found is None:
        raise LimitNotFound("There is no such limit.", limit_id=str(limit_id))
    return found


def list_slots(*, limit: ConcurrencyLimit) -> QuerySet[ConcurrencySlot]:
    """Return who has some of the limit, and who stands in line for it."""
    return ConcurrencySlot.objects.filter(workspace_id=limit.workspace_id, limit=limit)


def names_of_limits(
    *, workspace_id: uuid.UUID, limits: Collection[ConcurrencyLimit]
) -> dict[uuid.UUID, str]:
    """Return what those limits are of whose key is an id, by the limit's id."""
    keys: dict[str, list[uuid.UUID]] = {}
    for limit in limits:
        if (id_ := _as_uuid(limit.key)) is not None:
            keys.setdefault(limit.kind, []).append(id_)
    pools = Pool.objects.for_workspace(workspace_id).filter(id__in=keys.get(LimitKind.POOL, ()))
    queues = Queue.objects.filter(
        workspace_id=workspace_id, id__in=keys.get(LimitKind.QUEUE, ())
    ).values_list("id", "pool__name", "name")
    its_flows = flows.list_flows(workspace_id=workspace_id).filter(
        id__in=keys.get(LimitKind.FLOW, ())
    )
    backfills = Backfill.objects.for_workspace(workspace_id).filter(
        id__in=keys.get(LimitKind.BACKFILL, ())
    )
    named: dict[uuid.UUID, str] = dict(pools.values_list("id", "name"))
    named |= {id_: f"{pool}/{queue}" for id_, pool, queue in queues}
    named |= dict(its_flows.values_list("id", "name"))
    named |= dict(backfills.values_list("id", "name"))
    named |= flows.deployment_names(
        workspace_id=workspace_id, deployment_ids=keys.get(LimitKind.DEPLOYMENT, ())
    )
    names = {}
    for limit in limits:
        id_ = _as_uuid(limit.key)
        if id_ in named:
            names[limit.id] = named[id_]
    return names


def count_waiting_for(
    *, workspace_id: uuid.UUID, limit_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """Return how many runs each limit keeps back, up to 10,000, and how many of code wait."""
    waiting = ConcurrencySlot.objects.filter(
        workspace_id=workspace_id, limit_id__in=limit_ids, granted_at=None
    )
    counts = Counter(dict(waiting.order_by().values_list("limit_id").annotate(Count("id"))))
    counts.update(runs.count_parked(limit_ids=limit_ids, most=10_000))
    return dict(counts)


def has_agent(*, workspace_id: uuid.UUID) -> bool:
    """Say whether an agent ever came to this workspace."""
    return Agent.objects.filter(workspace_id=workspace_id).exists()


def has_own_event(*, workspace_id: uuid.UUID, now: datetime) -> bool:
    """Say whether an event that is not Headway's own came in the last 30 days; from rollups."""
    counted = telemetry.event_histogram(
        workspace_id=workspace_id, since=now - timedelta(days=30), until=now
    )
    # There are fewer names of ours than the histogram names.
    return any(not each.name.startswith("headway.") for each in counted.names)


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
