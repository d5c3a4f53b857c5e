"""Pure: the words that plans are written in, and what a use means against a limit."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from billing.metering.meters import Meter
from billing.metering.months import Month


class PlanCode(StrEnum):
    """The plans there are; what each allows stands in rows. The texts are API."""

    FREE = "FREE"
    STANDARD = "STANDARD"
    ENTERPRISE = "ENTERPRISE"
    SELF_HOSTED = "SELF_HOSTED"


class AtLimit(StrEnum):
    """What happens when the month's task runs are used up."""

    HOLD = "HOLD"  # new runs wait for the next month or a larger plan
    METER = "METER"  # they run, and what is beyond is counted


class EntitlementKey(StrEnum):
    """One limit of a plan. The texts are API."""

    TASK_RUNS_PER_MONTH = "task_runs_per_month"
    MANAGED_MINUTES_PER_MONTH = "managed_minutes_per_month"
    EVENTS_PER_MINUTE = "events_per_minute"  # events and points together
    MAX_USERS = "max_users"
    MAX_WORKSPACES = "max_workspaces"
    RETENTION_DAYS = "retention_days"


Entitlements = Mapping[EntitlementKey, int | None]  # None: no limit

UNLIMITED: Final[dict[EntitlementKey, int | None]] = dict.fromkeys(EntitlementKey)
THRESHOLDS: Final = (50, 80, 100)  # per cent of a limit at which the owners hear of it
_LIMITED: Final = {
    Meter.TASK_RUNS: (EntitlementKey.TASK_RUNS_PER_MONTH, 1),
    Meter.MANAGED_SECONDS: (EntitlementKey.MANAGED_MINUTES_PER_MONTH, 60),
}


def limits_by_meter(entitlements: Entitlements) -> dict[Meter, int]:
    """Return what a month includes of each meter that is limited, in the meter's unit."""
    found = {}
    for meter, (key, unit) in _LIMITED.items():
        value = entitlements.get(key)
        if value is not None:
            found[meter] = value * unit
    return found


def crossed(used: int, limit: int) -> list[int]:
    """Return the thresholds that this use has reached, lowest first."""
    return [threshold for threshold in THRESHOLDS if used * 100 >= threshold * limit]


def hold_reason(*, meter: Meter, limit: int, month: Month, plan_name: str) -> str:
    """Say why new runs wait and until when. Managed seconds are sold, and told of, as minutes."""
    if meter is Meter.MANAGED_SECONDS:
        amount, runs = f"{limit // 60:,} managed minutes", "managed runs"
    else:
        amount, runs = f"{limit:,} task runs", "runs"
    return (
        f"The {amount} of {month.since:%B} that the plan {plan_name} includes are used."
        f" New {runs} start on {month.until.day} {month.until:%B}, or at once with a larger plan."
    )
