"""Tell what was spent, as points of metrics."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

import structlog

from apps.core.ids import uuid7
from apps.costs.enums import COST_METRIC, CostKind
from apps.costs.models import NOBODY
from apps.costs.pricing import amount_of
from apps.costs.selectors import get_book
from apps.flows import selectors as flows
from apps.telemetry import limits
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewPoint, TelemetryBatch

logger = structlog.get_logger(__name__)
TOKENS: Final = "headway.cost.tokens"
NO_DEPLOYMENT: Final = "none"


@dataclass(frozen=True, slots=True)
class Spent:
    """What came to the sums of one day."""

    day: date
    deployment_id: uuid.UUID
    kind: str
    subject: str
    unit: str
    quantity: Decimal


def tell_spent(*, workspace_id: uuid.UUID, spent: Sequence[Spent], now: datetime) -> None:
    """
    Store points of what was spent.

    A point stands at the time at which it was counted, whenever it was spent: what comes late is in
    the chart of now, and nothing that was told before is told anew when prices change. Budgets
    therefore read the sums, see `selectors.spending`. Belongs into the transaction that counts.
    """
    points = _points(workspace_id, spent, now)
    if points:
        outcome = telemetry.store_batch(
            workspace_id=workspace_id, batch=TelemetryBatch(points=points), now=now
        )
        if outcome.rejected:
            logger.warning(
                "costs.points_not_stored",
                workspace_id=str(workspace_id),
                count=len(outcome.rejected),
                code=outcome.rejected[0].code,
            )


def _points(workspace_id: uuid.UUID, spent: Sequence[Spent], now: datetime) -> list[NewPoint]:
    book = get_book(workspace_id=workspace_id)
    names = flows.deployment_names(
        workspace_id=workspace_id,
        deployment_ids={each.deployment_id for each in spent} - {NOBODY},
    )
    money: dict[tuple[str, str, str, str], Fraction] = defaultdict(Fraction)
    tokens: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for each in spent:
        deployment = names.get(each.deployment_id, NO_DEPLOYMENT)
        if each.kind == CostKind.MODEL:
            tokens[each.unit.removesuffix("_tokens"), deployment, each.subject] += each.quantity
        rate = book.find(kind=each.kind, subject=each.subject, unit=each.unit, day=each.day)
        if rate is not None:
            place = each.kind, deployment, each.subject, rate.currency
            money[place] += amount_of(each.quantity, rate)
    return [
        *(
            _point(
                COST_METRIC,
                now,
                float(amount),
                currency,
                kind=kind,
                deployment=deployment,
                model=subject,
                currency=currency,
            )
            for (kind, deployment, subject, currency), amount in money.items()
            if amount
        ),
        *(
            _point(
                TOKENS, now, float(count), "tokens", kind=kind, deployment=deployment, model=model
            )
            for (kind, deployment, model), count in tokens.items()
        ),
    ]


def _point(name: str, now: datetime, value: float, unit: str, **labels: str) -> NewPoint:
    return NewPoint(
        name=name,
        occurred_at=now,
        value=value,
        id=uuid7(now),
        labels={
            label: text[: limits.LABEL_VALUE_LENGTH].replace("\0", "")
            for label, text in labels.items()
        },
        unit=unit,
    )
