"""What of managed tasks goes into an export."""

from __future__ import annotations

from typing import Final

from apps.compute.models import ManagedTask
from apps.core.exports import ExportKind, export_of

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "managed_tasks",
        lambda owner: ManagedTask.objects.for_workspace(owner),
        key=("created_at", "id"),
        fields=(
            "id",
            "created_at",
            "run_id",
            "epoch",
            "deployment_id",
            "backend",
            "cpu_units",
            "memory_mb",
            "state",
            "requested_at",
            "launched_at",
            "started_at",
            "stopped_at",
            "exit_code",
            "cause",
        ),
    ),
)
