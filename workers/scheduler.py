"""Make runs when they are due: sleeps exactly until the next time, or until a schedule changes."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from apps.core.clock import utc_now
from apps.dispatch import services as dispatch
from apps.runs import services as runs
from workers.loop import Loop

logger = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0  # should a NOTIFY be missed
FILL_SECONDS = 1.0
WATCH_SECONDS = 1.0
LOOK_BACK = timedelta(minutes=1)  # at the start, for runs that came due while nobody looked


class Scheduler:
    """Due schedules become runs; pools hear of runs whose later time has come."""

    def __init__(self) -> None:
        self.woken_until: datetime | None = None

    def step(self) -> bool | float:
        """Take one batch; return True when there may be more, else how long to sleep."""
        now = utc_now()
        made = dispatch.create_due_runs(now=now)
        if made:
            logger.info("schedules.came_due", count=made)
        if made == dispatch.DUE_BATCH:
            return True
        following = [
            dispatch.find_next_due_at(),
            runs.wake_pools_of_runs_due(since=self.woken_until or now - LOOK_BACK, now=now),
        ]
        self.woken_until = now
        due_in = [(at - utc_now()).total_seconds() for at in following if at is not None]
        # Not 0: the loop would take it for a nap of no time, again and again.
        return max(min(due_in, default=IDLE_SECONDS), 0.0005)


def fill() -> bool:
    """Make the next runs of backfills."""
    worked = dispatch.continue_backfills(now=utc_now())
    if worked:
        logger.info("backfills.continued", count=worked)
    return False


def watch() -> bool:
    """Look at the promises whose time has come; True when there may be more."""
    looked = dispatch.check_service_levels(now=utc_now())
    if looked:
        logger.info("service_levels.checked", count=looked)
    return looked >= dispatch.CHECK_BATCH


def loops() -> list[Loop]:
    scheduler = Scheduler()
    return [
        Loop(
            name="scheduler",
            step=scheduler.step,
            idle_seconds=IDLE_SECONDS,
            wake_on="schedules",
        ),
        Loop(name="backfills", step=fill, idle_seconds=FILL_SECONDS),
        Loop(name="levels", step=watch, idle_seconds=WATCH_SECONDS),
    ]
