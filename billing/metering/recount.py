"""Check the ledger against what it counts: outbox, ledger, sums and task runs must agree."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Sum

from apps.runs import selectors as runs
from apps.tenancy import selectors as tenancy
from billing.metering.meters import Meter
from billing.metering.models import UsageDay, UsageRecord
from billing.metering.months import Month


@dataclass(slots=True, kw_only=True)
class Line:
    """One workspace and day, counted in four places."""

    workspace_id: uuid.UUID
    day: date
    task_runs: int = 0  # as the task runs themselves say
    waiting: int = 0  # in the runs' outbox
    recorded: int = 0  # in the ledger
    summed: int = 0  # in the sums by day

    @property
    def drift(self) -> int:
        """How far the ledger, once it is up to date, is off: too much when above 0."""
        return self.recorded + self.waiting - self.task_runs

    @property
    def is_right(self) -> bool:
        return self.drift == 0 and self.summed == self.recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """What was compared. Days before `since` are those whose task runs may be gone already."""

    since: date
    until: date
    lines: list[Line] = field(default_factory=list)

    @property
    def wrong(self) -> list[Line]:
        return [line for line in self.lines if not line.is_right]

    @property
    def task_runs(self) -> int:
        return sum(line.task_runs for line in self.lines)


def recount(*, month: Month, now: datetime) -> Recount:
    """
    Count the month's task runs anew, by workspace and day, beside what metering has of them.

    All four counts are of one moment. For commands; the role is the loops'.
    """
    since = min(max(month.since, _kept_since(now)), month.until)
    lines: dict[tuple[uuid.UUID, date], Line] = {}

    def line(workspace_id: uuid.UUID, day: date) -> Line:
        key = (workspace_id, day)
        return lines.setdefault(key, Line(workspace_id=workspace_id, day=day))

    with _one_moment():
        for counted in runs.count_billable_task_runs(since=since, until=month.until):
            line(counted.workspace_id, counted.day).task_runs = counted.task_runs
        for counted in runs.count_pending_usage(since=since, until=month.until):
            line(counted.workspace_id, counted.day).waiting = counted.task_runs
        for name, table in (("recorded", UsageRecord), ("summed", UsageDay)):
            sums = (
                table._default_manager.filter(
                    meter=Meter.TASK_RUNS.value, day__gte=since, day__lt=month.until
                )
                .values_list("workspace_id", "day")
                .annotate(total=Sum("quantity"))
                .order_by()
            )
            for workspace_id, day, total in sums:
                setattr(line(workspace_id, day), name, int(total))
    ordered = sorted(lines.values(), key=lambda each: (each.day, each.workspace_id))
    return Recount(since=since, until=month.until, lines=ordered)


def _kept_since(now: datetime) -> date:
    """Return the first day of which no task run can have been dropped; the ledger keeps longer."""
    longest = max(tenancy.list_retention_days().values(), default=0)
    return (now.astimezone(UTC) - timedelta(days=longest)).date() + timedelta(days=1)


@contextmanager
def _one_moment() -> Iterator[None]:
    """A transaction whose statements all see the same snapshot; inside another, that one's."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def describe(result: Recount) -> Iterator[str]:
    """Say it in lines for people: what is off, then one line with the sum."""
    for line in result.wrong:
        yield (
            f"{line.day} {line.workspace_id}: task runs {line.task_runs}, ledger {line.recorded}"
            f" + waiting {line.waiting}, sums {line.summed}, drift {line.drift:+d}"
        )
    last = result.until - timedelta(days=1)
    if result.since >= result.until:
        yield "nothing compared: retention may have dropped the month's task runs"
        return
    yield (
        f"{result.since} … {last}: {result.task_runs:,} task runs in {len(result.lines)}"
        f" workspace days, drift {sum(abs(line.drift) for line in result.lines)}"
    )
