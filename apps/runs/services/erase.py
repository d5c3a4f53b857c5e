"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from apps.core.erasure import erase_rows
from apps.runs.models import Approval, PendingUsage, Run, TaskRun

RUNS_AT_ONCE = 200


def has_uncounted_usage(*, workspace_id: uuid.UUID) -> bool:
    """Tell whether something of the workspace still has to be counted for its bill."""
    return PendingUsage.objects.filter(workspace_id=workspace_id).exists()


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace, whose leases are gone; return how many."""
    runs = Run.objects.for_workspace(workspace_id).order_by("created_at", "id")
    run_ids = list(runs.values_list("id", flat=True)[:RUNS_AT_ONCE])
    if not run_ids:
        # What was reported for runs that are gone already.
        return erase_rows((TaskRun,), workspace_id=workspace_id, limit=limit, key=("run_id", "id"))
    if rows := erase_task_runs(workspace_id=workspace_id, run_ids=run_ids, limit=limit):
        return rows
    questions = Approval.objects.filter(workspace_id=workspace_id, run_id__in=run_ids).delete()[0]
    return questions + Run.objects.filter(id__in=run_ids).delete()[0]


def erase_task_runs(*, workspace_id: uuid.UUID, run_ids: Sequence[uuid.UUID], limit: int) -> int:
    """Delete up to `limit` task runs of these runs; return how many."""
    # By run, as the key of task runs goes: no index finds them by their workspace.
    tasks = TaskRun.objects.filter(workspace_id=workspace_id, run_id__in=list(run_ids))
    some = list(tasks.values_list("id", flat=True)[:limit])
    return tasks.filter(id__in=some).delete()[0] if some else 0
