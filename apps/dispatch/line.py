"""Where a run stands in line, and what it waits for; in words that people act on."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count, Q, Sum

from apps.dispatch.enums import LimitKind, PoolKind
from apps.dispatch.models import Agent, ConcurrencyLimit, ConcurrencySlot, Lease, Queue
from apps.dispatch.protocol import ONLINE_FOR
from apps.runs.enums import RunState
from apps.runs.services import WAITING

if TYPE_CHECKING:
    from apps.runs.models import Run
    from apps.tenancy.actors import Limits

MOST_COUNTED = 10_000  # before one; more are as good as that

_AHEAD = """
    SELECT count(*) FROM (
        SELECT FROM runs_run AS other
        WHERE other.queue_id = %(queue_id)s
          AND other.state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')
          AND other.scheduled_for <= %(now)s
          AND other.waits_on IS NOT DISTINCT FROM %(waits_on)s
          AND (-other.priority, other.scheduled_for, other.id)
              < (%(urgency)s, %(scheduled_for)s, %(id)s)
        LIMIT %(most)s) AS ahead
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitInTheWay:
    """A limit without room, and what is taken of it."""

    id: uuid.UUID
    kind: str
    key: str
    slots: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that a run waits for; `until` when it is a time."""

    kind: str
    text: str
    limit: LimitInTheWay | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`ahead` runs come first; None for a run that is in no line. Reasons: the heaviest first."""

    ahead: int | None
    reasons: list[Reason]


def find_line(*, run: Run, limits: Limits, now: datetime) -> Line:
    """Say what a run waits for. `limits` are those of its workspace."""
    state = RunState(run.state)
    if state is RunState.HELD:
        text = limits.hold_reason(managed=_is_managed(run)) or "It is released within seconds."
        return Line(ahead=None, reasons=[Reason(kind="held", text=text)])
    if state not in WAITING or run.queue_id is None:
        return Line(ahead=None, reasons=[])
    if run.scheduled_for > now:
        text = "Its time has not come."
        return Line(
            ahead=None, reasons=[Reason(kind="not_due", text=text, until=run.scheduled_for)]
        )
    ahead = _count_ahead(run, now)
    reasons = _pauses(run, run.queue_id)
    reasons += [*_limits_in_the_way(run), *_workspace_limit(run, limits)]
    if run.pool_id is not None and not _is_managed(run):
        reasons += _agents(run.workspace_id, run.pool_id, now)
    if not reasons:
        text = f"{_many(ahead, 'run')} of its queue before it." if ahead else "It is next."
        reasons = [Reason(kind="in_line", text=text)]
    return Line(ahead=ahead, reasons=reasons)


def _count_ahead(run: Run, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _AHEAD,
            {
                "queue_id": run.queue_id,
                "now": now,
                "waits_on": run.waits_on,
                "urgency": -run.priority,
                "scheduled_for": run.scheduled_for,
                "id": run.id,
                "most": MOST_COUNTED,
            },
        )
        (count,) = cursor.fetchone()
    return int(count)


def _pauses(run: Run, queue_id: uuid.UUID) -> list[Reason]:
    queue = Queue.objects.select_related("pool").get(id=queue_id)
    reasons = []
    if run.deployment is not None and run.deployment.paused:
        text = "Its deployment is paused."
        reasons.append(Reason(kind="deployment_paused", text=text))
    if queue.pool.paused:
        reasons.append(Reason(kind="pool_paused", text=f"The pool {queue.pool.name!r} is paused."))
    if queue.paused:
        reasons.append(Reason(kind="queue_paused", text=f"The queue {queue.name!r} is paused."))
    return reasons


def _limits_in_the_way(run: Run) -> list[Reason]:
    lanes = Q(kind=LimitKind.POOL.value, key=str(run.pool_id)) | Q(
        kind=LimitKind.QUEUE.value, key=str(run.queue_id)
    )
    limits = ConcurrencyLimit.objects.for_workspace(run.workspace_id).filter(
        lanes if run.waits_on is None else lanes | Q(id=run.waits_on)
    )
    reasons = []
    for limit in limits:
        slots, used = limit.slots or 0, count_used([limit.id]).get(limit.id, 0)
        if used < slots and limit.id != run.waits_on:
            continue
        what = "it" if limit.kind == LimitKind.BACKFILL else _thing(limit)
        reasons.append(
            Reason(
                kind="limit",
                text=f"At most {slots} of {what} at once, and {used} are going on.",
                limit=LimitInTheWay(
                    id=limit.id, kind=limit.kind, key=limit.key, slots=slots, used=used
                ),
            )
        )
    return reasons


def _thing(limit: ConcurrencyLimit) -> str:
    words = {
        LimitKind.POOL.value: "its pool",
        LimitKind.QUEUE.value: "its queue",
        LimitKind.DEPLOYMENT.value: "its deployment",
        LimitKind.FLOW.value: "its flow",
    }
    return words.get(limit.kind, f"the tag {limit.key!r}")


def _workspace_limit(run: Run, limits: Limits) -> list[Reason]:
    most = limits.max_concurrent_runs
    if most is None:
        return []
    active = Lease.objects.filter(workspace_id=run.workspace_id, ended_at=None).count()
    if active < most:
        return []
    text = f"The plan allows {most} runs at once, and {active} are going on."
    return [Reason(kind="workspace_limit", text=text)]


def _agents(workspace_id: uuid.UUID, pool_id: uuid.UUID, now: datetime) -> list[Reason]:
    agents = Agent.objects.filter(
        workspace_id=workspace_id, pool_id=pool_id, last_seen_at__gte=now - ONLINE_FOR
    )
    serving = agents.filter(draining_at=None).aggregate(count=Count("id"), room=Sum("capacity"))
    if not serving["count"]:
        draining = agents.count()
        text = "No agent serves its pool."
        if draining:
            text = f"{_many(draining, 'agent')} of its pool, all draining."
        return [Reason(kind="no_agent", text=text)]
    busy = Lease.objects.filter(
        workspace_id=workspace_id, agent__in=agents.filter(draining_at=None), ended_at=None
    ).count()
    if busy < serving["room"]:
        return []
    text = f"{_many(serving['count'], 'agent')} with room for {serving['room']}, and all are busy."
    return [Reason(kind="agents_full", text=text)]


def count_used(limit_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return how much of each of these limits is taken now."""
    held = ConcurrencySlot.objects.filter(limit_id__in=limit_ids, granted_at__isnull=False)
    return dict(held.order_by().values_list("limit_id").annotate(used=Sum("amount")))


def _is_managed(run: Run) -> bool:
    return run.pool is not None and run.pool.kind == PoolKind.MANAGED


def _many(count: int, what: str) -> str:
    number = f"over {MOST_COUNTED:,}" if count >= MOST_COUNTED else f"{count:,}"
    return f"{number} {what}" if count == 1 else f"{number} {what}s"
