"""The loop that puts events into the world view."""

from __future__ import annotations

import uuid

from apps.flows import selectors as flows
from apps.lineage import services as lineage
from workers.loop import Loop
from workers.rounds import Rounds, Took

IDLE_SECONDS = 0.5  # nobody notifies it: commits that notify wait for each other


class Builder:
    """Builds the world of each workspace where events wait."""

    def __init__(self) -> None:
        self._rounds = Rounds(done="world.built", failed="world.failed", step=_build)

    def step(self) -> bool:
        """Return True when there may be more at once."""
        return self._rounds.go(lineage.workspaces_with_work())


def _build(workspace_id: uuid.UUID) -> Took | None:
    built = lineage.build_world(workspace_id=workspace_id)
    if built is None:
        return None
    # What deployments and flows are called is known above the world, not in it.
    lineage.name_resources(
        workspace_id=workspace_id,
        names=flows.names_of(workspace_id=workspace_id, things=built.unnamed),
    )
    return Took(
        counts={
            "events": built.events,
            "resources": built.resources,
            "relations": built.relations,
            "more": built.more,
        },
        again=built.more,
    )


def loops() -> list[Loop]:
    return [Loop(name="lineage", step=Builder().step, idle_seconds=IDLE_SECONDS)]
