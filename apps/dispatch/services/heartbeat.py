"""Hear from the holders of leases, and tell them what to stop and what is no longer theirs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from django.db import connection

from apps.core.gather import Gatherer
from apps.core.http.json import dumps
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
from apps.dispatch.services.pools import introduce_agent
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.services import AskedMove
from apps.tenancy.isolation import workspace_scope

if TYPE_CHECKING:
    from apps.runs.models import Run

logger = structlog.get_logger(__name__)

_BEAT = "SELECT * FROM dispatch_beat(%(workspace_id)s, %(run_ids)s, %(epochs)s, %(now)s)"
_HEAR = """
    SELECT * FROM dispatch_hear(%(workspace_id)s, %(now)s, %(pools)s::uuid[], %(ids)s::uuid[],
        %(names)s::text[], %(hosts)s::text[], %(pids)s::int[], %(versions)s::text[],
        %(labels)s::text[], %(capacities)s::int[], %(run_ids)s::uuid[], %(epochs)s::int[])
"""


class Beat(NamedTuple):
    """An agent's sign of life, for all its leases."""

    workspace_id: uuid.UUID
    pool_id: uuid.UUID
    agent: AgentInfo
    leases: Sequence[HeldLease]
    heeded: Sequence[Command]
    now: datetime


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


def hear_agent(beat: Beat) -> HeartbeatAnswer:
    """
    Note that the agent is there, and prolong the leases that are still its own.

    PERF: hundreds of agents say so every few seconds. Their beats wait a moment for each other,
    and one statement hears all of a workspace. Enters the workspace by itself.
    Raises: AgentIdTaken.
    """
    answer = _beats.submit(beat.workspace_id, beat)
    if answer is None:
        with workspace_scope(beat.workspace_id):
            answer = _hear_at_length(beat)
    return answer


def _hear_together(beats: Sequence[Beat]) -> list[HeartbeatAnswer | None]:
    """Return the answer to each, None where there is more to it than noting a time."""
    with connection.cursor() as cursor:
        cursor.execute(_HEAR, _said(beats))
        rows = cursor.fetchall()
    draining = {agent: drains for agent, drains, *_ in rows if agent is not None}
    beaten = {(run_id, epoch): told for _, _, run_id, epoch, *told in rows if run_id is not None}
    return [
        HeartbeatAnswer(
            commands=_commands(
                {key: beaten[key] for held in beat.leases if (key := _key(held)) in beaten},
                beat.heeded,
            ),
            lost=[],
            draining=draining[beat.agent.id],
        )
        if beat.agent.id in draining and all(_key(held) in beaten for held in beat.leases)
        else None
        for beat in beats
    ]


PATIENCE_SECONDS: Final = 0.1  # of a beat for others
_beats: Final[Gatherer[Beat, HeartbeatAnswer | None]] = Gatherer(
    alone=lambda beat: _hear_together([beat])[0],
    together=_hear_together,
    patience_seconds=PATIENCE_SECONDS,
)


def _said(beats: Sequence[Beat]) -> dict[str, Any]:
    # In the order of their ids, in which rows are locked.
    beats = sorted(beats, key=lambda beat: beat.agent.id)
    agents = [beat.agent for beat in beats]
    held = [held for beat in beats for held in beat.leases]
    now = max(beat.now for beat in beats)
    return _held(beats[0].workspace_id, held, now) | {
        "pools": [beat.pool_id for beat in beats],
        "ids": [agent.id for agent in agents],
        "names": [agent.name for agent in agents],
        "hosts": [agent.host for agent in agents],
        "pids": [agent.pid for agent in agents],
        "versions": [agent.version for agent in agents],
        "labels": [dumps(agent.labels).decode() for agent in agents],
        "capacities": [agent.capacity for agent in agents],
    }


def _hear_at_length(beat: Beat) -> HeartbeatAnswer:
    """As above for an agent that is new, or whose leases are not all its own any more."""
    place, pool, agent, leases, heeded, now = beat
    drains = introduce_agent(workspace_id=place, pool_id=pool, agent=agent, now=now)
    answer = heartbeat(
        workspace_id=place, leases=leases, heeded=heeded, now=now, holder=agent.holder
    )
    return replace(answer, draining=drains)


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
    silent = [held for held in leases if _key(held) not in states]
    lost: list[HeldLease] = []
    if silent:
        done = set(
            Lease.objects.filter(
                workspace_id=workspace_id,
                run_id__in=[held.run_id for held in silent],
                ended_by=LeaseEnd.REPORTED.value,
            ).values_list("run_id", "epoch")
        )
        lost = [held for held in silent if _key(held) not in done]
        revived = _revive(workspace_id, lost, now)
        lost = [held for held in lost if held.run_id not in revived]
        if lost:
            logger.info("lease.lost", holder=holder, leases=len(lost))
    return HeartbeatAnswer(commands=_commands(states, heeded), lost=lost)


def _key(held: HeldLease) -> tuple[uuid.UUID, int]:
    return (held.run_id, held.epoch)


def _commands(
    states: Mapping[tuple[uuid.UUID, int], Sequence[Any]], heeded: Collection[Command]
) -> list[Command]:
    wanted = [
        Command(run_id=run_id, epoch=epoch, command=command)
        for (run_id, epoch), (state, waits_for) in states.items()
        if (command := command_of(state, waits_for)) is not None
    ]
    return commands_for(wanted, heeded)


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
