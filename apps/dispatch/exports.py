"""What of pools, agents and leases goes into an export."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.dispatch.models import Agent, Lease, Pool, Queue

KEY = ("created_at", "id")
WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "pools",
        lambda owner: Pool.objects.for_workspace(owner),
        key=KEY,
        fields=("id", "created_at", "name", "kind", "paused_at"),
    ),
    export_of(
        "queues",
        lambda owner: Queue.objects.filter(workspace_id=owner),
        key=KEY,
        fields=("id", "created_at", "pool_id", "name", "priority", "paused_at"),
    ),
    export_of(
        "agents",
        lambda owner: Agent.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "pool_id",
            "name",
            "host",
            "pid",
            "version",
            "labels",
            "capacity",
            "last_seen_at",
        ),
    ),
    export_of(
        "leases",
        lambda owner: Lease.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "run_id",
            "epoch",
            "agent_id",
            "holder",
            "ended_at",
            "ended_by",
        ),
    ),
)
