"""Free what a vanished executor held."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import connection, transaction

from apps.dispatch.enums import LeaseEnd
from apps.dispatch.models import Agent
from apps.dispatch.protocol import LEASE_TIME
from apps.dispatch.services.report import end_leases, retry_by_policy
from apps.runs import services as runs
from apps.runs.enums import CauseKind, RunState
from apps.runs.selectors import find_run_start
from apps.runs.services import QUARANTINED_AFTER, CauseInfo, MoveResult

logger = structlog.get_logger(__name__)
BATCH = 200

# Silence counts only while our own front door could be reached: from when it came up, at the
# earliest, to when it was last known to be up. Both times and the beat are of web processes.
_LAPSED = """
    SELECT lease.id, lease.workspace_id, lease.run_id, lease.epoch, lease.agent_id, lease.holder,
        beat.beat_at, lease.created_at,
        (SELECT run.deployment_id IS NULL FROM runs_run AS run WHERE run.id = lease.run_id)
    FROM dispatch_frontdoorpulse AS pulse, dispatch_leasebeat AS beat
    JOIN dispatch_lease AS lease ON lease.id = beat.lease_id
    WHERE greatest(beat.beat_at, pulse.up_since) <= pulse.seen_at - make_interval(secs => %s)
      AND lease.ended_at IS NULL
"""


class Lapsed(NamedTuple):
    """A lease whose holder has not been heard of for too long."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    run_id: uuid.UUID
    epoch: int
    agent_id: uuid.UUID | None
    holder: str
    beat_at: datetime
    granted_at: datetime
    is_local: bool  # of a process that started the run by itself


def rescue_lost_runs(*, now: datetime) -> int:
    """
    Crash the runs whose leases lapsed, and queue another attempt where the deployment grants one.

    Returns how many. Each run is a transaction of its own, so that one in the way of another
    process delays only itself. For loops.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_LAPSED} ORDER BY beat.beat_at LIMIT {BATCH}", [LEASE_TIME.total_seconds()]
        )
        candidates = [Lapsed(*row) for row in cursor.fetchall()]
    return sum(_rescue(lapsed, now) for lapsed in candidates)


def _rescue(lapsed: Lapsed, now: datetime) -> bool:
    """
    End one run and its lease.

    Locks run, lease, beat in this order, as a report does: the other way round, a report arriving
    at the last moment and the rescue would wait for each other.
    """
    with transaction.atomic():
        state, crashed_starts = find_run_start(
            workspace_id=lapsed.workspace_id, run_id=lapsed.run_id
        )
        found = _cause(lapsed)
        cause: CauseInfo | None = found
        target, message = RunState.CRASHED, found.get("detail") or ""
        if state == RunState.CANCELLING:
            # Whoever was asked to stop and then fell silent has stopped, as far as anybody knows.
            target = RunState.CANCELLED
        elif (
            state == RunState.PENDING
            and lapsed.beat_at == lapsed.granted_at
            and crashed_starts + 1 < QUARANTINED_AFTER
        ):
            # Never renewed and never started: the answer to the poll got lost with the lease, or
            # the run takes down whoever takes it up; hence the count.
            target, cause = RunState.SCHEDULED, None
            message = "Queued again: its agent did not take it up."
        moved = runs.transition_run(
            workspace_id=lapsed.workspace_id,
            run_id=lapsed.run_id,
            target=target,
            occurred_at=now,
            now=now,
            message=message,
            cause=cause,
            # Nobody else can execute what a process started by itself: should it be heard of
            # again, its word counts (docs/adr/0007).
            bump_epoch=not lapsed.is_local,
            is_crashed_start=target is RunState.SCHEDULED,
        )
        if moved.result is not MoveResult.APPLIED or not _is_still_lapsed(lapsed):
            # Its holder spoke up, or another janitor was faster.
            transaction.set_rollback(True)
            return False
        end_leases(ended=[moved.run], by=LeaseEnd.LAPSED, now=now)
        retry_by_policy(run=moved.run, now=now)
    logger.info(
        "lease.expired",
        run_id=str(lapsed.run_id),
        workspace_id=str(lapsed.workspace_id),
        epoch=lapsed.epoch,
        holder=lapsed.holder,
        became=target.value,
    )
    return True


def _is_still_lapsed(lapsed: Lapsed) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_LAPSED} AND lease.id = %s FOR UPDATE OF beat",
            [LEASE_TIME.total_seconds(), lapsed.id],
        )
        return cursor.fetchone() is not None


def _cause(lapsed: Lapsed) -> CauseInfo:
    seen = (
        Agent.objects.filter(id=lapsed.agent_id).values_list("last_seen_at", flat=True).first()
        if lapsed.agent_id
        else None
    )
    seconds = int(LEASE_TIME.total_seconds())
    if lapsed.agent_id is None or (seen is not None and seen > lapsed.beat_at):
        who = "Its process" if lapsed.agent_id is None else "Its agent"
        detail = f"{who} ({lapsed.holder}) did not renew the lease for {seconds} s."
        return CauseInfo(kind=CauseKind.LEASE_EXPIRED.value, detail=detail)
    detail = f"Nothing was heard of its agent ({lapsed.holder}) for {seconds} s."
    return CauseInfo(kind=CauseKind.AGENT_LOST.value, detail=detail)
