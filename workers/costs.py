"""The loop that takes what events say of use into the sums."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError

from apps.core.clock import utc_now
from apps.costs import services as costs
from workers.loop import Loop

logger = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0  # nobody notifies it, and nobody waits for it
AGAIN_AFTER_SECONDS = 10.0  # for a workspace whose events failed by a bug of ours


class Counter:
    """Takes one step in each workspace where events wait, then looks again."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._not_before: dict[uuid.UUID, float] = {}

    def step(self) -> bool:
        """Return True when there may be more at once."""
        waiting = costs.workspaces_with_work()
        # So that workers beside each other begin at different ends.
        random.shuffle(waiting)
        more = False
        for workspace_id in waiting:
            if self._not_before.get(workspace_id, 0) <= self._clock():
                more |= self._count(workspace_id)
        return more

    def _count(self, workspace_id: uuid.UUID) -> bool:
        began = time.perf_counter()
        try:
            counted = costs.count_costs(workspace_id=workspace_id, now=utc_now())
        except (OperationalError, InterfaceError):
            raise  # weather, and the loop's to mind
        except Exception:
            # One workspace's trouble must not keep the others waiting.
            logger.exception("costs.failed", workspace_id=str(workspace_id))
            self._not_before[workspace_id] = self._clock() + AGAIN_AFTER_SECONDS
            return False
        if counted is None:
            return False
        self._not_before.pop(workspace_id, None)
        logger.info(
            "costs.counted",
            workspace_id=str(workspace_id),
            events=counted.events,
            rows=counted.rows,
            more=counted.more,
            duration_ms=round((time.perf_counter() - began) * 1000),
        )
        return counted.more


def loops() -> list[Loop]:
    return [Loop(name="costs", step=Counter().step, idle_seconds=IDLE_SECONDS)]
