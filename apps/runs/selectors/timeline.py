"""All task runs of a run as columns, for a canvas that draws 100,000 of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from apps.core.ids import uuid7_floor
from apps.runs.enums import RunState
from apps.runs.selectors.lists import partition_since

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.runs.models import Run

STATES = [state.value for state in RunState]
START = ("-infinity", "00000000-0000-0000-0000-000000000000")  # before every row

# A retried run has the task runs of several attempts; ids grow, so the newest tells the last one.
_LAST_EPOCH = """
    SELECT epoch FROM runs_taskrun
    WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND id >= %(floor)s
    ORDER BY id DESC LIMIT 1
"""

_ROWS = """
    FROM runs_taskrun
    WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND id >= %(floor)s
      AND epoch = %(epoch)s
      AND (coalesce(started_at, 'infinity'), id) >
          (%(after_at)s::timestamptz, %(after_id)s::uuid)
"""

_TASK_NAMES = f"SELECT task_name {_ROWS} GROUP BY task_name ORDER BY task_name"

# PERF: Postgres writes each column as JSON text, from one sorted scan. Fetching 100,000 rows into
# Python objects and encoding them again takes several times as long as all the rest; so does a
# join or a window here, and numeric arithmetic (`extract`) instead of float (`date_part`).
_COLUMNS = f"""
    SELECT
        count(*),
        coalesce(bool_or(depends_on IS NOT NULL), false),
        '[' || coalesce(string_agg('"' || id || '"', ','), '') || ']',
        '[' || coalesce(string_agg(%(tasks)s::jsonb ->> task_name, ','), '') || ']',
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
        {_ROWS}
        ORDER BY coalesce(started_at, 'infinity'), id
        LIMIT %(limit)s
    ) AS ordered
"""  # noqa: S608 - constants of this module

_START_OF = """
    SELECT coalesce(started_at, 'infinity')::text FROM runs_taskrun
    WHERE run_id = %s AND id = %s AND workspace_id = %s
"""

# One text for all: an id of 36 characters and behind it those that it depends on.
_DEPENDENCIES = """
    SELECT string_agg(id || array_to_string(depends_on, ','), ' ') FROM runs_taskrun
    WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND id >= %(floor)s
      AND epoch = %(epoch)s AND depends_on <> '{}'
"""
ID_LENGTH = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The columns, as JSON text that is ready to be sent; each row is one place in all of them."""

    epoch: int
    total: int
    count: int
    origin_at: datetime
    task_names: list[str]
    columns: dict[str, orjson.Fragment]
    depends_on: list[list[int]] | None
    last: tuple[str, str] | None  # where the next page begins; None after the last row


def get_timeline(*, run: Run, max_rows: int, after: Sequence[str] = START) -> Timeline:
    """
    Return up to `max_rows` task runs of the run's last attempt, by start and id.

    Times are milliseconds from `origin_at`; a dependency outside of the page is left out.
    """
    origin = run.started_at or run.created_at
    parameters: dict[str, Any] = {
        "workspace_id": run.workspace_id,
        "run_id": run.id,
        "floor": uuid7_floor(partition_since(run)),
        "limit": max_rows,
        "origin": origin,
        "after_at": after[0],
        "after_id": after[1],
        "states": orjson.dumps({state: index for index, state in enumerate(STATES)}).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LAST_EPOCH, parameters)
        found = cursor.fetchone()
        epoch = parameters["epoch"] = found[0] if found else run.epoch
        cursor.execute(_TASK_NAMES, parameters)
        task_names = [row[0] for row in cursor.fetchall()]
        numbers = {name: number for number, name in enumerate(task_names)}
        parameters["tasks"] = orjson.dumps(numbers).decode()
        # The sort of a page fits; for this transaction only.
        cursor.execute("SELECT set_config('work_mem', '64MB', true)")
        cursor.execute(_COLUMNS, parameters)
        count, has_dependencies, *columns = cursor.fetchone()
        last = None
        if count == max_rows:
            last_id = columns[0][-38:-2]
            cursor.execute(_START_OF, [run.id, last_id, run.workspace_id])
            last = (str(cursor.fetchone()[0]), str(last_id))
        edges = ""
        if has_dependencies:
            cursor.execute(_DEPENDENCIES, parameters)
            edges = cursor.fetchone()[0] or ""
    return Timeline(
        epoch=epoch,
        total=max(sum((run.task_counts or {}).values()), count),
        count=count,
        origin_at=origin,
        task_names=task_names,
        columns={
            column: _fragment(text)
            for column, text in zip(
                ("id", "task", "name", "state", "start_ms", "end_ms"), columns, strict=True
            )
        },
        depends_on=_places(columns[0], edges) if has_dependencies else None,
        last=last,
    )


def _places(ids: str, edges: str) -> list[list[int]]:
    """Turn ids into row numbers."""
    place_of = {task_run_id: place for place, task_run_id in enumerate(orjson.loads(ids))}
    # PERF: one empty list for all that depend on nothing; 100,000 of them wake the collector.
    depends_on: list[list[int]] = [[]] * len(place_of)
    for edge in edges.split():
        place = place_of.get(edge[:ID_LENGTH])
        if place is not None:
            others = edge[ID_LENGTH:].split(",")
            depends_on[place] = [place_of[one] for one in others if one in place_of]
    return depends_on


def _fragment(text: str) -> orjson.Fragment:
    return orjson.Fragment(text.encode())
