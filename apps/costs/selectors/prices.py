"""What a workspace says that things cost, and the examples beneath it."""

from __future__ import annotations

import uuid

from apps.costs.errors import PriceNotFound
from apps.costs.examples import EXAMPLES
from apps.costs.models import Price
from apps.costs.pricing import PriceBook, Rate


def list_prices(*, workspace_id: uuid.UUID) -> list[Price]:
    """Return all of the workspace's own prices (there are at most `services.MAX_PRICES`)."""
    return list(
        Price.objects.for_workspace(workspace_id).order_by(
            "kind", "pattern", "unit", "-valid_from", "id"
        )
    )


def list_examples() -> tuple[Rate, ...]:
    """Return the prices that count where the workspace says none."""
    return EXAMPLES


def get_price(*, workspace_id: uuid.UUID, price_id: uuid.UUID, for_update: bool = False) -> Price:
    """Raises: PriceNotFound."""
    rows = Price.objects.for_workspace(workspace_id)
    found = (rows.select_for_update() if for_update else rows).filter(id=price_id).first()
    if found is None:
        raise PriceNotFound("There is no such price in this workspace.", price_id=str(price_id))
    return found


def get_book(*, workspace_id: uuid.UUID) -> PriceBook:
    """Return the workspace's prices with the examples beneath them."""
    own = [
        Rate(
            kind=price.kind,
            pattern=price.pattern,
            unit=price.unit,
            price=price.price,
            currency=price.currency,
            valid_from=price.valid_from,
        )
        for price in list_prices(workspace_id=workspace_id)
    ]
    return PriceBook([*own, *EXAMPLES])
