"""All task runs of a run as columns, for a canvas that draws 100,000 of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.db import connection

from apps.core.ids import uuid7_floor
from apps.runs.enums import RunState
from apps.runs.selectors.lists import partition_since

if TYPE_CHECKING:
    from datetime import datetime

    from apps.runs.models import Run

STATES = [state.value for state in RunState]
ID_LENGTH = 36

# A retried run has the task runs of several attempts; ids grow, so the newest tells the last one.
_LAST_EPOCH = """
    SELECT epoch FROM runs_taskrun
    WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND id >= %(floor)s
    ORDER BY id DESC LIMIT 1
"""

# PERF: a page is one piece of the primary key, so that it costs what it holds and not what the run
# holds; readers sort by start themselves. Postgres writes each column as JSON text: fetching rows
# into Python objects and encoding them again takes several times as long as all the rest. So does a
# join or a window here, and numeric arithmetic (`extract`) instead of float (`date_part`).
_COLUMNS = """
    SELECT
        count(*),
        coalesce(bool_or(depends_on IS NOT NULL), false),
        string_agg(id || array_to_string(depends_on, ','), ' ') FILTER (WHERE depends_on <> '{}'),
        '[' || coalesce(string_agg('"' || id || '"', ','), '') || ']',
        '[' || coalesce(string_agg(to_json(task_name)::text, ','), '') || ']',
        '[' || coalesce(string_agg(to_json(name)::text, ','), '') || ']',
        '[' || coalesce(string_agg(%(states)s::jsonb ->> state, ','), '') || ']',
        '[' || coalesce(string_agg(coalesce(
            (date_part('epoch', started_at - %(origin)s) * 1000)::bigint::text, 'null'), ','), '')
            || ']',
        '[' || coalesce(string_agg(coalesce(
            (date_part('epoch', ended_at - %(origin)s) * 1000)::bigint::text, 'null'), ','), '')
            || ']'
    FROM (
        SELECT id, task_name, name, state, started_at, ended_at, depends_on
        FROM runs_taskrun
        WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND id > %(after)s
          AND epoch = %(epoch)s
        ORDER BY id
        LIMIT %(limit)s
    ) AS page
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page ends: an attempt, and the last task run of it that was read."""

    epoch: int
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The columns, as JSON text that is ready to be sent; each row is one place in all of them."""

    epoch: int
    total: int
    origin_at: datetime
    task_names: list[str]
    columns: dict[str, orjson.Fragment]
    depends_on: list[list[int]] | None
    depends_on_outside: list[tuple[int, str]]
    last: Place | None  # after which the next page begins; None after the last row


def get_timeline(*, run: Run, max_rows: int, after: Place | None = None) -> Timeline:
    """
    Return up to `max_rows` task runs of the run's last attempt, in the order of their ids.

    Times are milliseconds from `origin_at`. `depends_on` holds places in this page; what a row
    depends on in other pages is in `depends_on_outside`, as (row, id).
    """
    origin = run.started_at or run.created_at
    floor = uuid7_floor(partition_since(run))
    parameters: dict[str, Any] = {
        "workspace_id": run.workspace_id,
        "run_id": run.id,
        "floor": floor,
        "after": after.id if after else floor,
        "limit": max_rows,
        "origin": origin,
        "states": orjson.dumps({state: index for index, state in enumerate(STATES)}).decode(),
    }
    with connection.cursor() as cursor:
        if after is None:
            cursor.execute(_LAST_EPOCH, parameters)
            found = cursor.fetchone()
            epoch = found[0] if found else run.epoch
        else:
            epoch = after.epoch
        # Of a run that has just come in the statistics know nothing yet, and the planner would
        # fetch and sort all that is left of it. For this transaction only.
        cursor.execute("SELECT set_config('enable_sort', 'off', true)")
        cursor.execute(_COLUMNS, parameters | {"epoch": epoch})
        count, has_dependencies, edges, ids, task_names, *columns = cursor.fetchone()
    numbers: dict[str, int] = {}
    tasks = [numbers.setdefault(name, len(numbers)) for name in orjson.loads(task_names)]
    inside, outside = _places(ids, edges or "") if has_dependencies else (None, [])
    names = ("name", "state", "start_ms", "end_ms")
    return Timeline(
        epoch=epoch,
        total=max(sum((run.task_counts or {}).values()), count),
        origin_at=origin,
        task_names=list(numbers),
        columns={
            "id": _fragment(ids),
            "task": orjson.Fragment(orjson.dumps(tasks)),
            **{name: _fragment(text) for name, text in zip(names, columns, strict=True)},
        },
        depends_on=inside,
        depends_on_outside=outside,
        last=Place(epoch=epoch, id=UUID(ids[-38:-2])) if count == max_rows else None,
    )


def _places(ids: str, edges: str) -> tuple[list[list[int]], list[tuple[int, str]]]:
    """Turn ids into row numbers; ids of other pages stay ids."""
    place_of = {task_run_id: place for place, task_run_id in enumerate(orjson.loads(ids))}
    # PERF: one empty list for all that depend on nothing; 100,000 of them wake the collector.
    inside: list[list[int]] = [[]] * len(place_of)
    outside: list[tuple[int, str]] = []
    for edge in edges.split():
        place = place_of[edge[:ID_LENGTH]]
        others = edge[ID_LENGTH:].split(",")
        inside[place] = [place_of[one] for one in others if one in place_of]
        outside += [(place, one) for one in others if one not in place_of]
    return inside, outside


def _fragment(text: str) -> orjson.Fragment:
    return orjson.Fragment(text.encode())
