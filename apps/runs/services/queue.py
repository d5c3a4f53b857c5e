"""The waiting line: hand due runs to whoever claims them, and notice those nobody takes."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.core.transactions import joined
from apps.core.wakeups import notify
from apps.runs.enums import RunState
from apps.runs.models import Run, RunQuerySet
from apps.runs.services.record import Move, record_moves, returning_runs

LATE_AFTER = timedelta(seconds=15)

# MATERIALIZED, and not `id IN (SELECT … LIMIT … SKIP LOCKED)`: as a join's inner side such a
# subquery runs again for each outer row, skips what it has just locked, and the limit is no limit.
_CLAIM = """
    WITH next AS MATERIALIZED (
        SELECT run.id FROM runs_run AS run
        WHERE run.queue_id = %(queue_id)s AND run.state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')
          AND run.scheduled_for <= %(now)s
          AND NOT EXISTS (
              SELECT FROM flows_deployment AS deployment
              WHERE deployment.id = run.deployment_id AND deployment.paused_at IS NOT NULL)
        ORDER BY run.priority DESC, run.scheduled_for, run.id
        LIMIT %(limit)s
        FOR UPDATE OF run SKIP LOCKED)
    UPDATE runs_run SET state = 'PENDING', state_at = %(now)s, changed_at = %(now)s,
        epoch = epoch + 1, started_at = NULL, task_counts = NULL,
        agent_id = %(agent_id)s, agent_name = %(agent_name)s, agent_host = %(agent_host)s
    FROM next WHERE runs_run.id = next.id
    RETURNING runs_run.*
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


@joined
def claim_runs(*, queue_id: uuid.UUID, limit: int, claimant: Claimant, now: datetime) -> list[Run]:
    """
    Move up to `limit` due runs of the queue to PENDING, each with a new epoch, and return them.

    Any number of claimants at once: a row that another holds is passed over, never waited for.
    Runs of paused deployments stay where they are.
    """
    claimed = returning_runs(
        _CLAIM,
        {
            "queue_id": queue_id,
            "limit": limit,
            "now": now,
            "agent_id": claimant.agent_id,
            "agent_name": claimant.name,
            "agent_host": claimant.host,
        },
    )
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
