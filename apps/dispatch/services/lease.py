"""Grant the right to execute runs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import orjson
from django.db import connection

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.dispatch import selectors
from apps.dispatch.enums import LeaseEnd
from apps.dispatch.models import Lease
from apps.dispatch.pool_kinds import merge_settings
from apps.dispatch.protocol import (
    LEASE_TIME,
    AgentInfo,
    Command,
    GrantedLease,
    LeaseAnswer,
    LeasedDeployment,
    commands_for,
)
from apps.dispatch.services.gate import Gate
from apps.runs import selectors as run_selectors
from apps.runs import services as runs
from apps.runs.errors import StaleEpoch
from apps.runs.services import Claimant

if TYPE_CHECKING:
    from apps.runs.models import Run

MAX_GRANTS = 100  # a poll


@joined
def lease_next_runs(
    *,
    workspace_id: uuid.UUID,
    pool_id: uuid.UUID,
    agent: AgentInfo,
    limit: int,
    max_concurrent_runs: int | None,
    now: datetime,
    heeded: Collection[Command] = (),
) -> LeaseAnswer:
    """
    Grant up to `limit` leases from the pool's queues, and tell what its agent shall do with others.

    Run, lease and slot are one thing: all three are taken in this transaction. Queues are served
    by their priority; nothing comes from paused pools, queues and deployments.
    """
    prospects = selectors.get_prospects(
        workspace_id=workspace_id, pool_id=pool_id, agent_id=agent.id
    )
    limit = min(limit, MAX_GRANTS)
    gate = Gate(workspace_id) if prospects.has_limits and limit else None
    if gate is not None:
        gate.lock_lanes(pool_id=pool_id, queue_ids=prospects.queues)
    claimant = Claimant(agent_id=agent.id, name=agent.name, host=agent.host)
    claimed: list[Run] = []
    for queue_id in prospects.queues:
        if len(claimed) == limit:
            break
        if not claimed and max_concurrent_runs is not None:
            limit = min(limit, free_slots(workspace_id, max_concurrent_runs))
            if limit <= 0:
                break
        most = limit - len(claimed)
        claimed += (
            runs.claim_runs(queue_id=queue_id, limit=most, claimant=claimant, now=now)
            if gate is None
            else gate.claim(
                pool_id=pool_id, queue_id=queue_id, limit=most, claimant=claimant, now=now
            )
        )
    grant(claimed=claimed, agent_id=agent.id, holders=[agent.holder] * len(claimed), now=now)
    if gate is not None:
        gate.hold(now=now)
    return LeaseAnswer(
        leases=_describe(workspace_id, claimed),
        commands=commands_for(prospects.commands, heeded),
        draining=prospects.is_draining,
    )


@joined
def get_granted_lease(*, workspace_id: uuid.UUID, run_id: uuid.UUID, epoch: int) -> GrantedLease:
    """
    Return a lease that is active, as it was granted.

    Raises: StaleEpoch when it is over, or was never granted.
    """
    held = Lease.objects.filter(
        workspace_id=workspace_id, run_id=run_id, epoch=epoch, ended_at=None
    )
    if not held.exists():
        raise StaleEpoch("This lease is over.", run_id=str(run_id), epoch=epoch)
    run = run_selectors.get_run(workspace_id=workspace_id, run_id=run_id)
    (granted,) = _describe(workspace_id, [run])
    return granted


_GRANT = """
    WITH granted AS (
        INSERT INTO dispatch_lease
            (id, created_at, workspace_id, run_id, epoch, agent_id, holder, ended_by)
        SELECT given.id, %(now)s, given.workspace_id, given.run_id, given.epoch, %(agent_id)s,
            given.holder, ''
        FROM unnest(%(ids)s::uuid[], %(workspaces)s::uuid[], %(runs)s::uuid[], %(epochs)s::int[],
            %(holders)s::text[]) AS given(id, workspace_id, run_id, epoch, holder)
        RETURNING id, workspace_id)
    INSERT INTO dispatch_leasebeat (lease_id, workspace_id, beat_at)
    SELECT id, workspace_id, %(now)s FROM granted
"""


def grant(
    *, claimed: Sequence[Run], agent_id: uuid.UUID | None, holders: Sequence[str], now: datetime
) -> None:
    """Write the leases of runs that an agent or local processes now execute; a holder for each."""
    if not claimed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _GRANT,
            {
                "now": now,
                "agent_id": agent_id,
                "ids": [uuid7() for _ in claimed],
                "workspaces": [run.workspace_id for run in claimed],
                "runs": [run.id for run in claimed],
                "epochs": [run.epoch for run in claimed],
                "holders": list(holders),
            },
        )


_REOPEN = """
    WITH reopened AS (
        UPDATE dispatch_lease AS lease SET ended_at = NULL, ended_by = ''
        FROM unnest(%s::uuid[], %s::int[]) AS given(run_id, epoch)
        WHERE lease.run_id = given.run_id AND lease.epoch = given.epoch AND lease.ended_by = %s
        RETURNING lease.id, lease.workspace_id)
    INSERT INTO dispatch_leasebeat (lease_id, workspace_id, beat_at)
    SELECT id, workspace_id, %s FROM reopened
"""


def reopen(*, revived: Sequence[Run], now: datetime) -> None:
    """Give the processes of runs that had not crashed their lapsed leases back."""
    if not revived:
        return
    ids, epochs = [run.id for run in revived], [run.epoch for run in revived]
    with connection.cursor() as cursor:
        cursor.execute(_REOPEN, [ids, epochs, LeaseEnd.LAPSED.value, now])


def free_slots(workspace_id: uuid.UUID, max_concurrent_runs: int) -> int:
    """
    Return how many more leases the workspace may hold.

    Counting and granting must not interleave with another claimant's: one at a time per workspace,
    until the commit. Only workspaces with a limit pay for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"slots:{workspace_id}"]
        )
    active = Lease.objects.filter(workspace_id=workspace_id, ended_at=None).count()
    return max_concurrent_runs - active


_DEPLOYMENTS = """
    SELECT deployment.id, flow.name, deployment.name, deployment.entrypoint, deployment.path,
        deployment.version, deployment.code, deployment.timeout_seconds, deployment.job_settings,
        pool.job_defaults
    FROM flows_deployment AS deployment
    JOIN flows_flow AS flow ON flow.id = deployment.flow_id
    JOIN dispatch_pool AS pool ON pool.id = deployment.pool_id
    WHERE deployment.workspace_id = %s AND deployment.id = ANY(%s)
"""


class _Executed(NamedTuple):
    """What the leases of a deployment's runs have in common."""

    flow_name: str
    timeout_seconds: int | None
    deployment: LeasedDeployment


def _describe(workspace_id: uuid.UUID, claimed: Sequence[Run]) -> list[GrantedLease]:
    if not claimed:
        return []
    executed = _executed(workspace_id, {run.deployment_id for run in claimed if run.deployment_id})
    granted = []
    for run in claimed:
        assert run.deployment_id is not None, "only deployments put runs into queues"
        flow_name, timeout_seconds, deployment = executed[run.deployment_id]
        granted.append(
            GrantedLease(
                run_id=run.id,
                epoch=run.epoch,
                lease_seconds=int(LEASE_TIME.total_seconds()),
                run_name=run.name,
                flow_name=flow_name,
                attempt=run.attempt,
                parameters=run.parameters,
                timeout_seconds=timeout_seconds,
                resumes=run.resumes,
                deployment=deployment,
            )
        )
    return granted


def _executed(
    workspace_id: uuid.UUID, deployment_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, _Executed]:
    """Return what agents need of these; deleted ones too, what was claimed may be executed."""
    with connection.cursor() as cursor:
        # PERF: as a queryset this was a quarter of each poll.
        cursor.execute(_DEPLOYMENTS, [workspace_id, list(deployment_ids)])
        rows = cursor.fetchall()
    return {row[0]: _executed_of(*row) for row in rows}


def _executed_of(
    id_: uuid.UUID,
    flow_name: str,
    name: str,
    entrypoint: str,
    path: str,
    version: str,
    code: str | None,
    timeout_seconds: int | None,
    settings: str,
    defaults: str,
) -> _Executed:
    deployment = LeasedDeployment(
        id=id_,
        name=name,
        entrypoint=entrypoint,
        path=path,
        version=version or None,
        code=None if code is None else orjson.loads(code),
        job_settings=merge_settings(orjson.loads(defaults), orjson.loads(settings)),
    )
    return _Executed(flow_name, timeout_seconds, deployment)
