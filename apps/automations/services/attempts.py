"""
Which attempts are handed to Celery, and which are taken for lost.

A workspace has at most four under way, so that its slow receivers hold up its own actions only.
What was handed out and not begun within half a minute was lost on the way and is handed out again:
beginning is conditional, so twice does no harm.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction

from apps.automations.backoff import next_delay
from apps.automations.enums import AttemptState
from apps.automations.models import ActionAttempt
from apps.core.jobs import enqueue_or_leave
from apps.core.transactions import joined

logger = structlog.get_logger(__name__)
TASK: Final = "automations.perform_action"
AT_A_TIME: Final = 4  # attempts under way, of a workspace
HANDED_OUT_FOR: Final = timedelta(seconds=30)
# Longer than any action can take, so that what is this old has lost its worker.
RUNNING_AT_MOST: Final = timedelta(minutes=6)
HANDED_OUT_AT_ONCE: Final = 400
LOST_AT_ONCE: Final = 200

# From workspace to workspace and only to the first few of each: a long queue of one costs nothing.
_WAITING: Final = """
    RECURSIVE place AS (
        (SELECT workspace_id FROM automations_actionattempt
         WHERE state = 'PENDING' ORDER BY workspace_id LIMIT 1)
        UNION ALL
        SELECT (SELECT next.workspace_id FROM automations_actionattempt AS next
                WHERE next.state = 'PENDING' AND next.workspace_id > place.workspace_id
                ORDER BY next.workspace_id LIMIT 1)
        FROM place WHERE place.workspace_id IS NOT NULL
    )
"""
_ONE: Final = "place AS (SELECT %(workspace_id)s::uuid AS workspace_id)"
_HAND_OUT: Final = """
    WITH {places}, chosen AS (
        SELECT waiting.id FROM place CROSS JOIN LATERAL (
            SELECT a.id, row_number() OVER (ORDER BY a.due_at, a.id) AS number
            FROM automations_actionattempt a
            WHERE a.workspace_id = place.workspace_id AND a.state = 'PENDING'
              AND a.due_at <= %(now)s AND (a.enqueued_at IS NULL OR a.enqueued_at <= %(since)s)
            ORDER BY a.due_at, a.id LIMIT %(at_a_time)s
        ) AS waiting
        WHERE waiting.number <= %(at_a_time)s
          - (SELECT count(*) FROM automations_actionattempt b
             WHERE b.workspace_id = place.workspace_id AND b.state = 'RUNNING')
          - (SELECT count(*) FROM automations_actionattempt b
             WHERE b.workspace_id = place.workspace_id AND b.state = 'PENDING'
               AND b.enqueued_at > %(since)s)
        LIMIT %(limit)s
    ), locked AS (
        SELECT id FROM automations_actionattempt WHERE id IN (SELECT id FROM chosen)
          AND state = 'PENDING' AND (enqueued_at IS NULL OR enqueued_at <= %(since)s)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE automations_actionattempt SET enqueued_at = %(now)s WHERE id IN (SELECT id FROM locked)
    RETURNING id, workspace_id
"""
_FROM_ALL: Final = _HAND_OUT.format(places=_WAITING)
_FROM_ONE: Final = _HAND_OUT.format(places=_ONE)


@joined
def hand_out(*, now: datetime, workspace_id: uuid.UUID | None = None) -> int:
    """Give Celery what is due and has room, of one workspace or (for loops) of all."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FROM_ALL if workspace_id is None else _FROM_ONE,
            {
                "now": now,
                "since": now - HANDED_OUT_FOR,
                "at_a_time": AT_A_TIME,
                "limit": HANDED_OUT_AT_ONCE,
                "workspace_id": workspace_id,
            },
        )
        found = sorted(cursor.fetchall())  # ids grow with time; RETURNING has no order
    for attempt_id, its_workspace in found:
        enqueue_or_leave(TASK, workspace_id=str(its_workspace), attempt_id=str(attempt_id))
    return len(found)


def sweep_attempts(*, now: datetime) -> tuple[int, int]:
    """Give up attempts of dead workers, hand out what waits; return both counts. For loops."""
    with transaction.atomic():
        lost = _lose(now)
    with transaction.atomic():
        handed = hand_out(now=now)
    if lost:
        logger.warning("attempts.lost", count=lost)
    return lost, handed


def _lose(now: datetime) -> int:
    rows = list(
        ActionAttempt.objects.filter(
            state=AttemptState.RUNNING.value, started_at__lt=now - RUNNING_AT_MOST
        )
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("started_at")[:LOST_AT_ONCE]
    )
    outcome = {
        "ok": False,
        "status": None,
        "error": "worker_lost",
        "retryable": True,
        "detail": "The process that did it ended before it could say how it went.",
        "retry_after_seconds": None,
        "duration_ms": 0,
    }
    for row in rows:
        end_attempt(attempt=row, outcome=outcome, now=now)
    return len(rows)


@joined
def end_attempt(*, attempt: ActionAttempt, outcome: dict[str, Any], now: datetime) -> AttemptState:
    """
    Record how a running attempt went, and make the next one when there is to be one.

    An attempt that was taken for lost meanwhile stays what it is.
    """
    delay = None
    if outcome["ok"]:
        state = AttemptState.SUCCEEDED
    else:
        if outcome["retryable"]:
            delay = next_delay(attempt.number, asked_seconds=outcome["retry_after_seconds"])
        state = AttemptState.GAVE_UP if delay is None else AttemptState.FAILED
    changed = ActionAttempt.objects.filter(pk=attempt.pk, state=AttemptState.RUNNING.value).update(
        state=state.value, outcome=outcome, ended_at=now
    )
    if changed and delay is not None:
        ActionAttempt.objects.bulk_create(
            [
                ActionAttempt(
                    workspace_id=attempt.workspace_id,
                    firing_id=attempt.firing_id,
                    action=attempt.action,
                    kind=attempt.kind,
                    number=attempt.number + 1,
                    due_at=now + delay,
                    created_at=now,
                )
            ],
            ignore_conflicts=True,
        )
    return state
