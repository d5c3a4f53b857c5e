"""Let rules see what happened and what did not, and see to it that actions are carried out."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError

from apps.automations import services as automations
from apps.core.clock import utc_now
from workers.loop import Loop

logger = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0  # should a NOTIFY be missed
NOT_OURS_SECONDS = 0.25  # when what is due is in another evaluator's hands, or was put off
SWEEP_SECONDS = 1.0
AGAIN_AFTER_SECONDS = 10.0  # for a workspace whose evaluation failed by a bug of ours


class Evaluator:
    """Takes one step in each workspace that has something to do, then looks again."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._not_before: dict[uuid.UUID, float] = {}

    def step(self) -> bool | float:
        """Return True when there may be more at once, else how long to sleep."""
        now = utc_now()
        waiting = automations.workspaces_with_work(now=now)
        # So that evaluators beside each other begin at different ends.
        random.shuffle(waiting)
        worked = False
        for workspace_id in waiting:
            if self._not_before.get(workspace_id, 0) <= self._clock():
                worked |= self._evaluate(workspace_id)
        if worked:
            return True
        next_at = automations.find_next_due_at()
        if next_at is None:
            return IDLE_SECONDS
        if next_at <= now:
            return NOT_OURS_SECONDS
        return max((next_at - utc_now()).total_seconds(), 0.001)

    def _evaluate(self, workspace_id: uuid.UUID) -> bool:
        began = time.perf_counter()
        try:
            done = automations.evaluate_workspace(workspace_id=workspace_id, now=utc_now())
        except (OperationalError, InterfaceError):
            raise  # weather, and the loop's to mind
        except Exception:
            # One workspace's trouble must not keep the others waiting.
            logger.exception("evaluation.failed", workspace_id=str(workspace_id))
            self._not_before[workspace_id] = self._clock() + AGAIN_AFTER_SECONDS
            return False
        if done is None:
            return False
        self._not_before.pop(workspace_id, None)
        logger.info(
            "rules.evaluated",
            workspace_id=str(workspace_id),
            events=done.events,
            decided=done.decided,
            fired=done.fired,
            more=done.more,
            duration_ms=round((time.perf_counter() - began) * 1000),
        )
        return True


def sweep() -> bool:
    """Hand out what waits, take for lost what its worker left; True when there may be more."""
    lost, handed = automations.sweep_attempts(now=utc_now())
    return bool(lost or handed)


def loops() -> list[Loop]:
    return [
        Loop(
            name="evaluator",
            step=Evaluator().step,
            idle_seconds=IDLE_SECONDS,
            wake_on="automations",
        ),
        Loop(name="sweep", step=sweep, idle_seconds=SWEEP_SECONDS),
    ]
