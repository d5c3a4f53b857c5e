"""
Going round many of a kind: each where something waits gets its step, whatever another's trouble.

What every loop over workspaces, backfills or promises has in common. What is done in one is given.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import structlog
from django.db import InterfaceError, OperationalError

logger = structlog.get_logger(__name__)
AGAIN_AFTER_SECONDS: Final = 10.0  # for one whose step failed by a bug of ours

Result = TypeVar("Result")


@dataclass(slots=True, kw_only=True)
class Apart:
    """
    Takes steps apart from each other: one that fails is logged, rests, and holds up no other.

    `failed` names the log's event, `subject` its field with the id.
    """

    failed: str
    subject: str = "workspace_id"
    clock: Callable[[], float] = time.monotonic
    _not_before: dict[uuid.UUID, float] = field(default_factory=dict)

    def resting(self) -> set[uuid.UUID]:
        """Return those whose step failed a short while ago."""
        now = self.clock()
        for rested in [id_ for id_, until in self._not_before.items() if until <= now]:
            del self._not_before[rested]
        return set(self._not_before)

    def take(self, id_: uuid.UUID, step: Callable[[uuid.UUID], Result]) -> Result | None:
        """Return what the step of `id_` did, None when it failed."""
        try:
            return step(id_)
        except (OperationalError, InterfaceError):
            raise  # weather, and the loop's to mind
        except Exception:
            logger.exception(self.failed, **{self.subject: str(id_)})
            self._not_before[id_] = self.clock() + AGAIN_AFTER_SECONDS
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one step in a workspace did: numbers for the log, and whether to look again at once."""

    counts: Mapping[str, object]
    again: bool


class Rounds:
    """
    One step in each workspace where something waits.

    `done` and `failed` name the log's events. `step` returns None when somebody else is at the
    workspace.
    """

    def __init__(
        self,
        *,
        done: str,
        failed: str,
        step: Callable[[uuid.UUID], Took | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._done = done
        self._step = step
        self._apart = Apart(failed=failed, clock=clock)

    def go(self, waiting: list[uuid.UUID]) -> bool:
        """Return True when there may be more at once."""
        # So that workers beside each other begin at different ends.
        random.shuffle(waiting)
        resting = self._apart.resting()
        again = False
        for workspace_id in waiting:
            if workspace_id not in resting:
                again |= self._take(workspace_id)
        return again

    def _take(self, workspace_id: uuid.UUID) -> bool:
        began = time.perf_counter()
        took = self._apart.take(workspace_id, self._step)
        if took is None:
            return False
        logger.info(
            self._done,
            workspace_id=str(workspace_id),
            **took.counts,
            duration_ms=round((time.perf_counter() - began) * 1000),
        )
        return took.again
