"""Events that tell of the world, and the world that was made of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.core.ids import uuid7
from apps.lineage import services
from apps.lineage.models import (
    Facet,
    Reading,
    Relation,
    Resource,
    SchemaSighting,
    SchemaVersion,
    Touch,
)
from apps.lineage.names import key_of
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, TelemetryBatch, object_payload
from apps.telemetry.items import Relation as Party
from apps.telemetry.items import Resource as Thing
from apps.tenancy.actors import WorkspaceRef
from tests.isolation import as_worker

# Within the window of events, and the same for all tests of a session.
START = datetime.now(tz=UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)


def party(role: str, kind: str, name: str, namespace: str | None = None) -> Party:
    return Party(role=role, kind=kind, name=name, namespace=namespace)


def event(
    name: str = "query.executed",
    *,
    minute: float = 0,
    resource: tuple[str, str | None, str] | None = None,
    related: Sequence[Party] = (),
    payload: dict[str, Any] | None = None,
    run_id: uuid.UUID | None = None,
    source: str | None = None,
) -> NewEvent:
    at = START + timedelta(minutes=minute)
    return NewEvent(
        id=uuid7(at),
        name=name,
        occurred_at=at,
        resource=None
        if resource is None
        else Thing(kind=resource[0], namespace=resource[1], name=resource[2]),
        related=list(related),
        payload=object_payload(payload or {}),
        run_id=run_id,
        source=source,
    )


def run_begins(run_id: uuid.UUID, deployment: uuid.UUID, flow: uuid.UUID, minute: int) -> NewEvent:
    """As `apps.runs` says it."""
    return event(
        "headway.run.running",
        minute=minute,
        resource=("run", None, str(run_id)),
        related=[
            party("flow", "flow", str(flow)),
            party("deployment", "deployment", str(deployment)),
        ],
        run_id=run_id,
    )


def store(workspace: WorkspaceRef, events: Sequence[NewEvent], now: datetime | None = None) -> None:
    telemetry.store_batch(
        workspace_id=workspace.id,
        batch=TelemetryBatch(events=events),
        now=now or START + timedelta(hours=6),
    )


def build(workspace: WorkspaceRef, limit: int = 2_000) -> int:
    """Take in what waits; return how many steps it took."""
    steps = 0
    with as_worker():
        while True:
            built = services.build_world(workspace_id=workspace.id, limit=limit)
            assert built is not None
            steps += 1
            if not built.more:
                return steps


def resource_id(workspace: WorkspaceRef, kind: str, namespace: str | None, name: str) -> uuid.UUID:
    return key_of(kind, namespace, name).id_in(workspace.id)


def edges(workspace: WorkspaceRef) -> set[tuple[str, str, str]]:
    """Return (from, role, to) by the names of their ends, kinds in front."""
    names = {
        each.id: f"{each.kind}:{each.name}" for each in Resource.objects.for_workspace(workspace.id)
    }
    rows = Relation.objects.filter(workspace_id=workspace.id)
    return {(names[each.from_id], each.role, names[each.to_id]) for each in rows}


def dump(workspace: WorkspaceRef) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of the world but those of runs, in one order."""
    return {
        model.__name__: sorted(
            (
                tuple(row.values())
                for row in model.objects.filter(workspace_id=workspace.id).values()
            ),
            key=repr,
        )
        for model in (
            Resource,
            Relation,
            Facet,
            Reading,
            SchemaVersion,
            SchemaSighting,
            Touch,
        )
    }
