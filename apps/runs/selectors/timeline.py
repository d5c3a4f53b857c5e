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

# PERF: Postgres writes each column as JSON text. Fetching 100,000 rows into Python objects and
# encoding them again takes several times as long as all the rest.
_COLUMNS = """
    WITH of_run AS MATERIALIZED (
        SELECT id, task_name, name, state, started_at, ended_at, depends_on
        FROM runs_taskrun
        WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND id >= %(floor)s
          AND epoch = %(epoch)s
          AND (coalesce(started_at, 'infinity'), id) >
              (%(after_at)s::timestamptz, %(after_id)s::uuid)
        ORDER BY coalesce(started_at, 'infinity'), id
        LIMIT %(limit)s
    ),
    numbered AS MATERIALIZED (SELECT *, row_number() OVER () - 1 AS place FROM of_run),
    names AS MATERIALIZED (
        SELECT task_name, row_number() OVER (ORDER BY min(place)) - 1 AS number
        FROM numbered GROUP BY task_name
    ),
    ordered AS (
        SELECT numbered.*, names.number FROM numbered JOIN names USING (task_name) ORDER BY place
    )
    SELECT
        count(*),
        coalesce(bool_or(depends_on IS NOT NULL), false),
        (SELECT coalesce(json_agg(task_name ORDER BY number), '[]')::text FROM names),
        (SELECT json_build_array(coalesce(started_at, 'infinity')::text, id)::text
         FROM numbered ORDER BY place DESC LIMIT 1),
        '[' || coalesce(string_agg('"' || id || '"', ','), '') || ']',
        '[' || coalesce(string_agg(number::text, ','), '') || ']',
        '[' || coalesce(string_agg(to_json(name)::text, ','), '') || ']',
        '[' || coalesce(string_agg(%(states)s::jsonb ->> state, ','), '') || ']',
        '[' || coalesce(string_agg(coalesce(
            (extract(epoch FROM started_at - %(origin)s) * 1000)::bigint::text, 'null'), ','), '')
            || ']',
        '[' || coalesce(string_agg(coalesce(
            (extract(epoch FROM ended_at - %(origin)s) * 1000)::bigint::text, 'null'), ','), '')
            || ']'
    FROM ordered
"""

_DEPENDENCIES = """
    SELECT id::text, trim(both '{}' FROM depends_on::text) FROM runs_taskrun
    WHERE workspace_id = %(workspace_id)s AND run_id = %(run_id)s AND id >= %(floor)s
      AND epoch = %(epoch)s AND depends_on IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The columns, as JSON text that is ready to be sent; each row is one place in all of them."""

    epoch: int
    total: int
    count: int
    origin_at: datetime
    task_names: orjson.Fragment
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
        cursor.execute(_COLUMNS, parameters)
        count, has_dependencies, names, last, *columns = cursor.fetchone()
        edges = []
        if has_dependencies:
            cursor.execute(_DEPENDENCIES, parameters)
            edges = cursor.fetchall()
    return Timeline(
        epoch=epoch,
        total=max(sum((run.task_counts or {}).values()), count),
        count=count,
        origin_at=origin,
        task_names=_fragment(names),
        columns={
            column: _fragment(text)
            for column, text in zip(
                ("id", "task", "name", "state", "start_ms", "end_ms"), columns, strict=True
            )
        },
        depends_on=_places(columns[0], edges) if has_dependencies else None,
        last=tuple(orjson.loads(last)) if count == max_rows else None,
    )


def _places(ids: str, edges: list[tuple[str, str]]) -> list[list[int]]:
    """Turn ids into row numbers."""
    place_of = {task_run_id: place for place, task_run_id in enumerate(orjson.loads(ids))}
    depends_on: list[list[int]] = [[] for _ in place_of]
    for task_run_id, others in edges:
        place = place_of.get(task_run_id)
        if place is not None and others:
            depends_on[place] = [place_of[one] for one in others.split(",") if one in place_of]
    return depends_on


def _fragment(text: str) -> orjson.Fragment:
    return orjson.Fragment(text.encode())
