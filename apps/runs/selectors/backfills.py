"""The runs of a backfill, and what those of before say about how long more of them take."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from statistics import mean, median

from django.db.models import Count

from apps.runs.enums import TYPE_OF, RunState, StateType
from apps.runs.models import Run, RunQuerySet
from apps.runs.state_machine import STATES_OF_TYPE

_LEARN_FROM = 50  # runs


def list_runs_of_backfill(
    *,
    workspace_id: uuid.UUID,
    backfill_id: uuid.UUID,
    state_type: StateType | None = None,
) -> RunQuerySet:
    """Return the runs that were made for a backfill, as rows."""
    found = Run.objects.for_workspace(workspace_id).filter(backfill_id=backfill_id)
    if state_type is not None:
        found = found.filter(state__in=sorted(STATES_OF_TYPE[state_type]))
    return found.for_rows()


def count_by_backfill(
    *, workspace_id: uuid.UUID, backfill_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Counter[StateType]]:
    """Return how many runs of each of these backfills are in which kind of state."""
    rows = (
        Run.objects.for_workspace(workspace_id)
        .filter(backfill_id__in=backfill_ids)
        .order_by()
        .values_list("backfill_id", "state")
        .annotate(count=Count("id"))
    )
    counts: dict[uuid.UUID, Counter[StateType]] = {id_: Counter() for id_ in backfill_ids}
    for backfill_id, state, count in rows:
        if backfill_id is not None:
            counts[backfill_id][TYPE_OF[RunState(state)]] += count
    return counts


def count_unfinished_of_backfill(*, workspace_id: uuid.UUID, backfill_id: uuid.UUID) -> int:
    """Return how many runs of a backfill have not ended."""
    found = Run.objects.for_workspace(workspace_id).filter(backfill_id=backfill_id, ended_at=None)
    return found.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRuns:
    """What the newest successful runs of a deployment, or of a backfill, took."""

    runs: int
    seconds_each: float | None  # the median
    task_runs_each: float | None  # the mean of those that completed


def past_runs(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID, backfill_id: uuid.UUID | None = None
) -> PastRuns:
    """Return what one more run of the deployment will take, as far as its last ones tell."""
    found = Run.objects.for_workspace(workspace_id).filter(
        deployment_id=deployment_id, state=RunState.COMPLETED.value
    )
    if backfill_id is not None:
        found = found.filter(backfill_id=backfill_id)
    newest = list(
        found.order_by("-created_at", "-id").only(
            "created_at", "started_at", "ended_at", "task_counts"
        )[:_LEARN_FROM]
    )
    seconds = [run.duration.total_seconds() for run in newest if run.duration is not None]
    tasks = [(run.task_counts or {}).get(StateType.COMPLETED.value, 0) for run in newest]
    return PastRuns(
        runs=len(newest),
        seconds_each=median(seconds) if seconds else None,
        task_runs_each=mean(tasks) if tasks else None,
    )
