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

_HAND_OUT: Final = """
    WITH busy AS (
        SELECT workspace_id, count(*) AS held FROM automations_actionattempt
        WHERE (state = 'RUNNING' OR (state = 'PENDING' AND enqueued_at > %(since)s)) {own}
        GROUP BY workspace_id
    ), waiting AS (
        SELECT a.id, a.workspace_id,
               row_number() OVER (PARTITION BY a.workspace_id ORDER BY a.due_at, a.id) AS place
        FROM automations_actionattempt a
        WHERE a.state = 'PENDING' AND a.due_at <= %(now)s
          AND (a.enqueued_at IS NULL OR a.enqueued_at <= %(since)s) {own_a}
    ), next AS (
        SELECT waiting.id FROM waiting LEFT JOIN busy USING (workspace_id)
        WHERE waiting.place <= %(at_a_time)s - coalesce(busy.held, 0)
        LIMIT %(limit)s
    ), locked AS (
        SELECT id FROM automations_actionattempt WHERE id IN (SELECT id FROM next)
          AND state = 'PENDING' AND (enqueued_at IS NULL OR enqueued_at <= %(since)s)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE automations_actionattempt SET enqueued_at = %(now)s WHERE id IN (SELECT id FROM locked)
    RETURNING id, workspace_id
"""


@joined
def hand_out(*, now: datetime, workspace_id: uuid.UUID | None = None) -> int:
    """Give Celery what is due and has room, of one workspace or (for loops) of all."""
    own = "" if workspace_id is None else "AND workspace_id = %(workspace_id)s"
    own_a = "" if workspace_id is None else "AND a.workspace_id = %(workspace_id)s"
    with connection.cursor() as cursor:
        cursor.execute(
            _HAND_OUT.format(own=own, own_a=own_a),
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
