"""The loop that takes what events say of use into the sums."""

from __future__ import annotations

import uuid

from apps.core.clock import utc_now
from apps.costs import services as costs
from workers.loop import Loop
from workers.rounds import Rounds, Took

IDLE_SECONDS = 1.0  # nobody notifies it, and nobody waits for it


class Counter:
    """Counts what runs used, in each workspace where events wait."""

    def __init__(self) -> None:
        self._rounds = Rounds(done="costs.counted", failed="costs.failed", step=_count)

    def step(self) -> bool:
        """Return True when there may be more at once."""
        return self._rounds.go(costs.workspaces_with_work())


def _count(workspace_id: uuid.UUID) -> Took | None:
    counted = costs.count_costs(workspace_id=workspace_id, now=utc_now())
    if counted is None:
        return None
    return Took(
        counts={"events": counted.events, "rows": counted.rows, "more": counted.more},
        again=counted.more,
    )


def loops() -> list[Loop]:
    return [Loop(name="costs", step=Counter().step, idle_seconds=IDLE_SECONDS)]
