"""Hear from the holders of leases, and tell them what to stop and what is no longer theirs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection

from apps.core.transactions import joined
from apps.dispatch.enums import LeaseEnd
from apps.dispatch.models import Lease
from apps.dispatch.protocol import (
    AgentInfo,
    Command,
    HeartbeatAnswer,
    HeldLease,
    command_of,
    commands_for,
)
from apps.dispatch.services.lease import reopen
from apps.dispatch.services.pools import GREETED, greet_agent, greeting
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.services import AskedMove

if TYPE_CHECKING:
    from apps.runs.models import Run

logger = structlog.get_logger(__name__)

_BEAT = "SELECT * FROM dispatch_beat(%(workspace_id)s, %(run_ids)s, %(epochs)s, %(now)s)"
# PERF: nobody waits for the disk. A beat that is lost with the database is followed by the next,
# and while the database is away no lease runs out.
_HEAR = f"""
    SELECT greeted.is_draining, beat.*
    FROM set_config('synchronous_commit', 'off', true), {GREETED} AS greeted(is_draining)
    LEFT JOIN ({_BEAT}) AS beat ON true
"""  # noqa: S608 - constants
_DURABLY = "SET LOCAL synchronous_commit TO DEFAULT"


@joined
def heartbeat(
    *,
    workspace_id: uuid.UUID,
    leases: Sequence[HeldLease],
    now: datetime,
    holder: str = "",
    heeded: Collection[Command] = (),
) -> HeartbeatAnswer:
    """
    Prolong the leases that are still the holder's, all with one statement.

    A lease that ended by the holder's own report is not lost: its process may still be flushing.
    Nor is one of a local run that was taken for crashed: nobody else can have it.
    `holder` is for the reader of the logs; run and epoch alone say whose lease it is.
    """
    if not leases:
        return HeartbeatAnswer(commands=[], lost=[])
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, _held(workspace_id, leases, now))
        beaten = cursor.fetchall()
    return _answer(workspace_id, leases, beaten, now=now, holder=holder, heeded=heeded)


@joined
def hear_agent(
    *,
    workspace_id: uuid.UUID,
    pool_id: uuid.UUID,
    agent: AgentInfo,
    leases: Sequence[HeldLease],
    now: datetime,
    heeded: Collection[Command] = (),
) -> HeartbeatAnswer:
    """
    Note that the agent is there, and prolong the leases that are still its own.

    PERF: hundreds of agents say so every few seconds; it is one round trip to plans that stand.
    Raises: AgentIdTaken.
    """
    with connection.cursor() as cursor:
        given = greeting(workspace_id, pool_id, agent, now) | _held(workspace_id, leases, now)
        cursor.execute(_HEAR, given)
        rows = cursor.fetchall()
        beaten = [row[1:] for row in rows if row[1] is not None]
        is_draining = rows[0][0]
        if is_draining is None or len(beaten) < len(leases):
            cursor.execute(_DURABLY)
    if is_draining is None:
        greet_agent(workspace_id=workspace_id, pool_id=pool_id, agent=agent, now=now)
    answer = _answer(workspace_id, leases, beaten, now=now, holder=agent.holder, heeded=heeded)
    return replace(answer, draining=bool(is_draining))


def _held(workspace_id: uuid.UUID, leases: Sequence[HeldLease], now: datetime) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "run_ids": [held.run_id for held in leases],
        "epochs": [held.epoch for held in leases],
        "now": now,
    }


def _answer(
    workspace_id: uuid.UUID,
    leases: Sequence[HeldLease],
    beaten: Sequence[tuple[Any, ...]],
    *,
    now: datetime,
    holder: str,
    heeded: Collection[Command],
) -> HeartbeatAnswer:
    states = {(run_id, epoch): told for run_id, epoch, *told in beaten}
    silent = [held for held in leases if (held.run_id, held.epoch) not in states]
    lost: list[HeldLease] = []
    if silent:
        done = set(
            Lease.objects.filter(
                workspace_id=workspace_id,
                run_id__in=[held.run_id for held in silent],
                ended_by=LeaseEnd.REPORTED.value,
            ).values_list("run_id", "epoch")
        )
        lost = [held for held in silent if (held.run_id, held.epoch) not in done]
        revived = _revive(workspace_id, lost, now)
        lost = [held for held in lost if held.run_id not in revived]
        if lost:
            logger.info("lease.lost", holder=holder, leases=len(lost))
    commands = [
        Command(run_id=run_id, epoch=epoch, command=command)
        for (run_id, epoch), (state, kind) in states.items()
        if (command := command_of(state, kind)) is not None
    ]
    return HeartbeatAnswer(commands=commands_for(commands, heeded), lost=lost)


def _revive(
    workspace_id: uuid.UUID, silent: Sequence[HeldLease], now: datetime
) -> dict[uuid.UUID, Run]:
    heard = [
        AskedMove(run_id=held.run_id, epoch=held.epoch, target=RunState.RUNNING, occurred_at=now)
        for held in silent
    ]
    revived = runs.revive_runs(workspace_id=workspace_id, heard=heard, now=now)
    reopen(revived=list(revived.values()), now=now)
    return revived
