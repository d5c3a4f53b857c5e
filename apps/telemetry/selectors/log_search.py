"""Reads of the log lines of a whole workspace: what was written anywhere, and how much."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from apps.core.errors import NotFound
from apps.telemetry import query as metric_query
from apps.telemetry.acceptance import NIL
from apps.telemetry.enums import LogLevel
from apps.telemetry.items import StoredLine
from apps.telemetry.query import MINUTE, Plan, Rollup
from apps.telemetry.search.terms import NOTHING, Query
from apps.telemetry.selectors.walk import BUDGET, Budget, Found, Walk
from apps.telemetry.store import conditions, reads, search
from apps.telemetry.store.conditions import Condition
from apps.telemetry.store.search import Key
from apps.telemetry.store.tables import LOG_LINE

VOLUME_BUCKETS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSearch:
    """
    Which lines, within since <= time < until. `level` is the least one.

    `run_ids` None: of any run and of none; else of these.
    """

    query: Query = NOTHING
    level: str | None = None
    run_ids: Collection[uuid.UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None


def search_logs(
    *,
    workspace_id: uuid.UUID,
    only: LogSearch,
    below: Key | None = None,
    limit: int,
    budget: Budget = BUDGET,
) -> Found[StoredLine]:
    """
    Return the newest lines that fit, from below the key, newest first.

    Within the budget: `back_to` says how far was looked when the time was up.
    Raises: SearchTooSlow.
    """
    whole = search.Part(workspace_id=workspace_id, since=only.since, until=only.until, below=below)
    condition = conditions.of_logs(only.query)
    if only.level is not None:
        condition += Condition(" AND level >= %s", (LogLevel[only.level].value,))
    of_runs = Condition()
    if only.run_ids is not None:
        of_runs = Condition(" AND run_id = ANY(%s)", (list(only.run_ids),))
    if not condition.sql and only.run_ids is None:
        return Found.of(search.newest_lines(whole, condition, limit + 1), limit, walk=None)
    rows: list[StoredLine] = []

    def read(part: search.Part) -> bool:
        rows.extend(search.newest_lines(part, of_runs + condition, limit + 1 - len(rows)))
        return len(rows) > limit

    # PERF: one run's lines stand together in the key; those of many are picked out of all.
    is_one = only.run_ids is not None and len(only.run_ids) == 1
    walk = Walk(whole, table=LOG_LINE, budget=budget, also=of_runs if is_one else Condition())
    walk.go(read)
    return Found.of(rows, limit, walk=walk)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogContext:
    """A line and what its run wrote around it, all oldest first."""

    before: list[StoredLine]
    line: StoredLine
    after: list[StoredLine]


def log_context(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID | None,
    occurred_at: datetime,
    line_id: uuid.UUID,
    before: int,
    after: int,
) -> LogContext:
    """
    Return the lines of the same run (or of none) right before and after one.

    Raises: NotFound when the line is not there, or no longer.
    """
    key, run = (occurred_at, line_id), run_id or NIL
    line = search.line_at(workspace_id, run_id=run, key=key)
    if line is None:
        raise NotFound("There is no such line; it may be older than what is kept.")
    return LogContext(
        before=search.lines_beside(workspace_id, run_id=run, key=key, after=False, limit=before)[
            ::-1
        ],
        line=line,
        after=search.lines_beside(workspace_id, run_id=run, key=key, after=True, limit=after),
    )


class Volume(NamedTuple):
    """How many lines, and how many bytes their messages have in UTF-8."""

    lines: int = 0
    bytes: int = 0

    def plus(self, other: Volume) -> Volume:
        """Return both together."""
        return Volume(self.lines + other.lines, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogVolume:
    """
    Per bucket (its start in seconds since 1970). `by_level` is whole, `by_run` is counted.

    `counted_from`: the time for counting by run was up, nothing before was counted so; else None.
    """

    plan: Plan
    by_level: dict[str, dict[int, Volume]]
    by_run: dict[uuid.UUID | None, dict[int, Volume]]
    counted_from: datetime | None


def log_volume(
    *, workspace_id: uuid.UUID, since: datetime, until: datetime, budget: Budget = BUDGET
) -> LogVolume:
    """
    Return how much was written, by level from rollups and by run from the lines themselves.

    Raises: QueryTooLarge, SearchTooSlow.
    """
    plan = metric_query.plan(since, until, wanted_points=VOLUME_BUCKETS)
    if plan.rollup is Rollup.RAW:
        plan = metric_query.plan(since, until, step_seconds=MINUTE)
    by_level: dict[str, dict[int, Volume]] = defaultdict(dict)
    for level, start, lines, size in reads.measure_logs(workspace_id, plan=plan):
        by_level[str(LogLevel(level).label)][start] = Volume(lines, size)
    by_run: dict[uuid.UUID | None, dict[int, Volume]] = defaultdict(lambda: defaultdict(Volume))

    def read(part: search.Part) -> bool:
        for run_id, start, lines, size in search.measure_lines_in(part, plan.step_seconds):
            buckets = by_run[None if run_id == NIL else run_id]
            buckets[start] = buckets[start].plus(Volume(lines, size))
        return False

    whole = search.Part(workspace_id=workspace_id, since=plan.start, until=plan.end)
    walk = Walk(whole, table=LOG_LINE, budget=budget)
    walk.go(read)
    return LogVolume(plan=plan, by_level=by_level, by_run=by_run, counted_from=walk.back_to)
