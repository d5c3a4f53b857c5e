"""What of flows goes into an export."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.flows.models import CodeBundle, Deployment, DeploymentVersion, Flow, Schedule

KEY = ("created_at", "id")
WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "flows",
        lambda owner: Flow.objects.for_workspace(owner),
        key=KEY,
        fields=("id", "created_at", "name", "description"),
    ),
    export_of(
        "bundles",
        lambda owner: CodeBundle.objects.for_workspace(owner),
        key=KEY,
        fields=("id", "created_at", "sha256", "size_bytes", "files"),
    ),
    export_of(
        "deployments",
        lambda owner: Deployment.objects.for_workspace(owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "flow_id",
            "flow__name",
            "pool_id",
            "queue_id",
            "name",
            "description",
            "entrypoint",
            "path",
            "bundle_id",
            "requirements",
            "cpu_units",
            "memory_mb",
            "parameters",
            "parameter_schema",
            "tags",
            "version",
            "paused_at",
            "timeout_seconds",
            "retries",
            "retry_delay_seconds",
            "code",
            "version_number",
            "owners",
            "job_settings",
            "overlap",
            "updated_at",
            "deleted_at",
        ),
    ),
    export_of(
        "deployment_versions",
        lambda owner: DeploymentVersion.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            *("id", "created_at", "deployment_id", "number", "label", "spec", "bundle_id"),
            *("created_by", "of_number"),
        ),
    ),
    export_of(
        "schedules",
        lambda owner: Schedule.objects.for_workspace(owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "deployment_id",
            "kind",
            "cron",
            "interval_seconds",
            "anchor_at",
            "timezone",
            "parameters",
            "paused_at",
            "rrule",
            "once_at",
            "name",
            "jitter_seconds",
            "missed_policy",
            "missed_cap",
            "next_at",
            "fault",
        ),
    ),
)
