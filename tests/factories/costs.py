"""Events that say what runs used, and the sums that were made of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.costs import services
from apps.costs.enums import CostKind, Unit
from apps.costs.models import DayUsage, Price, RunUsage
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, TelemetryBatch, object_payload
from apps.tenancy.actors import WorkspaceRef
from tests.isolation import as_worker


def llm_call(
    run_id: uuid.UUID | None,
    model: str | None = "acme-large",
    *,
    sent: object = 1_000,
    received: object = 100,
    at: datetime | None = None,
    **more: object,
) -> NewEvent:
    """A model's call as a span tells it; `more` by the rest of the attribute's name."""
    attributes: dict[str, object] = {
        "gen_ai.usage.input_tokens": sent,
        "gen_ai.usage.output_tokens": received,
        **{f"gen_ai.usage.{name.replace('__', '.')}": value for name, value in more.items()},
    }
    if model is not None:
        attributes["gen_ai.response.model"] = model
    return used("llm.called", {"attributes": attributes}, run_id=run_id, at=at)


def used(
    name: str,
    payload: dict[str, Any],
    *,
    run_id: uuid.UUID | None,
    at: datetime | None = None,
) -> NewEvent:
    at = at or utc_now()
    return NewEvent(
        id=uuid7(at), name=name, occurred_at=at, payload=object_payload(payload), run_id=run_id
    )


def store(workspace: WorkspaceRef, events: Sequence[NewEvent]) -> None:
    telemetry.store_batch(
        workspace_id=workspace.id, batch=TelemetryBatch(events=events), now=utc_now()
    )


def count(workspace: WorkspaceRef, *, limit: int = 5_000) -> int:
    """Take in what waits; return how many events that were."""
    events = 0
    with as_worker():
        while True:
            counted = services.count_costs(workspace_id=workspace.id, now=utc_now(), limit=limit)
            assert counted is not None
            events += counted.events
            if not counted.more:
                return events


def make_price(workspace: WorkspaceRef, **changes: Any) -> Price:
    """10 USD for a million input tokens of acme-large, unless told otherwise."""
    said = {
        "kind": CostKind.MODEL,
        "pattern": "acme-large",
        "unit": Unit.INPUT_TOKENS,
        "price": Decimal(10),
        "currency": "USD",
        "valid_from": date(2020, 1, 1),
        "now": utc_now(),
    }
    return services.create_price(workspace_id=workspace.id, **said | changes)


def run_usage(run_id: uuid.UUID) -> dict[tuple[str, str], Decimal]:
    """Return by subject and unit what the run used."""
    rows = RunUsage.objects.filter(run_id=run_id)
    return {(row.subject, row.unit): row.quantity for row in rows}


def day_usage(workspace: WorkspaceRef) -> dict[tuple[uuid.UUID, str, str], Decimal]:
    """Return by deployment, subject and unit what is in the sums, whatever the day."""
    found: dict[tuple[uuid.UUID, str, str], Decimal] = {}
    for row in DayUsage.objects.filter(workspace_id=workspace.id):
        place = row.deployment_id, row.subject, row.unit
        found[place] = found.get(place, Decimal(0)) + row.quantity
    return found
