"""Reads of what became of runs and task runs, in order."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from apps.core.ids import uuid7_floor
from apps.telemetry.acceptance import NIL
from apps.telemetry.models import RunTransition

TRANSITION_ORDER: Final = ("id",)


def list_transitions(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, task_run_id: uuid.UUID | None = None
) -> QuerySet[RunTransition]:
    """Return the transitions of a run, or of one of its task runs; paged by TRANSITION_ORDER."""
    return RunTransition.objects.for_workspace(workspace_id).filter(
        run_id=run_id, task_run_id=task_run_id or NIL
    )


def transition_item(transition: RunTransition) -> dict[str, object]:
    """Render a transition as the API shows it, but for `state_type`, which runs know."""
    return {
        "id": transition.id,
        "state": transition.state,
        "occurred_at": transition.occurred_at,
        "received_at": transition.received_at,
        "epoch": transition.epoch,
        "superseded": transition.superseded,
        "message": transition.message,
        "task_run_id": None if transition.task_run_id == NIL else transition.task_run_id,
    }


def transitions_of_runs(
    *, workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID]
) -> QuerySet[RunTransition]:
    """Return all transitions of these runs and of their task runs."""
    return RunTransition.objects.for_workspace(workspace_id).filter(run_id__in=run_ids)


def own_transitions_of_runs(
    *, workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID], since: datetime
) -> QuerySet[RunTransition]:
    """Return what counted of the runs' own transitions since then, each run's together in order."""
    return (
        RunTransition.objects.for_workspace(workspace_id)
        .filter(run_id__in=run_ids, task_run_id=NIL, superseded=False, id__gte=uuid7_floor(since))
        .order_by("run_id", "occurred_at", "id")
    )
