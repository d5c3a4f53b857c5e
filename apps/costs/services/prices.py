"""Say what things cost. Amounts follow from prices when somebody looks: nothing is recounted."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypedDict

from django.db import IntegrityError, connection, transaction

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.costs import selectors
from apps.costs.enums import CostKind, Unit
from apps.costs.errors import CostsLimit, PriceExists
from apps.costs.models import Price
from apps.tenancy import audit

MAX_PRICES: Final = 1_000  # of a workspace: each look at costs reads all of them


class PriceChanges(TypedDict, total=False):
    """What may be edited; kind and unit stay."""

    pattern: str
    price: Decimal
    currency: str
    valid_from: date


@joined
def create_price(
    *,
    workspace_id: uuid.UUID,
    kind: CostKind,
    pattern: str,
    unit: Unit,
    price: Decimal,
    currency: str,
    valid_from: date,
    now: datetime,
) -> Price:
    """
    Say what one unit of what the pattern names costs from a day on.

    Raises: PriceExists, CostsLimit.
    """
    lock_costs(workspace_id)
    if Price.objects.for_workspace(workspace_id).count() >= MAX_PRICES:
        raise CostsLimit(f"A workspace may have {MAX_PRICES:,} prices.", limit=MAX_PRICES)
    row = Price(
        id=uuid7(),
        workspace_id=workspace_id,
        kind=kind.value,
        pattern=pattern,
        unit=unit.value,
        price=price,
        currency=currency,
        valid_from=valid_from,
        created_at=now,
        updated_at=now,
    )
    _save(row)
    _record("price.created", row, after=_told(row))
    return row


@joined
def change_price(
    *, workspace_id: uuid.UUID, price_id: uuid.UUID, changes: PriceChanges, now: datetime
) -> Price:
    """Change a price, and with it what all was worth that it counts for. Raises: PriceExists."""
    row = selectors.get_price(workspace_id=workspace_id, price_id=price_id, for_update=True)
    before = _told(row)
    row.pattern = changes.get("pattern", row.pattern)
    row.price = changes.get("price", row.price)
    row.currency = changes.get("currency", row.currency)
    row.valid_from = changes.get("valid_from", row.valid_from)
    row.updated_at = now
    _save(row)
    _record("price.changed", row, before=before, after=_told(row))
    return row


@joined
def delete_price(*, workspace_id: uuid.UUID, price_id: uuid.UUID) -> None:
    """Take a price away; then the next one that fits counts, or none. Raises: PriceNotFound."""
    row = selectors.get_price(workspace_id=workspace_id, price_id=price_id, for_update=True)
    _record("price.deleted", row, before=_told(row))
    row.delete()


def lock_costs(workspace_id: uuid.UUID) -> None:
    """Let those who add prices to one workspace take turns, so that limits hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"prices:{workspace_id}"]
        )


def _save(row: Price) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise PriceExists(
            "There is a price of this pattern, unit and day already: change that one."
        ) from error


def _told(row: Price) -> dict[str, object]:
    return {
        "kind": row.kind,
        "pattern": row.pattern,
        "unit": row.unit,
        "price": str(row.price),
        "currency": row.currency,
        "valid_from": row.valid_from.isoformat(),
    }


def _record(
    action: str,
    row: Price,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="price", id=row.id, name=f"{row.pattern} {row.unit}"),
        before=before,
        after=after,
        workspace_id=row.workspace_id,
    )
