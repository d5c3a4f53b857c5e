"""What the log of changes keeps of deployments and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.flows.enums import MissedPolicy
from apps.tenancy import audit

if TYPE_CHECKING:
    from apps.flows.models import Deployment, Schedule

_COLUMNS = (
    *("pool_id", "queue_id", "description", "entrypoint", "path", "parameters", "tags", "version"),
    *("timeout_seconds", "retries", "retry_delay_seconds", "bundle_id", "requirements"),
    *("cpu_units", "memory_mb", "code", "job_settings", "paused", "owners", "overlap"),
)


def of_deployment(deployment: Deployment) -> dict[str, object]:
    """Return what a change of the deployment is told by; of the schema only its parameters."""
    told: dict[str, object] = {name: getattr(deployment, name) for name in _COLUMNS}
    return told | {"parameter_schema": sorted(deployment.parameter_schema.get("properties") or ())}


def of_schedule(schedule: Schedule) -> dict[str, object]:
    """Return what a change of the schedule is told by."""
    return {
        "name": schedule.name,
        "when": schedule.when,
        "jitter_seconds": schedule.jitter_seconds,
        "missed": (
            f"{schedule.missed_policy}, at most {schedule.missed_cap}"
            if schedule.missed_policy == MissedPolicy.ALL
            else schedule.missed_policy
        ),
        "anchor_at": schedule.anchor_at,
        "timezone": schedule.timezone,
        "parameters": schedule.parameters,
        "paused": schedule.paused_at is not None,
    }


def of_schedules(deployment: Deployment) -> list[dict[str, object]]:
    """Return the same of all that the deployment has."""
    return [of_schedule(each) for each in deployment.schedules.order_by("created_at", "id")]


def record_deployment(
    action: str,
    deployment: Deployment,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(
            kind="deployment",
            id=deployment.id,
            name=f"{deployment.flow.name}/{deployment.name}",
        ),
        before=before,
        after=after,
        workspace_id=deployment.workspace_id,
    )


def record_schedule(
    action: str,
    schedule: Schedule,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    deployment = schedule.deployment
    audit.record(
        action=action,
        target=audit.Object(
            kind="schedule", id=schedule.id, name=f"{deployment.flow.name}/{deployment.name}"
        ),
        before=before,
        after=after,
        workspace_id=schedule.workspace_id,
    )
