"""Events of a workspace, by the deployment whose runs they are of."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from apps.runs.selectors.logs import NIL, runs_in
from apps.telemetry import selectors as telemetry
from apps.telemetry.items import StoredEvent
from apps.telemetry.search.terms import EVENT_FIELDS, NOTHING, Query, Term, Value
from apps.telemetry.selectors import BUDGET, Budget, EventCounts, EventSearch, Found


def search_events(
    *,
    workspace_id: uuid.UUID,
    only: EventSearch,
    deployment_id: uuid.UUID | None = None,
    limit: int,
    budget: Budget = BUDGET,
) -> Found[StoredEvent]:
    """
    Return the newest events that fit, of the runs of one deployment when it is given.

    Of very many runs those of the newest; `back_to` says how far they reach.
    Raises: SearchTooSlow.
    """
    floor = None
    if deployment_id is not None:
        of_runs, floor = _of_runs(workspace_id, deployment_id, since=only.since, until=only.until)
        since = only.since if floor is None else max(only.since or floor, floor)
        only = replace(only, query=only.query + of_runs, since=since)
    page = telemetry.search_events(workspace_id=workspace_id, only=only, limit=limit, budget=budget)
    if page.below is None and floor is not None:
        return Found(page.rows, (floor, NIL), floor)
    return page


def event_histogram(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID | None = None,
    since: datetime,
    until: datetime,
    query: Query = NOTHING,
    budget: Budget = BUDGET,
) -> EventCounts:
    """
    Return how many events there were when, of the runs of one deployment when it is given.

    Of very many runs those of the newest; `counted_from` says how far they reach.
    Raises: SearchTooSlow.
    """
    floor = None
    if deployment_id is not None:
        of_runs, floor = _of_runs(workspace_id, deployment_id, since=since, until=until)
        query += of_runs
    counts = telemetry.event_histogram(
        workspace_id=workspace_id, since=since, until=until, query=query, budget=budget
    )
    if counts.counted_from is None and floor is not None:
        return replace(counts, counted_from=floor)
    return counts


def _of_runs(
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    *,
    since: datetime | None,
    until: datetime | None,
) -> tuple[Query, datetime | None]:
    ids, floor = runs_in(workspace_id, deployment_id, since=since, until=until)
    values = tuple(Value(str(run_id)) for run_id in ids)
    return (Term(kind=EVENT_FIELDS.kinds["run"], field="run", values=values),), floor
