"""How long runs executed: their own transitions, added up."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.runs.state_machine import FINISHED
from apps.telemetry import selectors as telemetry

# In these there is a process. Before them, in PENDING, it is only about to begin.
_AT_WORK: Final = frozenset(
    {
        RunState.RUNNING,
        RunState.RETRYING,
        RunState.PAUSED,
        RunState.AWAITING_APPROVAL,
        RunState.CANCELLING,
    }
)
_AFTER: Final = FINISHED | {RunState.AWAITING_RETRY, RunState.SUSPENDED}
_BEFORE: Final = timedelta(days=1)  # clocks of executors may be off


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """Whose a run is, and how long it executed in all its attempts, by the day it did until."""

    flow_id: uuid.UUID
    deployment_id: uuid.UUID | None
    pool_id: uuid.UUID | None
    executed: dict[date, timedelta] = field(default_factory=dict)


def measure_runs(
    *, workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID], ended: Collection[uuid.UUID]
) -> dict[uuid.UUID, MeasuredRun]:
    """
    Return those of the runs that are there; how long they executed, of those that `ended`.

    Two queries, however many runs.
    """
    if not run_ids:
        return {}
    rows = Run.objects.for_workspace(workspace_id).filter(id__in=run_ids)
    found: dict[uuid.UUID, MeasuredRun] = {}
    since: list[datetime] = []
    for run_id, flow_id, deployment_id, pool_id, created_at, started_at in rows.values_list(
        "id", "flow_id", "deployment_id", "pool_id", "created_at", "started_at"
    ):
        found[run_id] = MeasuredRun(flow_id=flow_id, deployment_id=deployment_id, pool_id=pool_id)
        if run_id in ended:
            since.append(min(created_at, started_at or created_at))
    if not since:
        return found
    moves = telemetry.own_transitions_of_runs(
        workspace_id=workspace_id,
        run_ids=[run_id for run_id in ended if run_id in found],
        since=min(since) - _BEFORE,
    ).values_list("run_id", "state", "occurred_at")
    for run_id, its in groupby(moves, key=lambda move: move[0]):
        found[run_id].executed.update(_executed((state, at) for _, state, at in its))
    return found


def _in_order(move: tuple[str, datetime]) -> tuple[datetime, bool, bool]:
    """Moves of one moment: what waits comes before work, and work before its end."""
    state, at = move
    return at, state in _AFTER, state in _AT_WORK


def _executed(moves: Iterable[tuple[str, datetime]]) -> dict[date, timedelta]:
    found: dict[date, timedelta] = {}
    since: datetime | None = None
    for state, at in sorted(moves, key=_in_order):
        if since is not None:
            found[at.date()] = found.get(at.date(), timedelta()) + (at - since)
        since = at if state in _AT_WORK else None
    return found
