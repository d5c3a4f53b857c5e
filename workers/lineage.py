"""The loop that puts events into the world view."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError

from apps.flows import selectors as flows
from apps.lineage import services as lineage
from workers.loop import Loop

logger = structlog.get_logger(__name__)
IDLE_SECONDS = 0.5  # nobody notifies it: commits that notify wait for each other
AGAIN_AFTER_SECONDS = 10.0  # for a workspace whose events failed by a bug of ours


class Builder:
    """Takes one step in each workspace where events wait, then looks again."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._not_before: dict[uuid.UUID, float] = {}

    def step(self) -> bool:
        """Return True when there may be more at once."""
        waiting = lineage.workspaces_with_work()
        # So that workers beside each other begin at different ends.
        random.shuffle(waiting)
        more = False
        for workspace_id in waiting:
            if self._not_before.get(workspace_id, 0) <= self._clock():
                more |= self._build(workspace_id)
        return more

    def _build(self, workspace_id: uuid.UUID) -> bool:
        began = time.perf_counter()
        try:
            built = lineage.build_world(workspace_id=workspace_id)
            if built is None:
                return False
            # What deployments and flows are called is known above the world, not in it.
            lineage.name_resources(
                workspace_id=workspace_id,
                names=flows.names_of(workspace_id=workspace_id, things=built.unnamed),
            )
        except (OperationalError, InterfaceError):
            raise  # weather, and the loop's to mind
        except Exception:
            # One workspace's trouble must not keep the others waiting.
            logger.exception("world.failed", workspace_id=str(workspace_id))
            self._not_before[workspace_id] = self._clock() + AGAIN_AFTER_SECONDS
            return False
        self._not_before.pop(workspace_id, None)
        logger.info(
            "world.built",
            workspace_id=str(workspace_id),
            events=built.events,
            resources=built.resources,
            relations=built.relations,
            more=built.more,
            duration_ms=round((time.perf_counter() - began) * 1000),
        )
        return built.more


def loops() -> list[Loop]:
    return [Loop(name="lineage", step=Builder().step, idle_seconds=IDLE_SECONDS)]
