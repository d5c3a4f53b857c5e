"""What a workspace says that things cost, and how much a month may bring."""

from __future__ import annotations

import uuid

from apps.costs.errors import BudgetNotFound, PriceNotFound
from apps.costs.examples import EXAMPLES
from apps.costs.models import Budget, Price
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


def find_budgets(*, workspace_id: uuid.UUID) -> list[Budget]:
    """Return all budgets of the workspace, by name."""
    return list(Budget.objects.filter(workspace_id=workspace_id).order_by("name", "id"))


def get_budget(
    *, workspace_id: uuid.UUID, budget_id: uuid.UUID, for_update: bool = False
) -> Budget:
    """Raises: BudgetNotFound."""
    rows = Budget.objects.filter(workspace_id=workspace_id)
    found = (rows.select_for_update() if for_update else rows).filter(id=budget_id).first()
    if found is None:
        raise BudgetNotFound("There is no such budget in this workspace.", budget_id=str(budget_id))
    return found
