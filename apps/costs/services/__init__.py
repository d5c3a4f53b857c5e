"""Use cases of costs."""

from apps.costs.services.count import Counted, count_costs, workspaces_with_work
from apps.costs.services.erase import RUNS_KEPT, drop_old, erase_workspace
from apps.costs.services.prices import (
    MAX_PRICES,
    PriceChanges,
    change_price,
    create_price,
    delete_price,
)

__all__ = [
    "MAX_PRICES",
    "RUNS_KEPT",
    "Counted",
    "PriceChanges",
    "change_price",
    "count_costs",
    "create_price",
    "delete_price",
    "drop_old",
    "erase_workspace",
    "workspaces_with_work",
]
