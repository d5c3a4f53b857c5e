"""Make runs when they are due: sleeps exactly until the next time, or until a schedule changes."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog

from apps.core.clock import utc_now
from apps.dispatch import services as dispatch
from apps.runs import services as runs
from workers.loop import Loop
from workers.rounds import Apart

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


class Filler:
    """Makes the next runs of backfills."""

    def __init__(self) -> None:
        self._apart = Apart(failed="backfill.not_continued", subject="backfill_id")

    def step(self) -> bool:
        """Take each backfill that needs it once."""
        resting = self._apart.resting()
        worked = 0
        for backfill_id in dispatch.list_backfills_to_continue():
            if backfill_id not in resting:
                worked += bool(self._apart.take(backfill_id, self._continue))
        if worked:
            logger.info("backfills.continued", count=worked)
        return False

    @staticmethod
    def _continue(backfill_id: uuid.UUID) -> bool:
        return dispatch.continue_backfill(backfill_id=backfill_id, now=utc_now())


class Watch:
    """Keeps what deployments promise in view."""

    def __init__(self) -> None:
        self._apart = Apart(failed="service_level.not_checked", subject="service_level_id")

    def step(self) -> bool:
        """Look at the promises whose time has come; True when there may be more."""
        due = dispatch.list_levels_to_check(now=utc_now(), but=self._apart.resting())
        looked = sum(bool(self._apart.take(level_id, self._look)) for level_id in due)
        if looked:
            logger.info("service_levels.checked", count=looked)
        return len(due) == dispatch.CHECK_BATCH

    @staticmethod
    def _look(level_id: uuid.UUID) -> bool:
        return dispatch.check_service_level(level_id=level_id, now=utc_now())


def loops() -> list[Loop]:
    scheduler = Scheduler()
    return [
        Loop(
            name="scheduler",
            step=scheduler.step,
            idle_seconds=IDLE_SECONDS,
            wake_on="schedules",
        ),
        Loop(name="backfills", step=Filler().step, idle_seconds=FILL_SECONDS),
        Loop(name="levels", step=Watch().step, idle_seconds=WATCH_SECONDS),
    ]
