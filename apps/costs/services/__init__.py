"""Use cases of costs."""

from apps.costs.services.budgets import (
    MAX_BUDGETS,
    BudgetChanges,
    change_budget,
    create_budget,
    delete_budget,
)
from apps.costs.services.count import Counted, count_costs, workspaces_with_work
from apps.costs.services.erase import drop_old, erase_workspace
from apps.costs.services.prices import (
    MAX_PRICES,
    PriceChanges,
    change_price,
    create_price,
    delete_price,
)

__all__ = [
    "MAX_BUDGETS",
    "MAX_PRICES",
    "BudgetChanges",
    "Counted",
    "PriceChanges",
    "change_budget",
    "change_price",
    "count_costs",
    "create_budget",
    "create_price",
    "delete_budget",
    "delete_price",
    "drop_old",
    "erase_workspace",
    "workspaces_with_work",
]
