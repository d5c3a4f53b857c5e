"""Let rules see what happened and what did not, and see to it that actions are carried out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from apps.automations import services as automations
from apps.core.clock import utc_now
from workers.loop import Loop
from workers.rounds import Rounds, Took

IDLE_SECONDS = 1.0  # should a NOTIFY be missed
NOT_OURS_SECONDS = 0.25  # when what is due is in another evaluator's hands, or was put off
SWEEP_SECONDS = 1.0


class Evaluator:
    """Evaluates the rules of each workspace that has something to do, then looks when to again."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rounds = Rounds(
            done="rules.evaluated", failed="evaluation.failed", step=_evaluate, clock=clock
        )

    def step(self) -> bool | float:
        """Return True when there may be more at once, else how long to sleep."""
        now = utc_now()
        if self._rounds.go(automations.workspaces_with_work(now=now)):
            return True
        next_at = automations.find_next_due_at()
        if next_at is None:
            return IDLE_SECONDS
        if next_at <= now:
            return NOT_OURS_SECONDS
        return max((next_at - utc_now()).total_seconds(), 0.001)


def _evaluate(workspace_id: uuid.UUID) -> Took | None:
    done = automations.evaluate_workspace(workspace_id=workspace_id, now=utc_now())
    if done is None:
        return None
    return Took(
        counts={
            "events": done.events,
            "decided": done.decided,
            "fired": done.fired,
            "more": done.more,
        },
        # Nothing done: what is due waits for others, who are not hurried by asking.
        again=done.more or bool(done.events or done.decided),
    )


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
