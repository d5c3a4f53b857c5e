"""Reads of events, and of who still has some to hear."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from apps.telemetry import query as metric_query
from apps.telemetry.enums import Consumer
from apps.telemetry.items import StoredEvent
from apps.telemetry.models import Event
from apps.telemetry.selectors.times import NEWEST_FIRST, OLDEST_FIRST, since_run
from apps.telemetry.store import reads

TOP_NAMES: Final = 20
HISTOGRAM_BUCKETS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events. A name may end in `*`; `q` is looked for in names and payload."""

    name: str | None = None
    resource_kind: str | None = None
    resource_name: str | None = None
    related_kind: str | None = None
    related_name: str | None = None
    run_id: uuid.UUID | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_events(*, workspace_id: uuid.UUID, only: EventFilter) -> QuerySet[Event]:
    """Return events to be paged by NEWEST_FIRST."""
    events = Event.objects.for_workspace(workspace_id)
    if only.since is not None:
        events = events.filter(occurred_at__gte=only.since)
    if only.until is not None:
        events = events.filter(occurred_at__lt=only.until)
    if only.name:
        exact, prefix = split_name(only.name)
        events = events.filter(
            **({"name": exact} if prefix is None else {"name__startswith": prefix})
        )
    if only.resource_kind:
        events = events.filter(resource_kind=only.resource_kind)
    if only.resource_name:
        events = events.filter(resource_name=only.resource_name)
    if only.related_kind or only.related_name:
        wanted = {"kind": only.related_kind, "name": only.related_name}
        events = events.filter(
            related__contains=[{key: value for key, value in wanted.items() if value}]
        )
    if only.run_id is not None:
        events = events.filter(run_id=only.run_id, **since_run(only.run_id))
    if only.q:
        events = events.annotate(payload_text=Cast("payload", TextField())).filter(
            Q(name__icontains=only.q)
            | Q(resource_name__icontains=only.q)
            | Q(payload_text__icontains=only.q)
        )
    return events


def list_event_keys(
    *, workspace_id: uuid.UUID, only: EventFilter, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (occurred_at, id) of the newest `limit` events, newest first; for live tails."""
    events = list_events(workspace_id=workspace_id, only=only).order_by(*NEWEST_FIRST)
    return list(events.values_list("occurred_at", "id")[:limit])


def get_events(
    *, workspace_id: uuid.UUID, keys: Sequence[tuple[datetime, uuid.UUID]]
) -> list[Event]:
    """Return the events of these keys, oldest first."""
    if not keys:
        return []
    times = [at for at, _ in keys]
    return list(
        Event.objects.for_workspace(workspace_id)
        .filter(
            occurred_at__gte=min(times),
            occurred_at__lte=max(times),
            id__in=[event_id for _, event_id in keys],
        )
        .order_by(*OLDEST_FIRST)
    )


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


def event_item(event: Event) -> dict[str, object]:
    """Render an event as the API shows it."""
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
        "related": event.related or [],
        "payload": event.payload,
        "run_id": event.run_id,
        "task_run_id": event.task_run_id,
        "follows": event.follows,
        "source": event.source,
    }


def event_histogram(
    *, workspace_id: uuid.UUID, since: datetime, until: datetime, name: str | None = None
) -> dict[str, object]:
    """Return counts per step (≤ 120 of them, empty ones present) and the most frequent names."""
    plan = metric_query.plan(since, until, wanted_points=HISTOGRAM_BUCKETS)
    exact, prefix = split_name(name) if name else (None, None)
    by_bucket: dict[int, int] = defaultdict(int)
    by_name: dict[str, int] = defaultdict(int)
    for its_name, start, count in reads.count_events(
        workspace_id, plan=plan, name=exact, prefix=prefix
    ):
        by_bucket[start] += count
        by_name[its_name] += count
    top = sorted(by_name.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_NAMES]
    return {
        "step_seconds": plan.step_seconds,
        "buckets": [
            {"at": metric_query.moment_of(start), "count": by_bucket.get(start, 0)}
            for start in plan.starts()
        ],
        "names": [{"name": its_name, "count": count} for its_name, count in top],
    }


def split_name(name: str) -> tuple[str | None, str | None]:
    """Return (exact, None), or (None, prefix) when the name ends in `*`."""
    return (None, name[:-1]) if name.endswith("*") else (name, None)
