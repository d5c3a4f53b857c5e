"""Reads of backfills: how far they are, and what each part became."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from apps.dispatch.enums import BackfillState
from apps.dispatch.errors import BackfillNotFound
from apps.dispatch.models import Backfill, BackfillPart, BackfillQuerySet
from apps.dispatch.parts import seconds_for
from apps.runs import selectors as runs
from apps.runs.enums import StateType

ENDED = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED})


def list_backfills(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID | None = None
) -> BackfillQuerySet:
    """Return the workspace's backfills with their deployments."""
    found = Backfill.objects.for_workspace(workspace_id).select_related("deployment__flow")
    return found if deployment_id is None else found.filter(deployment_id=deployment_id)


def get_backfill(*, workspace_id: uuid.UUID, backfill_id: uuid.UUID) -> Backfill:
    """Raises: BackfillNotFound."""
    found = list_backfills(workspace_id=workspace_id).filter(pk=backfill_id).first()
    if found is None:
        raise BackfillNotFound("There is no such backfill.", backfill_id=str(backfill_id))
    return found


def list_parts(*, backfill: Backfill, state: StateType | None = None) -> QuerySet[BackfillPart]:
    """Return the parts of a backfill; with `state`, those whose runs are in such a state now."""
    parts = BackfillPart.objects.filter(workspace_id=backfill.workspace_id, backfill=backfill)
    if state is None:
        return parts
    found = runs.list_runs_of_backfill(
        workspace_id=backfill.workspace_id, backfill_id=backfill.id, state_type=state
    )
    return parts.filter(run_id__in=found.values("id"))


def list_unmade_parts(*, backfill: Backfill) -> QuerySet[BackfillPart]:
    """Return the parts of a backfill that have no run yet."""
    return list_parts(backfill=backfill).filter(run_id=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a backfill is. `made` counts runs that were dropped for their age, `counts` not."""

    made: int
    counts: Counter[StateType]
    progress: float  # of its parts, how many have come to an end: 0 to 1


def progress_of(
    *, workspace_id: uuid.UUID, backfills: Sequence[Backfill]
) -> dict[uuid.UUID, Progress]:
    """Return how far each of these backfills is."""
    ids = [backfill.id for backfill in backfills]
    counts = runs.count_by_backfill(workspace_id=workspace_id, backfill_ids=ids)
    unmade = dict(
        BackfillPart.objects.filter(workspace_id=workspace_id, backfill_id__in=ids, run_id=None)
        .order_by()
        .values_list("backfill_id")
        .annotate(count=Count("id"))
    )
    found = {}
    for backfill in backfills:
        made = backfill.parts_total - unmade.get(backfill.id, 0)
        its = counts[backfill.id]
        unfinished = sum(count for kind, count in its.items() if kind not in ENDED)
        found[backfill.id] = Progress(
            made=made, counts=its, progress=(made - unfinished) / backfill.parts_total
        )
    return found


def seconds_left(*, backfill: Backfill, progress: Progress) -> float | None:
    """Return how long the rest takes if it goes on as it went; None when nobody can know."""
    if backfill.state != BackfillState.RUNNING:
        return None
    workspace_id, deployment_id = backfill.workspace_id, backfill.deployment_id
    past = runs.past_runs(
        workspace_id=workspace_id, deployment_id=deployment_id, backfill_id=backfill.id
    )
    if not past.runs:
        past = runs.past_runs(workspace_id=workspace_id, deployment_id=deployment_id)
    left = round(backfill.parts_total * (1 - progress.progress))
    return seconds_for(parts=left, concurrency=backfill.concurrency, seconds_each=past.seconds_each)
