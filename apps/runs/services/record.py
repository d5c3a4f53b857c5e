"""Leave the traces of run moves: transition rows, events, and a wake for those who wait."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from django.db import connection

from apps.core.clock import utc_now
from apps.core.ids import derived_uuid7
from apps.core.wakeups import notify, notify_each
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.runs.state_machine import WAITING
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Relation, Resource, Transition, object_payload

EVENT_SOURCE = "headway"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One state that a run took. `run` is the row as it stands after the last of its moves."""

    run: Run
    state: RunState
    occurred_at: datetime
    epoch: int
    message: str = ""

    @cached_property
    def id(self) -> uuid.UUID:
        """Of its transition and of its event."""
        return move_id(self.run.id, self.state, self.occurred_at, self.epoch)


def record_moves(moves: Sequence[Move]) -> None:
    """
    Write transitions and `headway.run.<state>` events, and wake the pools of what now waits.

    Belongs into the transaction of the UPDATE that moved the runs.
    """
    by_workspace: dict[uuid.UUID, list[Move]] = defaultdict(list)
    for move in moves:
        by_workspace[move.run.workspace_id].append(move)
    told = {
        workspace_id: ([_transition(move) for move in its], [_event(move) for move in its])
        for workspace_id, its in by_workspace.items()
    }
    if len(told) == 1:
        ((workspace_id, (transitions, events)),) = told.items()
        telemetry.record_told(
            workspace_id=workspace_id, transitions=transitions, events=events, now=utc_now()
        )
    elif told:
        telemetry.record_told_in_many(told=told, now=utc_now())
    _wake(moves)


def record_evidence(*, run: Run, state: RunState, occurred_at: datetime, epoch: int) -> None:
    """Keep a report that changed nothing, so that people can see what its sender believed."""
    telemetry.record_transitions(
        workspace_id=run.workspace_id,
        transitions=[
            Transition(
                run_id=run.id,
                state=state.value,
                occurred_at=occurred_at,
                epoch=epoch,
                superseded=True,
                id=move_id(run.id, state, occurred_at, epoch),
            )
        ],
    )


def _transition(move: Move) -> Transition:
    return Transition(
        run_id=move.run.id,
        state=move.state.value,
        occurred_at=move.occurred_at,
        epoch=move.epoch,
        message=move.message,
        id=move.id,
    )


def move_id(run_id: uuid.UUID, state: RunState, occurred_at: datetime, epoch: int) -> uuid.UUID:
    """Return the id of this move's transition and event; a repeated report makes no second one."""
    return derived_uuid7(occurred_at, str(run_id), str(epoch), state.value)


def _event(move: Move) -> NewEvent:
    run = move.run
    payload: dict[str, object] = {
        "name": run.name,
        "state": move.state.value,
        "attempt": run.attempt,
        "epoch": move.epoch,
    }
    if move.message:
        payload["message"] = move.message
    if run.is_finished and move.state == run.state:
        payload |= {"duration_ms": run.duration_ms, "cause": run.cause}
        if run.error is not None:
            payload["error"] = {name: run.error.get(name) for name in ("type", "message")}
    return NewEvent(
        id=move.id,
        name=f"headway.run.{move.state.value.lower()}",
        occurred_at=move.occurred_at,
        resource=Resource(kind="run", name=str(run.id)),
        related=_related(run.flow_id, run.deployment_id, run.pool_id),
        payload=object_payload(payload),
        run_id=run.id,
        source=EVENT_SOURCE,
    )


@lru_cache(maxsize=4_096)
def _related(
    flow_id: uuid.UUID, deployment_id: uuid.UUID | None, pool_id: uuid.UUID | None
) -> list[Relation]:
    related = [Relation(role="flow", kind="flow", name=str(flow_id))]
    if deployment_id is not None:
        related.append(Relation(role="deployment", kind="deployment", name=str(deployment_id)))
    if pool_id is not None:
        related.append(Relation(role="pool", kind="pool", name=str(pool_id)))
    return related


def _wake(moves: Iterable[Move]) -> None:
    """
    Wake who may claim the runs. Watchers of runs are not woken, they look each second: commits
    that notify wait for each other, so only what shortens somebody's wait to start does it.
    """
    runs = {move.run.id: move.run for move in moves}
    waiting = [run for run in runs.values() if run.state in WAITING and run.pool_id is not None]
    if not waiting:
        return
    # A run for later wakes nobody now; the scheduler wakes its pool when it comes due.
    written_at = max(run.changed_at for run in waiting)
    pools = {run.pool_id for run in waiting if run.scheduled_for <= written_at}
    if pools:
        notify_each("pool", pools)
    if any(run.scheduled_for > written_at for run in waiting):
        notify("schedules", "all")


def returning_runs(sql: str, parameters: Sequence[object] | Mapping[str, object]) -> list[Run]:
    """Run an `UPDATE runs_run … RETURNING runs_run.*` and return the rows as they now are."""
    assert connection.in_atomic_block, "a move and its traces belong into one transaction"
    return list(Run.objects.raw(sql, parameters))
