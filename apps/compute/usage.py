"""Pure: what a task used, from its start to its stop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

CPU_UNITS = 1_024  # of one vCPU
MIB = 1_024  # of one GB, as Fargate counts it


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUsage:
    """Each begun unit counts."""

    managed_seconds: int
    vcpu_seconds: int
    gb_seconds: int

    def beyond(self, counted: TaskUsage) -> TaskUsage:
        """Return what of this is not counted yet."""
        return TaskUsage(
            managed_seconds=max(self.managed_seconds - counted.managed_seconds, 0),
            vcpu_seconds=max(self.vcpu_seconds - counted.vcpu_seconds, 0),
            gb_seconds=max(self.gb_seconds - counted.gb_seconds, 0),
        )


def usage_between(
    started_at: datetime, stopped_at: datetime, *, cpu_units: int, memory_mb: int
) -> TaskUsage:
    """
    Return what a task of this size used.

    >>> from datetime import UTC, timedelta
    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> usage_between(start, start + timedelta(seconds=9.2), cpu_units=256, memory_mb=512)
    TaskUsage(managed_seconds=10, vcpu_seconds=3, gb_seconds=5)
    """
    seconds = max((stopped_at - started_at).total_seconds(), 0.0)
    return TaskUsage(
        managed_seconds=math.ceil(seconds),
        vcpu_seconds=math.ceil(seconds * cpu_units / CPU_UNITS),
        gb_seconds=math.ceil(seconds * memory_mb / MIB),
    )
