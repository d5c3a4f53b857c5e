"""The waiting line: hand due runs to whoever claims them, and notice those nobody takes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.runs.enums import RunState
from apps.runs.models import Run, RunQuerySet
from apps.runs.services.record import Move, record_moves, returning_runs

LATE_AFTER = timedelta(seconds=15)

# What claimants, and the traces of a move, ask of a run. PERF: to read all its columns was a third
# of the claim; the others come by a query of their own, when somebody asks.
_CLAIMED = """
    id, workspace_id, flow_id, deployment_id, pool_id, queue_id, name, parameters, priority, state,
    epoch, attempt, scheduled_for, resumes
"""

# MATERIALIZED, and not `id IN (SELECT … LIMIT … SKIP LOCKED)`: as a join's inner side such a
# subquery runs again for each outer row, skips what it has just locked, and the limit is no limit.
# PERF: runs of paused deployments are parked on those as they are met, or each claim would pass
# over all of them again.
_IS_PAUSED = """
    EXISTS (SELECT FROM flows_deployment AS deployment
            WHERE deployment.id = run.deployment_id AND deployment.paused_at IS NOT NULL)
"""
_CLAIM = f"""
    WITH next AS MATERIALIZED (
        SELECT run.id, run.priority, run.scheduled_for, {_IS_PAUSED} AS is_paused
        FROM runs_run AS run
        WHERE run.queue_id = %(queue_id)s AND run.state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')
          AND run.waits_on IS NULL AND run.scheduled_for <= %(now)s
        ORDER BY run.priority DESC, run.scheduled_for, run.id
        LIMIT %(window)s
        FOR UPDATE OF run SKIP LOCKED),
    placed AS (
        SELECT id, is_paused, sum((NOT is_paused)::int) OVER (
            ORDER BY priority DESC, scheduled_for, id) AS place
        FROM next),
    parked AS (
        UPDATE runs_run SET waits_on = deployment_id
        FROM placed WHERE runs_run.id = placed.id AND placed.is_paused
        RETURNING runs_run.*),
    taken AS (
        UPDATE runs_run SET state = 'PENDING', state_at = %(now)s, changed_at = %(now)s,
            epoch = epoch + 1, started_at = NULL, task_counts = NULL,
            deployment_version = coalesce(
                (SELECT deployment.version_number FROM flows_deployment AS deployment
                 WHERE deployment.id = runs_run.deployment_id), deployment_version),
            agent_id = %(agent_id)s, agent_name = %(agent_name)s, agent_host = %(agent_host)s
        FROM placed
        WHERE runs_run.id = placed.id AND NOT placed.is_paused AND placed.place <= %(limit)s
        RETURNING runs_run.*)
    SELECT {_CLAIMED} FROM taken UNION ALL SELECT {_CLAIMED} FROM parked
"""  # noqa: S608 - only our own words
LOOKS = 8  # rounds of one claim among runs of paused deployments; the next goes on from there
LOOK_AT_MOST = 500  # runs a round

_PICK = f"""
    SELECT run.id, run.deployment_id, run.flow_id, run.backfill_id, run.tags, {_IS_PAUSED}
    FROM runs_run AS run
    WHERE run.queue_id = %(queue_id)s AND run.state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')
      AND run.waits_on IS NULL AND run.scheduled_for <= %(now)s AND run.id <> ALL(%(but)s)
    ORDER BY run.priority DESC, run.scheduled_for, run.id
    LIMIT %(limit)s
    FOR UPDATE OF run SKIP LOCKED
"""  # noqa: S608 - only our own words

_TAKE = f"""
    UPDATE runs_run SET state = 'PENDING', state_at = %(now)s, changed_at = %(now)s,
        epoch = epoch + 1, started_at = NULL, task_counts = NULL,
        deployment_version = coalesce(
            (SELECT deployment.version_number FROM flows_deployment AS deployment
             WHERE deployment.id = runs_run.deployment_id), deployment_version),
        agent_id = %(agent_id)s, agent_name = %(agent_name)s, agent_host = %(agent_host)s
    WHERE id = ANY(%(ids)s) RETURNING {_CLAIMED}
"""  # noqa: S608 - only our own words

_PARK = """
    UPDATE runs_run SET waits_on = given.waits_on
    FROM unnest(%s::uuid[], %s::uuid[]) AS given(id, waits_on) WHERE runs_run.id = given.id
"""

_UNPARK = """
    WITH next AS MATERIALIZED (
        SELECT id FROM runs_run
        WHERE waits_on = %s AND state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')
        ORDER BY priority DESC, scheduled_for, id LIMIT %s FOR UPDATE SKIP LOCKED)
    UPDATE runs_run SET waits_on = NULL FROM next WHERE runs_run.id = next.id
    RETURNING runs_run.pool_id
"""

_MARK_LATE = """
    WITH late AS MATERIALIZED (
        SELECT id FROM runs_run
        WHERE state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED') AND state = 'SCHEDULED'
          AND scheduled_for < %(before)s
        ORDER BY scheduled_for LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE runs_run SET state = 'LATE', state_at = %(now)s, changed_at = %(now)s
    FROM late WHERE runs_run.id = late.id
    RETURNING runs_run.*
"""

_RELEASE = """
    WITH held AS MATERIALIZED (
        SELECT id FROM runs_run
        WHERE state = 'HELD' AND workspace_id = ANY(%(workspace_ids)s)
          AND (pool_id IS NULL OR pool_id <> ALL(%(except_pool_ids)s))
        ORDER BY scheduled_for, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE runs_run SET state = 'SCHEDULED', state_at = %(now)s, changed_at = %(now)s
    FROM held WHERE runs_run.id = held.id
    RETURNING runs_run.*
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """Who takes runs."""

    agent_id: uuid.UUID | None  # None: no agent, we ourselves
    name: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRun:
    """A due run, locked, and what limits may name of it."""

    id: uuid.UUID
    deployment_id: uuid.UUID | None
    flow_id: uuid.UUID
    backfill_id: uuid.UUID | None
    tags: list[str]
    is_paused: bool  # its deployment is


@joined
def claim_runs(*, queue_id: uuid.UUID, limit: int, claimant: Claimant, now: datetime) -> list[Run]:
    """
    Move up to `limit` due runs of the queue to PENDING, each with a new epoch, and return them.

    Any number of claimants at once: a row that another holds is passed over, never waited for.
    Runs of paused deployments are parked on those until people let them go on.
    """
    claimed: list[Run] = []
    window = limit
    for _ in range(LOOKS):
        room = limit - len(claimed)
        asked = {"queue_id": queue_id, "limit": room, "window": window, "now": now}
        found = returning_runs(_CLAIM, asked | _columns(claimant))
        taken = [run for run in found if run.state == RunState.PENDING]
        claimed += taken
        if len(taken) in {len(found), room} or len(found) < window:
            break
        window = LOOK_AT_MOST
    return _claimed(claimed, now)


@joined
def pick_due_runs(
    *, queue_id: uuid.UUID, limit: int, now: datetime, but: Collection[uuid.UUID] = ()
) -> list[DueRun]:
    """
    Lock the first `limit` due runs of the queue, without those of `but`, and return them in order.

    For a caller that decides on each: it takes them, parks them, or leaves them be.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PICK, {"queue_id": queue_id, "limit": limit, "now": now, "but": list(but)})
        return [
            DueRun(
                id=id_,
                deployment_id=deployment,
                flow_id=flow,
                backfill_id=backfill,
                tags=tags,
                is_paused=is_paused,
            )
            for id_, deployment, flow, backfill, tags, is_paused in cursor.fetchall()
        ]


@joined
def take_runs(*, run_ids: Sequence[uuid.UUID], claimant: Claimant, now: datetime) -> list[Run]:
    """Move runs that the caller picked to PENDING, as `claim_runs` does; return them in order."""
    if not run_ids:
        return []
    return _claimed(
        returning_runs(_TAKE, {"ids": list(run_ids), "now": now, **_columns(claimant)}), now
    )


@joined
def park_runs(*, waits: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Put runs that the caller picked out of the claim's way, until what each waits on has room."""
    if waits:
        with connection.cursor() as cursor:
            cursor.execute(_PARK, [list(waits.keys()), list(waits.values())])


@joined
def unpark_runs(*, waits_on: uuid.UUID, most: int) -> int:
    """Let the first `most` runs that wait on it be claimed again; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_UNPARK, [waits_on, most])
        pools = [pool_id for (pool_id,) in cursor.fetchall()]
    for pool_id in set(pools):
        notify("pool", pool_id)
    return len(pools)


def _columns(claimant: Claimant) -> dict[str, object]:
    return {
        "agent_id": claimant.agent_id,
        "agent_name": claimant.name,
        "agent_host": claimant.host,
    }


def _claimed(claimed: list[Run], now: datetime) -> list[Run]:
    claimed.sort(key=lambda run: (-run.priority, run.scheduled_for, run.id))
    record_moves(
        [Move(run=run, state=RunState.PENDING, occurred_at=now, epoch=run.epoch) for run in claimed]
    )
    return claimed


@joined
def mark_late_runs(*, now: datetime, limit: int = 500) -> int:
    """Move runs that nobody took in 15 s from SCHEDULED to LATE; return how many. For loops."""
    late = returning_runs(_MARK_LATE, {"now": now, "before": now - LATE_AFTER, "limit": limit})
    record_moves(
        [Move(run=run, state=RunState.LATE, occurred_at=now, epoch=run.epoch) for run in late]
    )
    return len(late)


@joined
def release_held_runs(
    *,
    workspace_ids: Collection[uuid.UUID],
    now: datetime,
    except_pool_ids: Collection[uuid.UUID] = (),
    limit: int = 500,
) -> int:
    """
    Move held runs of these workspaces to SCHEDULED, oldest first; return how many.

    Those of `except_pool_ids` stay held. For loops.
    """
    released = returning_runs(
        _RELEASE,
        {
            "workspace_ids": list(workspace_ids),
            "except_pool_ids": list(except_pool_ids),
            "now": now,
            "limit": limit,
        },
    )
    record_moves(
        [
            Move(run=run, state=RunState.SCHEDULED, occurred_at=now, epoch=run.epoch)
            for run in released
        ]
    )
    return len(released)


@joined
def wake_pools_of_runs_due(*, since: datetime, now: datetime) -> datetime | None:
    """
    Wake the agents of pools with runs that came due in `since … now`.

    Returns when the next waiting run comes due, so that the caller can sleep until then. A run
    that is due at once wakes its pool by itself; this is for those of later. For loops.
    """
    waiting = Run.objects.waiting()
    at = _first_after(waiting, since)
    if at is None or at > now:
        return at
    pools = waiting.filter(scheduled_for__gt=since, scheduled_for__lte=now, pool__isnull=False)
    for pool_id in pools.order_by().values_list("pool_id", flat=True).distinct():
        notify("pool", pool_id)
    return _first_after(waiting, now)


def _first_after(waiting: RunQuerySet, moment: datetime) -> datetime | None:
    later = waiting.filter(scheduled_for__gt=moment).order_by("scheduled_for")
    return later.values_list("scheduled_for", flat=True).first()
