"""Reads of costs. Each begins with the workspace; prices are looked up when somebody asks."""

from apps.costs.selectors.costs import (
    MOST_GROUPS,
    CostGroup,
    CostLine,
    Costs,
    RunCost,
    SpentInMonth,
    get_costs,
    get_run_cost,
    month_of,
    spent_in_month,
)
from apps.costs.selectors.prices import (
    find_budgets,
    get_book,
    get_budget,
    get_price,
    list_examples,
    list_prices,
)

__all__ = [
    "MOST_GROUPS",
    "CostGroup",
    "CostLine",
    "Costs",
    "RunCost",
    "SpentInMonth",
    "find_budgets",
    "get_book",
    "get_budget",
    "get_costs",
    "get_price",
    "get_run_cost",
    "list_examples",
    "list_prices",
    "month_of",
    "spent_in_month",
]
