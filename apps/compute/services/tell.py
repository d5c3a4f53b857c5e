"""What everybody may hear of managed tasks: `headway.compute.*` events of their runs."""

from __future__ import annotations

from datetime import datetime

from apps.compute.models import ManagedTask
from apps.core.ids import derived_uuid7
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Relation, Resource, object_payload


def tell_launched(task: ManagedTask, *, external_id: str, now: datetime) -> None:
    """Say that the backend has the task. Belongs into the transaction that writes it down."""
    _tell(task, "launched", {"external_id": external_id}, now)


def tell_stopped(task: ManagedTask, *, now: datetime) -> None:
    """Say that the task ended, and why. Belongs into the transaction that writes it down."""
    usage = task.usage
    _tell(
        task,
        "stopped",
        {
            "exit_code": task.exit_code,
            "cause": task.cause,
            "reason": task.stop_reason,
            "managed_seconds": usage.managed_seconds if usage else 0,
            "vcpu_seconds": usage.vcpu_seconds if usage else 0,
            "gb_seconds": usage.gb_seconds if usage else 0,
        },
        now,
    )


def _tell(task: ManagedTask, what: str, payload: dict[str, object], now: datetime) -> None:
    event = NewEvent(
        id=derived_uuid7(task.requested_at, task.token, what),
        name=f"headway.compute.{what}",
        occurred_at=now,
        resource=Resource(kind="run", name=str(task.run_id)),
        related=[Relation(role="deployment", kind="deployment", name=str(task.deployment_id))],
        payload=object_payload(
            {
                "epoch": task.epoch,
                "backend": task.backend,
                "cpu": task.cpu_units / 1_024,
                "memory_mb": task.memory_mb,
                **payload,
            }
        ),
        run_id=task.run_id,
        source="headway",
    )
    telemetry.emit(workspace_id=task.workspace_id, events=[event], now=now)
