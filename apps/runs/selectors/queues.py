"""
How much waits in queues, at a cost that does not grow with their length.

PERF: counts end at `most`, and only entries of the two partial indexes of waiting runs are read,
going from one queue and priority to the next and never over runs of later: an empty queue costs
nothing, a long one as much as `most` entries.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

_WAITING = "state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')"
_TO_CLAIM = f"{_WAITING} AND waits_on IS NULL"
_PARKED = f"{_WAITING} AND waits_on IS NOT NULL"


def _queues_with(condition: str) -> str:
    """Return a recursive query of the queues that have such runs."""
    return f"""
        (SELECT queue_id FROM runs_run WHERE queue_id IS NOT NULL AND {condition}
         ORDER BY queue_id LIMIT 1)
        UNION ALL
        SELECT (SELECT run.queue_id FROM runs_run AS run
                WHERE run.queue_id > before.queue_id AND {condition}
                ORDER BY run.queue_id LIMIT 1)
        FROM %s AS before WHERE before.queue_id IS NOT NULL
    """  # noqa: S608 - only our own words


_GIVEN = "SELECT unnest(%(ids)s::uuid[])"
_LINES = """
    WITH RECURSIVE to_claim (queue_id) AS ({to_claim}), parked (queue_id) AS ({parked}),
    lane AS (
        SELECT to_claim.queue_id, first.priority FROM to_claim CROSS JOIN LATERAL (
            SELECT priority FROM runs_run
            WHERE queue_id = to_claim.queue_id AND {is_to_claim}
            ORDER BY priority DESC LIMIT 1) AS first
        UNION ALL
        SELECT lane.queue_id, next.priority FROM lane CROSS JOIN LATERAL (
            SELECT priority FROM runs_run
            WHERE queue_id = lane.queue_id AND priority < lane.priority AND {is_to_claim}
            ORDER BY priority DESC LIMIT 1) AS next)
    SELECT lane.queue_id, sum(due.count)::int, 0, min(due.oldest_at)
    FROM lane CROSS JOIN LATERAL (
        SELECT count(*) AS count, min(scheduled_for) AS oldest_at FROM (
            SELECT scheduled_for FROM runs_run
            WHERE queue_id = lane.queue_id AND priority = lane.priority AND {is_to_claim}
              AND scheduled_for <= %(now)s
            ORDER BY scheduled_for LIMIT %(most)s) AS first) AS due
    GROUP BY lane.queue_id
    UNION ALL
    SELECT parked.queue_id, 0, kept.count::int, NULL::timestamptz
    FROM parked CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM runs_run WHERE queue_id = parked.queue_id AND {is_parked}
            LIMIT %(most)s) AS first) AS kept
    WHERE parked.queue_id IS NOT NULL
"""
_OF_ALL = _LINES.format(
    to_claim=_queues_with(_TO_CLAIM) % "to_claim",
    parked=_queues_with(_PARKED) % "parked",
    is_to_claim=_TO_CLAIM,
    is_parked=_PARKED,
)
_OF_GIVEN = _LINES.format(to_claim=_GIVEN, parked=_GIVEN, is_to_claim=_TO_CLAIM, is_parked=_PARKED)


_WAITED_FOR = f"""
    WITH RECURSIVE thing (id) AS (
        (SELECT waits_on FROM runs_run WHERE {_PARKED} ORDER BY waits_on LIMIT 1)
        UNION ALL
        SELECT (SELECT run.waits_on FROM runs_run AS run
                WHERE run.waits_on > before.id AND {_PARKED} ORDER BY run.waits_on LIMIT 1)
        FROM thing AS before WHERE before.id IS NOT NULL)
    SELECT id FROM thing WHERE id IS NOT NULL
"""  # noqa: S608 - only our own words


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """What waits in a queue; neither count is above what the caller named."""

    waiting: int = 0  # due, for whoever claims next
    parked: int = 0  # due, kept back by a limit
    oldest_at: datetime | None = None  # since when the first of those that wait is due


def measure_queues(
    *, now: datetime, most: int, queue_ids: Collection[uuid.UUID] | None = None
) -> dict[uuid.UUID, QueueLine]:
    """
    Return the lines of these queues, without those in which nothing waits.

    Without `queue_ids` of all queues of all workspaces; that is for loops.
    """
    lines: dict[uuid.UUID, QueueLine] = {}
    with connection.cursor() as cursor:
        if queue_ids is None:
            cursor.execute(_OF_ALL, {"now": now, "most": most})
        else:
            cursor.execute(_OF_GIVEN, {"now": now, "most": most, "ids": list(queue_ids)})
        for queue_id, waiting, parked, oldest_at in cursor.fetchall():
            known = lines.get(queue_id, QueueLine())
            lines[queue_id] = QueueLine(
                waiting=min(known.waiting + waiting, most),
                parked=known.parked + parked,
                oldest_at=known.oldest_at or oldest_at,
            )
    return {id_: line for id_, line in lines.items() if line.waiting or line.parked}


def waited_for() -> set[uuid.UUID]:
    """Return the ids of all that runs are parked on, of all workspaces. For loops."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITED_FOR)
        return {id_ for (id_,) in cursor.fetchall()}
