"""Hear from the holders of leases, and tell them what to stop and what is no longer theirs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import connection

from apps.core.transactions import joined
from apps.dispatch.enums import LeaseEnd
from apps.dispatch.models import Lease
from apps.dispatch.protocol import Command, HeartbeatAnswer, HeldLease, command_of, commands_for
from apps.dispatch.services.lease import reopen
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.services import AskedMove

if TYPE_CHECKING:
    from apps.runs.models import Run

logger = structlog.get_logger(__name__)

_BEAT = """
    UPDATE dispatch_leasebeat AS beat SET beat_at = %s
    FROM unnest(%s::uuid[], %s::int[]) AS held(run_id, epoch)
    JOIN dispatch_lease AS lease
      ON lease.run_id = held.run_id AND lease.epoch = held.epoch AND lease.ended_at IS NULL
    JOIN runs_run AS run ON run.id = lease.run_id
    WHERE lease.workspace_id = %s AND beat.lease_id = lease.id
    RETURNING lease.run_id, lease.epoch, run.state, run.resumes ->> 'kind'
"""


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
    run_ids, epochs = [held.run_id for held in leases], [held.epoch for held in leases]
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, [now, run_ids, epochs, workspace_id])
        states = {(run_id, epoch): told for run_id, epoch, *told in cursor.fetchall()}
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
