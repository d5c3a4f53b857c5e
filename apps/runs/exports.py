"""What of runs goes into an export."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of, export_of_children
from apps.runs.models import Approval, Run, TaskRun
from apps.telemetry import selectors as telemetry

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "runs",
        lambda owner: Run.objects.for_workspace(owner),
        key=("created_at", "id"),
        fields=(
            "id",
            "created_at",
            "flow_id",
            "deployment_id",
            "schedule_id",
            "due_at",
            "pool_id",
            "queue_id",
            "parent_run_id",
            "parent_task_run_id",
            "name",
            "source",
            "created_by",
            "tags",
            "parameters",
            "priority",
            "state",
            "state_at",
            "epoch",
            "attempt",
            "scheduled_for",
            "started_at",
            "ended_at",
            "error",
            "cause",
            "task_counts",
            "agent_id",
            "agent_name",
            "agent_host",
            "deployment_version",
            "backfill_id",
            "copied_from_id",
            "note",
            "waits_on",
            "resumes",
            "crashed_starts",
        ),
    ),
    export_of(
        "approvals",
        lambda owner: Approval.objects.for_workspace(owner),
        key=("created_at", "id"),
        fields=(
            *("id", "created_at", "run_id", "key", "title", "message", "form", "state"),
            *("expires_at", "answer", "comment", "answered_by", "answered_at"),
        ),
    ),
    export_of_children(
        "task_runs",
        lambda owner: Run.objects.for_workspace(owner),
        lambda owner, runs: TaskRun.objects.filter(workspace_id=owner, run_id__in=runs),
        key=("run_id", "id"),
        fields=(
            "id",
            "run_id",
            "task_name",
            "name",
            "state",
            "attempt",
            "map_index",
            "epoch",
            "sequence",
            "started_at",
            "ended_at",
            "depends_on",
            "error",
        ),
    ),
    export_of_children(
        "transitions",
        lambda owner: Run.objects.for_workspace(owner),
        lambda owner, runs: telemetry.transitions_of_runs(workspace_id=owner, run_ids=runs),
        key=("run_id", "task_run_id", "id"),
        fields=(
            "id",
            "run_id",
            "task_run_id",
            "state",
            "occurred_at",
            "received_at",
            "epoch",
            "superseded",
            "message",
        ),
    ),
)
