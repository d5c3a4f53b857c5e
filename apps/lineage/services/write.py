# ruff: noqa: S608 - built of constants, values are parameters
"""Rows of what events tell together: one statement a table, however many events they were."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from django.db import connection

from apps.lineage.models import LABEL_LENGTH, Resource
from apps.lineage.names import COLUMN, Key
from apps.lineage.world import Edge, Seen, World, edge_id

NAMED_ELSEWHERE: Final = frozenset({"deployment", "flow"})  # their names are ids


def write_world(world: World) -> list[tuple[str, uuid.UUID]]:
    """
    Add to the tables what events tell together; return things whose names this layer does not know.

    Those are deployments and flows, by kind and id. In the caller's transaction.
    """
    _write_resources(world)
    _write_facets(world)
    _write_schemas(world)
    _write_sightings(world)
    _write_readings(world)
    _write_runs(world)
    _write_relations(world)
    return _unnamed(world)


def _execute(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    # PERF: bound by the server, in binary. Django's cursor writes out each value of a list as text,
    # in Python, which took longer than to find out what the events say.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description is not None else []


def _times(seen: Sequence[Seen]) -> list[list[Any]]:
    return [[one.first for one in seen], [one.last for one in seen], [one.count for one in seen]]


_WIDENED: Final = (
    "first_seen = least({t}.first_seen, excluded.first_seen),"
    " last_seen = greatest({t}.last_seen, excluded.last_seen)"
)
_SEEN_AGAIN: Final = f"{_WIDENED}, count = {{t}}.count + excluded.count"
_SAID_AGAIN: Final = (
    "at = excluded.at, event_id = excluded.event_id, value = excluded.value"
    " WHERE (excluded.at, excluded.event_id) > ({t}.at, {t}.event_id)"
)


def _label(key: Key) -> str:
    if key.kind == "column":
        table, _, column = key.name.rpartition(COLUMN)
        return f"{table.rpartition('.')[2]}.{column}"
    return key.name


def _write_resources(world: World) -> None:
    if not world.resources:
        return
    ids = sorted(world.resources)
    keys = [world.keys[id_] for id_ in ids]
    _execute(
        "INSERT INTO lineage_resource AS r (id, workspace_id, kind, namespace, name, label,"
        " first_seen, last_seen, count)"
        " SELECT id, %s, kind, namespace, name, label, first_seen, last_seen, count FROM"
        " unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],"
        " %b::timestamptz[], %b::bigint[])"
        " AS n (id, kind, namespace, name, label, first_seen, last_seen, count) ORDER BY id"
        f" ON CONFLICT (id) DO UPDATE SET {_SEEN_AGAIN.format(t='r')}",
        [
            world.workspace_id,
            ids,
            [key.kind for key in keys],
            [key.namespace for key in keys],
            [key.name for key in keys],
            [
                (world.labels.get(id_) or _label(key) or "?")[:LABEL_LENGTH]
                for id_, key in zip(ids, keys, strict=True)
            ],
            *_times([world.resources[id_] for id_ in ids]),
        ],
    )


def _write_facets(world: World) -> None:
    if not world.facets:
        return
    places = sorted(world.facets)
    said = [world.facets[place] for place in places]
    _execute(
        "INSERT INTO lineage_facet AS f (workspace_id, resource_id, name, at, event_id, value)"
        " SELECT %s, resource_id, name, at, event_id, value::jsonb FROM"
        " unnest(%b::uuid[], %b::text[], %b::timestamptz[], %b::uuid[], %b::text[])"
        " AS n (resource_id, name, at, event_id, value) ORDER BY resource_id, name"
        " ON CONFLICT (workspace_id, resource_id, name)"
        f" DO UPDATE SET {_SAID_AGAIN.format(t='f')}",
        [
            world.workspace_id,
            [place[0] for place in places],
            [place[1] for place in places],
            [one.at for one in said],
            [one.event_id for one in said],
            [json.dumps(one.value) for one in said],
        ],
    )


def _write_schemas(world: World) -> None:
    if not world.schemas:
        return
    places = sorted(world.schemas)
    _execute(
        "INSERT INTO lineage_schemaversion AS v (workspace_id, resource_id, hash, columns,"
        " first_seen, last_seen, count)"
        " SELECT %s, resource_id, hash, columns::jsonb, first_seen, last_seen, count FROM"
        " unnest(%b::uuid[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[],"
        " %b::bigint[]) AS n (resource_id, hash, columns, first_seen, last_seen, count)"
        " ORDER BY resource_id, hash ON CONFLICT (workspace_id, resource_id, hash)"
        f" DO UPDATE SET {_SEEN_AGAIN.format(t='v')}",
        [
            world.workspace_id,
            [place[0] for place in places],
            [place[1] for place in places],
            [json.dumps(world.schemas[place][0]) for place in places],
            *_times([world.schemas[place][1] for place in places]),
        ],
    )


def _write_sightings(world: World) -> None:
    if not world.sightings:
        return
    places = sorted(world.sightings)
    seen = [world.sightings[place] for place in places]
    _execute(
        "INSERT INTO lineage_schemasighting AS s (workspace_id, resource_id, day, hash,"
        " first_seen, last_seen) SELECT %s, resource_id, day, hash, first_seen, last_seen FROM"
        " unnest(%b::uuid[], %b::date[], %b::text[], %b::timestamptz[], %b::timestamptz[])"
        " AS n (resource_id, day, hash, first_seen, last_seen) ORDER BY resource_id, day, hash"
        " ON CONFLICT (workspace_id, resource_id, day, hash)"
        f" DO UPDATE SET {_WIDENED.format(t='s')}",
        [
            world.workspace_id,
            [place[0] for place in places],
            [place[1] for place in places],
            [place[2] for place in places],
            *_times(seen)[:2],
        ],
    )


def _write_readings(world: World) -> None:
    if not world.readings:
        return
    places = sorted(world.readings)
    said = [world.readings[place] for place in places]
    _execute(
        "INSERT INTO lineage_reading AS g (workspace_id, resource_id, measure, hour, at, event_id,"
        " value) SELECT %s, resource_id, measure, hour, at, event_id, value FROM"
        " unnest(%b::uuid[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::uuid[],"
        " %b::float8[]) AS n (resource_id, measure, hour, at, event_id, value)"
        " ORDER BY resource_id, measure, hour"
        " ON CONFLICT (workspace_id, resource_id, measure, hour)"
        f" DO UPDATE SET {_SAID_AGAIN.format(t='g')}",
        [
            world.workspace_id,
            [place[0] for place in places],
            [place[1] for place in places],
            [place[2] for place in places],
            [one.at for one in said],
            [one.event_id for one in said],
            [one.value for one in said],
        ],
    )


def _write_runs(world: World) -> None:
    """
    Note what runs touched and whose they are; add to the relations what both tell together.

    Which of the two was told first makes no difference: what is not counted yet waits.
    """
    if world.runs:
        runs = sorted(world.runs)
        _execute(
            "INSERT INTO lineage_knownrun (workspace_id, run_id, owner_id)"
            " SELECT %s, run_id, owner_id FROM unnest(%b::uuid[], %b::uuid[]) AS n"
            " (run_id, owner_id) ORDER BY run_id ON CONFLICT DO NOTHING",
            [world.workspace_id, runs, [world.runs[run_id] for run_id in runs]],
        )
    if world.touches:
        places = sorted(world.touches)
        _execute(
            "INSERT INTO lineage_touch AS t (workspace_id, run_id, role, resource_id, first_seen,"
            " last_seen, count, counted)"
            " SELECT %s, run_id, role, resource_id, first_seen, last_seen, count, 0 FROM"
            " unnest(%b::uuid[], %b::text[], %b::uuid[], %b::timestamptz[], %b::timestamptz[],"
            " %b::bigint[]) AS n (run_id, role, resource_id, first_seen, last_seen, count)"
            " ORDER BY run_id, role, resource_id"
            " ON CONFLICT (workspace_id, run_id, role, resource_id)"
            f" DO UPDATE SET {_SEEN_AGAIN.format(t='t')}",
            [
                world.workspace_id,
                [place[0] for place in places],
                [place[1] for place in places],
                [place[2] for place in places],
                *_times([world.touches[place] for place in places]),
            ],
        )
    concerned = sorted({*world.runs, *(place[0] for place in world.touches)})
    if not concerned:
        return
    found = _execute(
        "WITH due AS (SELECT t.run_id, t.role, t.resource_id, t.first_seen, t.last_seen, t.count,"
        " t.count - t.counted AS more, k.owner_id FROM lineage_touch t"
        " JOIN lineage_knownrun k ON k.workspace_id = t.workspace_id AND k.run_id = t.run_id"
        " WHERE t.workspace_id = %s AND t.run_id = ANY(%b) AND t.counted < t.count),"
        " counted AS (UPDATE lineage_touch t SET counted = due.count FROM due"
        " WHERE t.workspace_id = %s AND t.run_id = due.run_id AND t.role = due.role"
        " AND t.resource_id = due.resource_id)"
        " SELECT owner_id, due.role, resource_id, min(due.first_seen), max(due.last_seen),"
        " sum(more)::bigint, owner.kind, touched.kind FROM due"
        " JOIN lineage_resource owner ON owner.id = owner_id"
        " JOIN lineage_resource touched ON touched.id = resource_id GROUP BY 1, 2, 3, 7, 8",
        [world.workspace_id, concerned, world.workspace_id],
    )
    for owner_id, role, resource_id, first, last, count, owner_kind, kind in found:
        world.kinds[owner_id], world.kinds[resource_id] = owner_kind, kind
        world.relate(Edge(owner_id, role, resource_id), first, last, count)


def _write_relations(world: World) -> None:
    if not world.relations:
        return
    rows = sorted((edge_id(edge), edge) for edge in world.relations)
    edges = [edge for _, edge in rows]
    _execute(
        "INSERT INTO lineage_relation AS l (id, workspace_id, from_id, role, to_id, from_kind,"
        " to_kind, first_seen, last_seen, count)"
        " SELECT id, %s, from_id, role, to_id, from_kind, to_kind, first_seen, last_seen, count"
        " FROM unnest(%b::uuid[], %b::uuid[], %b::text[], %b::uuid[], %b::text[], %b::text[],"
        " %b::timestamptz[], %b::timestamptz[], %b::bigint[]) AS n"
        " (id, from_id, role, to_id, from_kind, to_kind, first_seen, last_seen, count) ORDER BY id"
        f" ON CONFLICT (id) DO UPDATE SET {_SEEN_AGAIN.format(t='l')}",
        [
            world.workspace_id,
            [id_ for id_, _ in rows],
            [edge.from_id for edge in edges],
            [edge.role for edge in edges],
            [edge.to_id for edge in edges],
            [world.kinds[edge.from_id] for edge in edges],
            [world.kinds[edge.to_id] for edge in edges],
            *_times([world.relations[edge] for edge in edges]),
        ],
    )


def _unnamed(world: World) -> list[tuple[str, uuid.UUID]]:
    ids = [id_ for id_ in world.resources if world.keys[id_].kind in NAMED_ELSEWHERE]
    if not ids:
        return []
    found: list[tuple[str, uuid.UUID]] = []
    rows = Resource.objects.for_workspace(world.workspace_id).filter(id__in=ids)
    for kind, name, label in rows.values_list("kind", "name", "label"):
        if label != name:
            continue
        try:
            found.append((kind, uuid.UUID(name)))
        except ValueError:
            continue  # somebody's event of a deployment that is not one of ours
    return found
