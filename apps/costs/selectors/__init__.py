"""Reads of costs. Each begins with the workspace; prices are looked up when somebody asks."""

from apps.costs.pricing import shown
from apps.costs.selectors.costs import (
    MOST_GROUPS,
    CostGroup,
    CostLine,
    Costs,
    RunCost,
    get_costs,
    get_run_cost,
    month_of,
)
from apps.costs.selectors.prices import (
    get_book,
    get_price,
    list_examples,
    list_prices,
)
from apps.costs.selectors.runs import MOST_RUNS, CostOfRun, DearestRuns, dearest_runs
from apps.costs.selectors.spending import SpentLine, SpentMonths

__all__ = [
    "MOST_GROUPS",
    "MOST_RUNS",
    "CostGroup",
    "CostLine",
    "CostOfRun",
    "Costs",
    "DearestRuns",
    "RunCost",
    "SpentLine",
    "SpentMonths",
    "dearest_runs",
    "get_book",
    "get_costs",
    "get_price",
    "get_run_cost",
    "list_examples",
    "list_prices",
    "month_of",
    "shown",
]
