"""What of pools, agents and leases goes into an export."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.dispatch.models import (
    Agent,
    Backfill,
    BackfillPart,
    ConcurrencyLimit,
    ConcurrencySlot,
    Lease,
    Pool,
    Queue,
    ServiceLevel,
    ServiceLevelBreach,
)

KEY = ("created_at", "id")
WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "pools",
        lambda owner: Pool.objects.for_workspace(owner),
        key=KEY,
        fields=("id", "created_at", "name", "kind", "paused_at", "job_defaults"),
    ),
    export_of(
        "queues",
        lambda owner: Queue.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            *("id", "created_at", "pool_id", "name", "priority", "is_default", "paused_at"),
            "deleted_at",
        ),
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
            "draining_at",
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
    export_of(
        "limits",
        lambda owner: ConcurrencyLimit.objects.for_workspace(owner),
        key=KEY,
        fields=(
            *("id", "created_at", "kind", "key", "slots", "per_minute", "free_at"),
            *("made_by_code", "updated_at"),
        ),
    ),
    export_of(
        "slots",
        lambda owner: ConcurrencySlot.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            *("id", "created_at", "limit_id", "lease_id", "run_id", "amount"),
            *("granted_at", "asked_at"),
        ),
    ),
    export_of(
        "backfills",
        lambda owner: Backfill.objects.for_workspace(owner),
        key=KEY,
        fields=(
            *("id", "created_at", "deployment_id", "name", "state", "parameter", "parameters"),
            *("priority", "concurrency", "parts_total", "since", "until", "created_by"),
            "ended_at",
        ),
    ),
    export_of(
        "backfill_parts",
        lambda owner: BackfillPart.objects.filter(workspace_id=owner),
        key=KEY,
        fields=("id", "created_at", "backfill_id", "position", "key", "run_id"),
    ),
    export_of(
        "service_levels",
        lambda owner: ServiceLevel.objects.for_workspace(owner),
        key=KEY,
        fields=(
            *("id", "created_at", "deployment_id", "kind", "seconds", "time_of_day"),
            *("weekdays", "timezone", "paused_at", "next_check_at"),
        ),
    ),
    export_of(
        "service_level_breaches",
        lambda owner: ServiceLevelBreach.objects.filter(workspace_id=owner),
        key=KEY,
        fields=("id", "created_at", "level_id", "due_at", "run_id"),
    ),
)
