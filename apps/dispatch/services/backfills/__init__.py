"""Many runs of one deployment: for past times, or for partitions."""

from apps.dispatch.services.backfills.making import (
    continue_backfill,
    create_backfill,
    list_backfills_to_continue,
)
from apps.dispatch.services.backfills.planning import BackfillPlan, BackfillSpec, plan_backfill
from apps.dispatch.services.backfills.steering import (
    cancel_backfill,
    change_backfill,
    pause_backfill,
    targets_of,
)

__all__ = [
    "BackfillPlan",
    "BackfillSpec",
    "cancel_backfill",
    "change_backfill",
    "continue_backfill",
    "create_backfill",
    "list_backfills_to_continue",
    "pause_backfill",
    "plan_backfill",
    "targets_of",
]
