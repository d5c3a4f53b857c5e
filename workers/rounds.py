"""
Going round the workspaces: each where something waits gets one step, whatever another's trouble.

What every loop over workspaces has in common. What is done in one of them is given.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError

logger = structlog.get_logger(__name__)
AGAIN_AFTER_SECONDS: Final = 10.0  # for a workspace whose step failed by a bug of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one step in a workspace did: numbers for the log, and whether to look again at once."""

    counts: Mapping[str, object]
    again: bool


@dataclass(slots=True, kw_only=True)
class Rounds:
    """
    One step in each workspace where something waits.

    `done` and `failed` name the log's events. `step` returns None when somebody else is at the
    workspace.
    """

    done: str
    failed: str
    step: Callable[[uuid.UUID], Took | None]
    clock: Callable[[], float] = time.monotonic
    _not_before: dict[uuid.UUID, float] = field(default_factory=dict)

    def go(self, waiting: list[uuid.UUID]) -> bool:
        """Return True when there may be more at once."""
        # So that workers beside each other begin at different ends.
        random.shuffle(waiting)
        again = False
        for workspace_id in waiting:
            if self._not_before.get(workspace_id, 0) <= self.clock():
                again |= self._take(workspace_id)
        return again

    def _take(self, workspace_id: uuid.UUID) -> bool:
        began = time.perf_counter()
        try:
            took = self.step(workspace_id)
        except (OperationalError, InterfaceError):
            raise  # weather, and the loop's to mind
        except Exception:
            # One workspace's trouble must not keep the others waiting.
            logger.exception(self.failed, workspace_id=str(workspace_id))
            self._not_before[workspace_id] = self.clock() + AGAIN_AFTER_SECONDS
            return False
        if took is None:
            return False
        self._not_before.pop(workspace_id, None)
        logger.info(
            self.done,
            workspace_id=str(workspace_id),
            **took.counts,
            duration_ms=round((time.perf_counter() - began) * 1000),
        )
        return took.again
