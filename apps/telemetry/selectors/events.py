"""Reads of events, and of who still has some to hear."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from django.db import connection

from apps.telemetry.enums import Consumer
from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.items import StoredEvent
from apps.telemetry.search.terms import NOTHING, Query, has_none
from apps.telemetry.selectors.times import since_run
from apps.telemetry.selectors.walk import BUDGET, Budget, Found, Walk
from apps.telemetry.store import conditions, reads, search
from apps.telemetry.store.search import Key
from apps.telemetry.store.tables import EVENT


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSearch:
    """Which events: what was asked for, within since <= time < until."""

    query: Query = NOTHING
    since: datetime | None = None
    until: datetime | None = None


def search_events(
    *,
    workspace_id: uuid.UUID,
    only: EventSearch,
    below: Key | None = None,
    limit: int,
    budget: Budget = BUDGET,
) -> Found[StoredEvent]:
    """
    Return the newest events that fit, from below the key, newest first.

    Within the budget: `back_to` says how far was looked when the time was up.
    Raises: SearchTooSlow.
    """
    whole = _whole(workspace_id, only, below)
    condition = conditions.of_events(only.query)
    if only.query == NOTHING:
        rows = search.newest_events(whole, condition, limit + 1)
        return Found.of(rows, limit, walk=None)
    rows = []

    def read(part: search.Part) -> bool:
        rows.extend(search.newest_events(part, condition, limit + 1 - len(rows)))
        return len(rows) > limit

    walk = walk_events(workspace_id=workspace_id, only=only, below=below, budget=budget)
    walk.go(read)
    return Found.of(rows, limit, walk=walk)


def list_event_keys(
    *, workspace_id: uuid.UUID, only: EventSearch, limit: int, seconds: float
) -> list[Key]:
    """
    Return (occurred_at, id) of the newest `limit` events, newest first; for live tails.

    Raises: SearchTooSlow when it takes longer than `seconds`.
    """
    whole, condition = _whole(workspace_id, only, None), conditions.of_events(only.query)
    try:
        with search.at_most(seconds):
            return search.newest_event_keys(whole, condition, limit)
    except search.TookTooLongError as error:
        raise SearchTooSlow("The look was not done in time.") from error


def _whole(workspace_id: uuid.UUID, only: EventSearch, below: Key | None) -> search.Part:
    """Return the range to look in; events of a run begin about when its id was made."""
    bounds = [only.since] if only.since else []
    for term in _runs_asked_for(only.query):
        made = [since_run(uuid.UUID(value.text)) for value in term.values]
        if made and all(made):
            bounds.append(min(each["occurred_at__gte"] for each in made))
    return search.Part(
        workspace_id=workspace_id,
        since=max(bounds, default=None),
        until=only.until,
        below=below,
    )


def walk_events(
    *, workspace_id: uuid.UUID, only: EventSearch, below: Key | None = None, budget: Budget
) -> Walk:
    """Return a walk over the range of a search, from below the key; the reader picks what fits."""
    # PERF: runs' events have an index, by which a part is so many of theirs, not of everybody's.
    of_runs = conditions.of_events(_runs_asked_for(only.query))
    return Walk(_whole(workspace_id, only, below), table=EVENT, budget=budget, also=of_runs)


def _runs_asked_for(query: Query) -> Query:
    return tuple(
        term for term in query if term.field == "run" and not term.is_negated and not has_none(term)
    )


def get_events(*, workspace_id: uuid.UUID, keys: Sequence[Key]) -> list[StoredEvent]:
    """Return the events of these keys, oldest first."""
    found = reads.events_by_key(workspace_id, keys)
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventScan:
    """
    Which events to read in order of time. Both bounds belong to the range.

    Names are exact or end in `*`; None: any. What narrows further is the reader's to check.
    """

    since: datetime
    until: datetime
    names: Sequence[str] | None = None
    resource_names: Sequence[str] | None = None


def scan_events(
    *,
    workspace_id: uuid.UUID,
    only: EventScan,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int,
) -> list[StoredEvent]:
    """Return up to `limit` events, oldest first, from behind the key `after`."""
    exact, prefixes = None, []
    if only.names is not None:
        pairs = [split_name(name) for name in only.names]
        exact = [name for name, _ in pairs if name is not None]
        prefixes = [prefix for _, prefix in pairs if prefix is not None]
    return reads.scan_events(
        workspace_id,
        since=only.since,
        until=only.until,
        names=exact,
        prefixes=prefixes,
        resource_names=only.resource_names,
        after=after,
        limit=limit,
    )


def find_event(
    *, workspace_id: uuid.UUID, occurred_at: datetime, event_id: uuid.UUID
) -> StoredEvent | None:
    """Return one event by its key, or None when it is no longer kept."""
    key = (occurred_at, event_id)
    return reads.events_by_key(workspace_id, [key]).get(key)


def workspaces_waiting(*, consumer: Consumer) -> list[uuid.UUID]:
    """
    Return the workspaces with pending batches, each once, however many batches one has. For loops.

    A workspace with a long backlog must not hide the others, hence the walk from one to the next.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [consumer.value, consumer.value])
        return [row[0] for row in cursor.fetchall()]


_WAITING: Final = """
    WITH RECURSIVE waiting AS (
        (SELECT workspace_id FROM telemetry_pendingbatch
         WHERE consumer = %s ORDER BY workspace_id LIMIT 1)
        UNION ALL
        SELECT (SELECT next.workspace_id FROM telemetry_pendingbatch AS next
                WHERE next.consumer = %s AND next.workspace_id > waiting.workspace_id
                ORDER BY next.workspace_id LIMIT 1)
        FROM waiting WHERE waiting.workspace_id IS NOT NULL
    )
    SELECT workspace_id FROM waiting WHERE workspace_id IS NOT NULL
"""


def event_item(event: StoredEvent) -> dict[str, object]:
    """
    Render an event as the API shows it.

    Its JSON goes out as it is stored: numbers keep all their digits, and nothing is decoded only to
    be encoded again.
    """
    resource = None
    if event.resource_kind is not None:
        resource = {
            "kind": event.resource_kind,
            "name": event.resource_name,
            "namespace": event.resource_namespace or None,
        }
    return {
        "id": event.id,
        "name": event.name,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "resource": resource,
        "related": orjson.Fragment(event.related_json or "[]"),
        "payload": orjson.Fragment(event.payload_json),
        "run_id": event.run_id,
        "task_run_id": event.task_run_id,
        "follows": event.follows,
        "source": event.source,
    }


def split_name(name: str) -> tuple[str | None, str | None]:
    """Return (exact, None), or (None, prefix) when the name ends in `*`."""
    return (None, name[:-1]) if name.endswith("*") else (name, None)
