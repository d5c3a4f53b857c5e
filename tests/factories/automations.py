"""Rules, and events for them, made through the services that make them in production."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.automations import services
from apps.automations.models import Automation
from apps.automations.services import Evaluated
from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import services as telemetry
from apps.telemetry.items import (
    NewEvent,
    NewPoint,
    Relation,
    Resource,
    TelemetryBatch,
    object_payload,
)
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from tests.isolation import as_worker

ON_FAILURE = {"type": "event", "match": {"name": ["job.failed"]}}


def make_automation(
    workspace: WorkspaceRef,
    trigger: dict[str, Any] | None = None,
    actions: Sequence[dict[str, Any]] = (),
    *,
    now: datetime | None = None,
    **changes: Any,
) -> Automation:
    """A rule without actions on `job.failed`, unless told otherwise."""
    with workspace_scope(workspace.id):
        return services.create_automation(
            **{
                "workspace_id": workspace.id,
                "name": "watch",
                "trigger": trigger or ON_FAILURE,
                "actions": list(actions),
                "created_by": None,
                "now": now or utc_now(),
            }
            | changes
        )


def event(name: str = "job.failed", at: datetime | None = None, **changes: Any) -> dict[str, Any]:
    """An event as a dictionary; `resource` may be a name."""
    resource = changes.pop("resource", None)
    if isinstance(resource, str):
        resource = {"kind": "table", "name": resource}
    return {
        "id": uuid7(),
        "name": name,
        "occurred_at": at or utc_now(),
        "resource": resource,
        "payload": {},
    } | changes


def put(workspace: WorkspaceRef, *events: dict[str, Any], now: datetime | None = None) -> None:
    """Store the events as one batch."""
    batch = TelemetryBatch(
        events=[
            NewEvent(
                id=each["id"],
                name=each["name"],
                occurred_at=each["occurred_at"],
                resource=None if each["resource"] is None else Resource(**each["resource"]),
                related=[Relation(**relation) for relation in each.get("related", ())],
                payload=object_payload(each["payload"]),
                run_id=each.get("run_id"),
                source=each.get("source"),
            )
            for each in events
        ]
    )
    with workspace_scope(workspace.id):
        outcome = telemetry.store_batch(
            workspace_id=workspace.id, batch=batch, now=now or utc_now()
        )
    assert not outcome.rejected, outcome.rejected


def evaluate(
    workspace: WorkspaceRef, now: datetime | None = None, **limits: int
) -> list[Evaluated]:
    """Let an evaluator work until there is nothing left."""
    done = []
    with as_worker():
        while True:
            one = services.evaluate_workspace(
                workspace_id=workspace.id, now=now or utc_now(), **limits
            )
            assert one is not None
            done.append(one)
            if not one.more:
                return done


def evaluate_and_die(workspace: WorkspaceRef, now: datetime, **limits: int) -> None:
    """Let an evaluator be killed at the last moment before its commit."""
    with as_worker(), transaction.atomic():
        services.evaluate_workspace(workspace_id=workspace.id, now=now, **limits)
        transaction.set_rollback(True)


def put_points(
    workspace: WorkspaceRef,
    points: Sequence[tuple[datetime, float]],
    *,
    name: str = "lag",
    now: datetime | None = None,
    rolled_up: bool = True,
    **labels: str,
) -> None:
    """Store (when, value) of a metric as one batch, by its last point's time; roll it up."""
    now = now or max(at for at, _ in points)
    batch = TelemetryBatch(
        points=[
            NewPoint(name=name, occurred_at=at, value=value, id=uuid7(at), labels=labels)
            for at, value in points
        ]
    )
    with workspace_scope(workspace.id):
        outcome = telemetry.store_batch(workspace_id=workspace.id, batch=batch, now=now)
    assert not outcome.rejected, outcome.rejected
    if rolled_up:
        roll_up()


def roll_up() -> None:
    with as_worker():
        while telemetry.merge_pending_batches():
            pass
