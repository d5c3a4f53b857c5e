"""Lists of resources, and what is known of one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet

from apps.core.errors import NotFound
from apps.lineage.models import Facet, Reading, Resource
from apps.lineage.selectors.aliases import Aliases, aliases_in
from apps.lineage.selectors.schemas import TableSchema, schema_of
from apps.lineage.told import WRITTEN

BY_LABEL: Final = ("label", "id")
NEIGHBOURS: Final = 50  # shown of one sort; how many there are is said
READINGS: Final = 500  # of one measure: three weeks of hourly loads
TEXT_LENGTH: Final = 200  # of a query, in a list


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFilter:
    """Which resources. `q` is looked for in labels and names, without regard to case."""

    kinds: Sequence[str] = ()
    q: str | None = None
    namespace: str | None = None
    seen_since: datetime | None = None


def list_resources(*, workspace_id: uuid.UUID, only: ResourceFilter) -> QuerySet[Resource]:
    """Return resources, to be paged by BY_LABEL."""
    rows = Resource.objects.for_workspace(workspace_id)
    if only.kinds:
        rows = rows.filter(kind__in=only.kinds)
    if only.namespace is not None:
        rows = rows.filter(namespace=only.namespace)
    if only.q:
        rows = rows.filter(Q(label__icontains=only.q) | Q(name__icontains=only.q))
    if only.seen_since is not None:
        rows = rows.filter(last_seen__gte=only.seen_since)
    return rows


def count_by_kind(*, workspace_id: uuid.UUID) -> dict[str, int]:
    """Return how many resources of each kind there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, count(*) FROM lineage_resource WHERE workspace_id = %s"
            " GROUP BY kind ORDER BY kind",
            [workspace_id],
        )
        return dict(cursor.fetchall())


def find_by_ids(
    *, workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Resource]:
    """Return those of the resources that are there."""
    rows: dict[uuid.UUID, Resource] = Resource.objects.for_workspace(workspace_id).in_bulk(
        list(resource_ids)
    )
    return rows


def get_resource(*, workspace_id: uuid.UUID, resource_id: uuid.UUID) -> Resource:
    """Return one resource. Raises: NotFound."""
    row = Resource.objects.for_workspace(workspace_id).filter(id=resource_id).first()
    if row is None:
        raise NotFound("There is no such resource in this workspace.")
    return row


def facets_of(*, workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID]) -> dict[str, Facet]:
    """Return what was last said of a resource under any of its ids, by the name of what was."""
    rows = Facet.objects.filter(workspace_id=workspace_id, resource_id__in=resource_ids)
    return {row.name: row for row in rows.order_by("at", "event_id")}


@dataclass(slots=True, kw_only=True)
class Neighbour:
    """Another resource, how it touched this one, since when and how often."""

    resource: Resource
    role: str
    first_seen: datetime
    last_seen: datetime
    count: int
    text: str | None = None  # of a query


@dataclass(slots=True)
class Neighbours:
    """The most recent of one sort, and how many there are in all."""

    items: list[Neighbour] = field(default_factory=list)
    total: int = 0


@dataclass(slots=True, kw_only=True)
class ResourcePage:
    """All that is known of one resource."""

    resource: Resource
    alias_of: Resource | None
    aliases: list[Resource]
    facets: dict[str, Facet]
    schema: TableSchema
    readings: dict[str, list[Reading]]  # by measure, oldest first
    readers: Neighbours
    writers: Neighbours
    queries: Neighbours
    sources: Neighbours
    users_of: Neighbours
    owners: Neighbours
    parts: Neighbours
    others: Neighbours
    written_at: datetime | None
    read_at: datetime | None


def get_resource_page(*, workspace_id: uuid.UUID, resource_id: uuid.UUID) -> ResourcePage:
    """
    Return what is known of a resource, what was told of its aliases with it.

    Raises: NotFound.
    """
    aliases = aliases_in(workspace_id=workspace_id)
    ids = aliases.all([resource_id])
    target_id = aliases.target_of.get(resource_id)
    known = find_by_ids(
        workspace_id=workspace_id, resource_ids=[*ids, *([target_id] if target_id else [])]
    )
    if resource_id not in known:
        raise NotFound("There is no such resource in this workspace.")
    page = ResourcePage(
        resource=known[resource_id],
        alias_of=known.get(target_id) if target_id else None,
        aliases=[known[id_] for id_ in ids[1:] if id_ in known],
        facets=facets_of(workspace_id=workspace_id, resource_ids=ids),
        schema=schema_of(workspace_id=workspace_id, resource_ids=ids),
        readings=_readings(workspace_id, ids),
        readers=Neighbours(),
        writers=Neighbours(),
        queries=Neighbours(),
        sources=Neighbours(),
        users_of=Neighbours(),
        owners=Neighbours(),
        parts=Neighbours(),
        others=Neighbours(),
        written_at=None,
        read_at=None,
    )
    _fill(workspace_id, ids, aliases, page)
    return page


def _readings(workspace_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> dict[str, list[Reading]]:
    with connection.cursor() as cursor:
        # The last of each measure: a table that is loaded each minute has one an hour.
        cursor.execute(
            "SELECT measure, resource_id, hour FROM (SELECT measure, resource_id, hour,"
            " row_number() OVER (PARTITION BY measure ORDER BY at DESC, event_id) AS place"
            " FROM lineage_reading WHERE workspace_id = %s AND resource_id = ANY(%s)) AS r"
            " WHERE place <= %s",
            [workspace_id, list(ids), READINGS],
        )
        keys = {(row[1], row[0], row[2]) for row in cursor.fetchall()}
    found: dict[str, list[Reading]] = {}
    rows = Reading.objects.filter(workspace_id=workspace_id, resource_id__in=ids)
    for row in rows.order_by("at", "event_id"):
        if (row.resource_id, row.measure, row.hour) in keys:
            found.setdefault(row.measure, []).append(row)
    return found


# What belongs into which list; `incoming`: the resource is the relation's `to`.
_LISTED: Final = """
    SELECT list, total, other_id, role, first_seen, last_seen, count, text FROM (
        SELECT list, other_id, role, first_seen, last_seen, count, f.value AS text,
               row_number() OVER (PARTITION BY list ORDER BY last_seen DESC, other_id) AS place,
               count(*) OVER (PARTITION BY list) AS total
        FROM (
            SELECT CASE
                     WHEN l.from_kind = 'query' THEN 'queries'
                     WHEN l.role IN ('reads', 'uses') THEN 'readers'
                     WHEN l.role IN ('writes', 'produces') THEN 'writers'
                     WHEN l.role = 'depends_on' THEN 'users_of'
                     WHEN l.role IN ('part_of', 'on') THEN 'parts'
                     ELSE 'others' END AS list,
                   l.from_id AS other_id, l.role, l.first_seen, l.last_seen, l.count
            FROM lineage_relation l
            WHERE l.workspace_id = %(workspace)s AND l.to_id = ANY(%(ids)s)
            UNION ALL
            SELECT CASE
                     WHEN l.role IN ('reads', 'uses', 'depends_on') THEN 'sources'
                     WHEN l.role IN ('writes', 'produces') THEN 'users_of'
                     WHEN l.role = 'owned_by' THEN 'owners'
                     ELSE 'others' END,
                   l.to_id, l.role, l.first_seen, l.last_seen, l.count
            FROM lineage_relation l
            WHERE l.workspace_id = %(workspace)s AND l.from_id = ANY(%(ids)s)
        ) AS listed
        LEFT JOIN lineage_facet f ON list = 'queries' AND f.workspace_id = %(workspace)s
             AND f.resource_id = other_id AND f.name = 'text'
    ) AS ranked WHERE place <= %(most)s ORDER BY list, place
"""
_FRESHNESS: Final = (
    "SELECT max(last_seen) FILTER (WHERE role IN ('writes', 'produces')),"
    " max(last_seen) FILTER (WHERE role IN ('reads', 'uses')) FROM lineage_relation"
    " WHERE workspace_id = %s AND to_id = ANY(%s)"
)


def _fill(
    workspace_id: uuid.UUID, ids: Sequence[uuid.UUID], aliases: Aliases, page: ResourcePage
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, {"workspace": workspace_id, "ids": list(ids), "most": NEIGHBOURS})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.execute(_FRESHNESS, [workspace_id, list(ids)])
        written_at, page.read_at = cursor.fetchone()
    # Whoever loads a table and does not say who they are is nobody's neighbour.
    told = page.facets.get(WRITTEN)
    page.written_at = max(filter(None, (written_at, told and told.at)), default=None)
    others = find_by_ids(
        workspace_id=workspace_id, resource_ids=list({aliases.one(row[2]) for row in rows})
    )
    own = {*ids, *(aliases.one(id_) for id_ in ids)}
    for list_name, total, *_ in rows:
        getattr(page, list_name).total = total
    listed: dict[tuple[str, uuid.UUID, str], Neighbour] = {}
    for list_name, _, other_id, role, first, last, count, text in rows:
        into: Neighbours = getattr(page, list_name)
        other_id = aliases.one(other_id)
        known = listed.get((list_name, other_id, role))
        if known is not None or other_id in own or other_id not in others:
            into.total -= 1
            if known is not None:
                known.first_seen = min(known.first_seen, first)
                known.last_seen = max(known.last_seen, last)
                known.count += count
            continue
        listed[list_name, other_id, role] = neighbour = Neighbour(
            resource=others[other_id],
            role=role,
            first_seen=first,
            last_seen=last,
            count=count,
            text=None if text is None else str(_plain_text(text))[:TEXT_LENGTH],
        )
        into.items.append(neighbour)


def _plain_text(value: object) -> object:
    """A JSON string comes as its text, with quotes, when it was read without the ORM."""
    if isinstance(value, str) and value.startswith('"'):
        return json.loads(value)
    return value
