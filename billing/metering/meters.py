"""Pure: what is counted, in which unit. The texts are API and stand in the ledger."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Meter(StrEnum):
    """One thing that is counted."""

    TASK_RUNS = "task_runs"
    MANAGED_SECONDS = "managed_seconds"  # from start to stop, whatever the size
    VCPU_SECONDS = "vcpu_seconds"
    GB_SECONDS = "gb_seconds"


UNITS: Final[dict[Meter, str]] = {
    Meter.TASK_RUNS: "task_run",
    Meter.MANAGED_SECONDS: "second",
    Meter.VCPU_SECONDS: "vcpu_second",
    Meter.GB_SECONDS: "gb_second",
}
