"""Pools, their queues, and the agents that present themselves."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from django.db import IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.dispatch import selectors
from apps.dispatch.enums import LimitKind, PoolKind
from apps.dispatch.errors import (
    AgentIdTaken,
    ComputeIsOff,
    PoolIsManaged,
    PoolNameTaken,
    PoolNotFound,
    PoolSettingsRefused,
    WrongRunner,
)
from apps.dispatch.models import Agent, Pool, Queue
from apps.dispatch.pool_kinds import JobSettings, find_settings_faults
from apps.dispatch.protocol import AgentInfo
from apps.dispatch.services.limits import keep_limit
from apps.tenancy import access, audit
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

DEFAULT_NAME = "default"
MANAGED_NAME = "managed"
FORGET_AGENTS_AFTER = timedelta(days=7)


@joined
def resolve_pool(*, workspace_id: uuid.UUID, pool: str, has_compute: bool = False) -> Pool:
    """
    Return the pool of this name or id.

    The pools `default` and, where we execute runs ourselves, `managed` are made when they are first
    asked for.
    Raises: PoolNotFound, ComputeIsOff for a managed pool that nobody would serve.
    """
    if pool == DEFAULT_NAME:
        return ensure_default_pool(workspace_id=workspace_id)
    if pool == MANAGED_NAME and has_compute:
        return ensure_managed_pool(workspace_id=workspace_id)
    try:
        found = selectors.get_pool(workspace_id=workspace_id, pool=pool)
    except PoolNotFound:
        if pool == MANAGED_NAME:
            raise _compute_is_off() from None
        raise
    return found


@joined
def resolve_agents_pool(*, workspace_id: uuid.UUID, pool: str) -> Pool:
    """
    Return the pool of this name or id that an agent wants to serve.

    Raises: PoolNotFound, PoolIsManaged.
    """
    try:
        found = resolve_pool(workspace_id=workspace_id, pool=pool)
    except ComputeIsOff:
        raise PoolNotFound(f"There is no pool {pool!r} in this workspace.", pool=pool) from None
    if found.kind == PoolKind.MANAGED:
        raise PoolIsManaged(
            f"Headway itself executes the runs of pool {found.name!r}; agents need another pool.",
            pool=found.name,
        )
    return found


def refuse_other_runner(*, pool: str, kind: PoolKind, runner: str) -> None:
    """
    Let a pool be served by agents of its own kind only: others would not heed its job settings.

    Raises: WrongRunner.
    """
    if runner != kind:
        raise WrongRunner(
            f"Pool {pool!r} is of kind {kind}, and this agent executes runs by {runner}: "
            f"start it with --runner {kind.lower()}, or name a pool of kind {runner}.",
            pool=pool,
            kind=kind.value,
            runner=runner,
        )


@joined
def ensure_default_pool(*, workspace_id: uuid.UUID) -> Pool:
    """Return the workspace's pool `default`; made with its queue unless it is there."""
    return _ensure_pool(workspace_id, DEFAULT_NAME, PoolKind.PROCESS)


@joined
def ensure_managed_pool(*, workspace_id: uuid.UUID) -> Pool:
    """
    Return the workspace's pool `managed`; made with its queue unless there is one of the name.

    One that people made for their agents, before there was compute here, stays theirs.
    """
    return _ensure_pool(workspace_id, MANAGED_NAME, PoolKind.MANAGED)


def _ensure_pool(workspace_id: uuid.UUID, name: str, kind: PoolKind) -> Pool:
    found = Pool.objects.for_workspace(workspace_id).filter(name=name).first()
    if found is not None:
        return found
    pool = Pool(id=uuid7(), workspace_id=workspace_id, name=name, kind=kind.value)
    Pool.objects.bulk_create([pool], ignore_conflicts=True)
    pool = Pool.objects.for_workspace(workspace_id).get(name=name)
    Queue.objects.bulk_create(
        [Queue(workspace_id=workspace_id, pool=pool, name=DEFAULT_NAME)], ignore_conflicts=True
    )
    return pool


# PERF: the end of every lease asks. Pools are never deleted and keep their kind.
_MAX_KNOWN = 10_000
_is_managed: dict[uuid.UUID, bool] = {}


def is_managed(pool_id: uuid.UUID) -> bool:
    """Say whether Headway itself executes the pool's runs."""
    known = _is_managed.get(pool_id)
    if known is None:
        kind = Pool.objects.filter(id=pool_id).values_list("kind", flat=True).first()
        if kind is None:
            return False
        if len(_is_managed) >= _MAX_KNOWN:
            _is_managed.clear()
        known = _is_managed[pool_id] = kind == PoolKind.MANAGED
    return known


def managed_pools_of(workspace_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Return the managed pools of these workspaces; for loops."""
    if not workspace_ids:
        return []
    managed = Pool.objects.filter(workspace_id__in=workspace_ids, kind=PoolKind.MANAGED.value)
    return list(managed.values_list("id", flat=True))


@joined
def create_pool(
    *,
    workspace_id: uuid.UUID,
    name: str,
    kind: PoolKind,
    now: datetime,
    concurrency_limit: int | None = None,
    job_defaults: JobSettings | None = None,
    has_compute: bool = False,
) -> Pool:
    """
    Create a pool with the queue `default`.

    Raises: PoolNameTaken, PoolSettingsRefused, ComputeIsOff for a managed pool that nobody would
    serve.
    """
    _refuse_settings(kind, job_defaults or {})
    if kind is PoolKind.MANAGED and not has_compute:
        raise _compute_is_off()
    ensure_default_pool(workspace_id=workspace_id)
    if has_compute:
        ensure_managed_pool(workspace_id=workspace_id)
    try:
        with transaction.atomic():
            pool = Pool.objects.create(
                workspace_id=workspace_id,
                name=name,
                kind=kind.value,
                job_defaults=job_defaults or {},
                created_at=now,
            )
    except IntegrityError:
        raise PoolNameTaken("There is a pool of this name already.", name=name) from None
    Queue.objects.create(workspace_id=workspace_id, pool=pool, name=DEFAULT_NAME, created_at=now)
    audit.record_of("pool.created", pool, after={"name": name, "kind": kind.value})
    if concurrency_limit is not None:
        _keep_limit(pool, concurrency_limit, now)
    return pool


def _compute_is_off() -> ComputeIsOff:
    return ComputeIsOff("This installation has no compute of its own; choose another pool.")


class PoolChanges(TypedDict, total=False):
    """What of a pool may be changed."""

    paused: bool
    concurrency_limit: int | None
    job_defaults: JobSettings


@joined
def change_pool(
    *,
    workspace_id: uuid.UUID,
    pool_id: uuid.UUID,
    changes: PoolChanges,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Pool:
    """
    Change what `changes` names. A paused pool leases nothing more; what is executing goes on.

    Raises: PoolNotFound, PoolSettingsRefused, ObjectRestricted.
    """
    pool = selectors.get_pool(workspace_id=workspace_id, pool=str(pool_id))
    access.require(asker, Scope.POOLS_WRITE, access.pool(pool.id))
    defaults = changes.get("job_defaults", pool.job_defaults)
    if defaults != pool.job_defaults:
        _refuse_settings(PoolKind(pool.kind), defaults)
        before, pool.job_defaults = pool.job_defaults, defaults
        pool.save(update_fields=["job_defaults"])
        audit.record_of(
            "pool.changed", pool, before={"job_defaults": before}, after={"job_defaults": defaults}
        )
    if "concurrency_limit" in changes:
        _keep_limit(pool, changes["concurrency_limit"], now)
    paused = changes.get("paused", pool.paused)
    if paused != pool.paused:
        pool.paused_at = now if paused else None
        pool.save(update_fields=["paused_at"])
        audit.record_of(
            "pool.paused" if paused else "pool.resumed",
            pool,
            before={"paused": not paused},
            after={"paused": paused},
        )
        notify("pool", pool.id)
    return pool


def pause_pool(*, workspace_id: uuid.UUID, pool_id: uuid.UUID, paused: bool, now: datetime) -> Pool:
    """Lease nothing more from the pool, or go on, as `change_pool` does."""
    return change_pool(
        workspace_id=workspace_id, pool_id=pool_id, changes={"paused": paused}, now=now
    )


def _refuse_settings(kind: PoolKind, settings: JobSettings) -> None:
    faults = find_settings_faults(kind, settings, place="job_defaults")
    if faults:
        raise PoolSettingsRefused("Pools of this kind do not take that.", fields=faults)


def _keep_limit(pool: Pool, slots: int | None, now: datetime) -> None:
    keep_limit(
        workspace_id=pool.workspace_id,
        kind=LimitKind.POOL,
        key=str(pool.id),
        slots=slots,
        now=now,
    )


_GREET: Final = """
    SELECT dispatch_greet(%(workspace_id)s, %(pool_id)s, %(agent_id)s, %(name)s, %(host)s, %(pid)s,
        %(version)s, %(labels)s, %(capacity)s, %(now)s)
"""

# PERF: a busy agent polls many times a second, and each look that only reads commits for nothing.
GREETED_FOR = timedelta(seconds=5)
_MAX_GREETED = 10_000
Greeting = tuple[uuid.UUID, uuid.UUID, AgentInfo]
_greeted: dict[uuid.UUID, tuple[Greeting, datetime]] = {}  # of this process, after the commit


@joined
def greet_agent(
    *, workspace_id: uuid.UUID, pool_id: uuid.UUID, agent: AgentInfo, now: datetime
) -> None:
    """
    Note that the agent is there, and what it says of itself; at most every few seconds.

    Raises: AgentIdTaken.
    """
    told = (workspace_id, pool_id, agent)
    said, at = _greeted.get(agent.id, (None, now))
    if said == told and at <= now < at + GREETED_FOR:
        return
    transaction.on_commit(lambda: _remember(told, now))
    introduce_agent(workspace_id=workspace_id, pool_id=pool_id, agent=agent, now=now)


@joined
def introduce_agent(
    *, workspace_id: uuid.UUID, pool_id: uuid.UUID, agent: AgentInfo, now: datetime
) -> bool:
    """
    Note that the agent is there, and what it says of itself; say whether it drains.

    Raises: AgentIdTaken.
    """
    drains = _update_agent(workspace_id, pool_id, agent, now)
    if drains is not None:
        return drains
    try:
        with transaction.atomic():
            Agent.objects.create(
                id=agent.id,
                workspace_id=workspace_id,
                pool_id=pool_id,
                created_at=now,
                name=agent.name,
                host=agent.host,
                pid=agent.pid,
                version=agent.version,
                labels=agent.labels,
                capacity=agent.capacity,
                last_seen_at=now,
            )
    except IntegrityError:
        # A twin of this request may have been first; else the id is somebody else's.
        drains = _update_agent(workspace_id, pool_id, agent, now)
        if drains is None:
            raise AgentIdTaken(
                "This agent id is in use elsewhere.", fields={"agent.id": ["Taken."]}
            ) from None
        return drains
    return False


def _remember(told: Greeting, now: datetime) -> None:
    if len(_greeted) >= _MAX_GREETED:
        _greeted.clear()
    _greeted[told[2].id] = (told, now)


def _update_agent(
    workspace_id: uuid.UUID, pool_id: uuid.UUID, agent: AgentInfo, now: datetime
) -> bool | None:
    """Return whether it drains; None: there is no such agent."""
    given: dict[str, Any] = {
        "workspace_id": workspace_id,
        "pool_id": pool_id,
        "agent_id": agent.id,
        "name": agent.name,
        "host": agent.host,
        "pid": agent.pid,
        "version": agent.version,
        "labels": Jsonb(agent.labels),
        "capacity": agent.capacity,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GREET, given)
        drains: bool | None = cursor.fetchone()[0]
    return drains


@joined
def forget_agents(*, now: datetime) -> int:
    """Delete agents not heard of for a week; return how many. For loops."""
    gone, _ = Agent.objects.filter(last_seen_at__lt=now - FORGET_AGENTS_AFTER).delete()
    return gone
