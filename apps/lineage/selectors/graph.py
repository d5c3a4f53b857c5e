"""
From a resource along the flow of data, level by level.

One statement a level and direction, however many resources a level has. What one resource adds is
bounded, what the answer holds is bounded, and what was left out is counted.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from typing import Any, Final

from django.db import connection

from apps.core.errors import NotFound
from apps.lineage.models import Resource
from apps.lineage.roles import ENDS, HIDDEN, Direction, flow_of, roles_from, roles_to
from apps.lineage.selectors.aliases import Aliases, aliases_in

DEPTH: Final = 2
MAX_DEPTH: Final = 6
IMPACT_DEPTH: Final = 6
IMPACT_TIME: Final = timedelta(days=100)  # a quarter: who has not come for longer waits no more
PER_NODE: Final = 25  # neighbours shown of one resource in one direction
MAX_NODES: Final = 250
MAX_EDGES: Final = 1_500
LOOKED_AT: Final = 2_000  # relations of one resource in one direction
MAX_COLUMNS: Final = 60  # of the focus, that column lineage begins with
COLUMN: Final = "column"


@dataclass(slots=True, kw_only=True)
class Node:
    """A resource in a graph. `level`: steps from the focus, negative towards its sources."""

    resource: Resource
    level: int
    more_up: int = 0  # neighbours that are not shown
    more_down: int = 0
    aliases: list[uuid.UUID] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Line:
    """
    A relation between two that are shown, in the direction in which data flows.

    Where none flows (`owned_by`, `part_of` …) `flows` is False and it goes as it was told.
    """

    source_id: uuid.UUID
    target_id: uuid.UUID
    role: str
    flows: bool
    first_seen: datetime
    last_seen: datetime
    count: int


@dataclass(slots=True, kw_only=True)
class Graph:
    """What lies around the focus. `truncated`: there was more than an answer may hold."""

    focus_id: uuid.UUID
    nodes: list[Node]
    lines: list[Line]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How far to look, at which kinds, and at relations of which time."""

    direction: Direction = Direction.BOTH
    depth: int = DEPTH
    kinds: Collection[str] = ()  # hidden ones that are wanted, too
    columns: bool = False
    since: datetime | None = None
    until: datetime | None = None

    @property
    def hidden(self) -> list[str]:
        shown = {*self.kinds, *((COLUMN,) if self.columns else ())}
        return sorted(HIDDEN - shown)


def get_graph(*, workspace_id: uuid.UUID, focus_id: uuid.UUID, look: Look) -> Graph:
    """
    Return what lies around a resource. Asked of an alias, it is about what that stands for.

    Raises: NotFound.
    """
    aliases = aliases_in(workspace_id=workspace_id)
    focus_id = aliases.one(focus_id)
    focus = Resource.objects.for_workspace(workspace_id).filter(id=focus_id).first()
    if focus is None:
        raise NotFound("There is no such resource in this workspace.")
    if focus.kind == COLUMN:
        look = replace(look, columns=True)
    walk = _Walk(workspace_id, aliases, look)
    levels = {focus_id: 0}
    if look.columns:
        for column_id in _columns_of(workspace_id, aliases.all([focus_id])):
            levels[aliases.one(column_id)] = 0
    start = list(levels)
    directions = (
        (Direction.UP, Direction.DOWN) if look.direction is Direction.BOTH else (look.direction,)
    )
    truncated = walk.go(start, directions, levels)
    nodes = _nodes(workspace_id, aliases, levels)
    lines, cut = _lines(workspace_id, aliases, list(nodes), look)
    for direction in directions:
        for node_id, count in walk.hidden_neighbours(levels, direction).items():
            if node_id in nodes:
                if direction is Direction.UP:
                    nodes[node_id].more_up = count
                else:
                    nodes[node_id].more_down = count
    ordered = sorted(nodes.values(), key=lambda node: (node.level, node.resource.label))
    return Graph(focus_id=focus_id, nodes=ordered, lines=lines, truncated=truncated or cut)


@dataclass(slots=True, kw_only=True)
class Affected:
    """Somebody or something that waits for the focus. `through`: the one before it on the way."""

    resource: Resource
    distance: int
    through_id: uuid.UUID


@dataclass(slots=True, kw_only=True)
class Impact:
    """Who is affected, nearest first. `owners` are those of what is affected, with of what."""

    affected: list[Affected]
    owners: list[tuple[Resource, list[uuid.UUID]]]
    truncated: bool


def get_impact(
    *,
    workspace_id: uuid.UUID,
    resource_ids: Sequence[uuid.UUID],
    since: datetime | None = None,
) -> Impact:
    """Return everything downstream of these resources, with who owns it; `since` None: ever."""
    aliases = aliases_in(workspace_id=workspace_id)
    start = list(dict.fromkeys(aliases.one(id_) for id_ in resource_ids))
    of_column = Resource.objects.for_workspace(workspace_id).filter(id__in=start, kind=COLUMN)
    look = Look(depth=IMPACT_DEPTH, since=since, columns=of_column.exists())
    walk = _Walk(workspace_id, aliases, look)
    levels = dict.fromkeys(start, 0)
    truncated = walk.go(start, [Direction.DOWN], levels) if start else False
    found = _nodes(workspace_id, aliases, levels)
    affected = [
        Affected(
            resource=node.resource, distance=node.level, through_id=walk.came_from[node.resource.id]
        )
        for node in found.values()
        if node.level > 0
    ]
    affected.sort(key=lambda each: (each.distance, each.resource.kind, each.resource.label))
    return Impact(
        affected=affected,
        owners=_owners(workspace_id, aliases, list(levels)),
        truncated=truncated,
    )


def upstream_of(
    *, workspace_id: uuid.UUID, resource_ids: Sequence[uuid.UUID], depth: int = DEPTH
) -> dict[uuid.UUID, int]:
    """Return what these are made of, by its distance, and themselves at 0; aliases included."""
    aliases = aliases_in(workspace_id=workspace_id)
    start = list(dict.fromkeys(aliases.one(id_) for id_ in resource_ids))
    if not start:
        return {}
    levels = dict.fromkeys(start, 0)
    _Walk(workspace_id, aliases, Look(depth=depth)).go(start, [Direction.UP], levels)
    found: dict[uuid.UUID, int] = {}
    for id_, level in levels.items():
        for each in aliases.all([id_]):
            found[each] = abs(level)
    return found


# Up: from `from` along `reads` to `to`, and from `to` back along `writes` to `from`. Who writes
# what he also reads (a check after a load) is not taken for a reader of it: NOT EXISTS.
_STEP: Final = """
    SELECT anchor, other, total FROM (
        SELECT anchor, other,
               row_number() OVER (PARTITION BY anchor ORDER BY sum(count) DESC, other) AS place,
               count(*) OVER (PARTITION BY anchor) AS total
        FROM (
            SELECT f.id AS anchor, l.other, l.count FROM unnest(%(frontier)s::uuid[]) AS f (id),
            LATERAL (
                SELECT l.to_id AS other, l.count FROM lineage_relation l
                WHERE l.workspace_id = %(workspace)s AND l.from_id = f.id
                  AND l.role = ANY(%(from)s) AND l.to_kind <> ALL(%(hidden)s)
                  AND (%(since)s::timestamptz IS NULL OR l.last_seen >= %(since)s)
                  AND (%(until)s::timestamptz IS NULL OR l.first_seen < %(until)s)
                  AND (l.role <> 'reads' OR NOT EXISTS (
                      SELECT 1 FROM lineage_relation w
                      WHERE w.workspace_id = l.workspace_id AND w.from_id = l.from_id
                        AND w.to_id = l.to_id AND w.role = 'writes'))
                LIMIT %(looked_at)s
            ) l
            UNION ALL
            SELECT f.id, l.other, l.count FROM unnest(%(frontier)s::uuid[]) AS f (id),
            LATERAL (
                SELECT l.from_id AS other, l.count FROM lineage_relation l
                WHERE l.workspace_id = %(workspace)s AND l.to_id = f.id
                  AND l.role = ANY(%(to)s) AND l.from_kind <> ALL(%(hidden)s)
                  AND (%(since)s::timestamptz IS NULL OR l.last_seen >= %(since)s)
                  AND (%(until)s::timestamptz IS NULL OR l.first_seen < %(until)s)
                  AND (l.role <> 'reads' OR NOT EXISTS (
                      SELECT 1 FROM lineage_relation w
                      WHERE w.workspace_id = l.workspace_id AND w.from_id = l.from_id
                        AND w.to_id = l.to_id AND w.role = 'writes'))
                LIMIT %(looked_at)s
            ) l
        ) AS around GROUP BY anchor, other
    ) AS ranked WHERE place <= %(per_node)s ORDER BY anchor, place
"""


class _Walk:
    def __init__(self, workspace_id: uuid.UUID, aliases: Aliases, look: Look) -> None:
        self._workspace_id = workspace_id
        self._aliases = aliases
        self._look = look
        self.came_from: dict[uuid.UUID, uuid.UUID] = {}

    def go(
        self,
        start: Sequence[uuid.UUID],
        directions: Sequence[Direction],
        levels: dict[uuid.UUID, int],
    ) -> bool:
        """
        Add what is found to `levels`; return whether the answer is full.

        Directions take turns, so that none fills the answer before the other has begun. What lies
        in both (a cycle) has the level at which it was found first, and is walked on from in both.
        """
        frontiers = {direction: list(start) for direction in directions}
        seen = {direction: set(start) for direction in directions}
        for step in range(1, self._look.depth + 1):
            found = [
                [(direction, anchor, other) for anchor, other, _ in rows]
                for direction, frontier in frontiers.items()
                if frontier
                for rows in [self._step(frontier, direction, PER_NODE)]
            ]
            following: dict[Direction, list[uuid.UUID]] = {each: [] for each in directions}
            for each in chain.from_iterable(zip_longest(*found)):
                if each is None or each[2] in seen[each[0]]:
                    continue
                direction, anchor, other = each
                if other not in levels:
                    if len(levels) >= MAX_NODES:
                        return True
                    levels[other] = step if direction is Direction.DOWN else -step
                    self.came_from[other] = anchor
                seen[direction].add(other)
                following[direction].append(other)
            frontiers = {each: self._passable(following[each]) for each in directions}
        return False

    def hidden_neighbours(
        self, levels: Mapping[uuid.UUID, int], direction: Direction
    ) -> dict[uuid.UUID, int]:
        """Return how many neighbours in this direction each of them has that are not shown."""
        shown = self._passable(levels) if len(levels) > 1 else list(levels)
        found: dict[uuid.UUID, set[uuid.UUID]] = {}
        for anchor, other, _ in self._step(shown, direction, LOOKED_AT):
            if other not in levels:
                found.setdefault(anchor, set()).add(other)
        return {anchor: len(others) for anchor, others in found.items()}

    def _passable(self, ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
        """Leave out what data does not flow through, unless the look began there."""
        wanted = list(ids)
        if not wanted:
            return []
        ends = set(
            Resource.objects.for_workspace(self._workspace_id)
            .filter(id__in=wanted, kind__in=ENDS)
            .values_list("id", flat=True)
        )
        return [id_ for id_ in wanted if id_ not in ends or id_ not in self.came_from]

    def _step(
        self, frontier: Sequence[uuid.UUID], direction: Direction, per_node: int
    ) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
        with connection.cursor() as cursor:
            cursor.execute(
                _STEP,
                {
                    "frontier": self._aliases.all(frontier),
                    "workspace": self._workspace_id,
                    "from": list(roles_from(direction)),
                    "to": list(roles_to(direction)),
                    "hidden": self._look.hidden,
                    "since": self._look.since,
                    "until": self._look.until,
                    "looked_at": LOOKED_AT,
                    "per_node": per_node,
                },
            )
            rows = cursor.fetchall()
        one = self._aliases.one
        return [(one(row[0]), one(row[1]), row[2]) for row in rows if one(row[0]) != one(row[1])]


def _columns_of(workspace_id: uuid.UUID, table_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT from_id FROM lineage_relation WHERE workspace_id = %s AND to_id = ANY(%s)"
            " AND from_kind = 'column' AND role = 'part_of' ORDER BY from_id LIMIT %s",
            [workspace_id, list(table_ids), MAX_COLUMNS],
        )
        return [row[0] for row in cursor.fetchall()]


def _nodes(
    workspace_id: uuid.UUID, aliases: Aliases, levels: Mapping[uuid.UUID, int]
) -> dict[uuid.UUID, Node]:
    rows = Resource.objects.for_workspace(workspace_id).in_bulk(list(levels))
    return {
        id_: Node(resource=rows[id_], level=level, aliases=aliases.aliases_of.get(id_, []))
        for id_, level in levels.items()
        if id_ in rows
    }


def _lines(
    workspace_id: uuid.UUID, aliases: Aliases, ids: Sequence[uuid.UUID], look: Look
) -> tuple[list[Line], bool]:
    """Return the relations among those that are shown, those of aliases added to their targets'."""
    members = aliases.all(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT from_id, role, to_id, first_seen, last_seen, count FROM lineage_relation"
            " WHERE workspace_id = %s AND from_id = ANY(%s) AND to_id = ANY(%s)"
            " AND (%s::timestamptz IS NULL OR last_seen >= %s)"
            " AND (%s::timestamptz IS NULL OR first_seen < %s)"
            " ORDER BY count DESC, id LIMIT %s",
            [
                workspace_id,
                members,
                members,
                look.since,
                look.since,
                look.until,
                look.until,
                MAX_EDGES + 1,
            ],
        )
        rows = cursor.fetchall()
    found: dict[tuple[uuid.UUID, str, uuid.UUID], Line] = {}
    for from_id, role, to_id, first, last, count in rows[:MAX_EDGES]:
        subject, other = aliases.one(from_id), aliases.one(to_id)
        if subject == other:
            continue
        known = found.get((subject, role, other))
        if known is not None:
            known.first_seen = min(known.first_seen, first)
            known.last_seen = max(known.last_seen, last)
            known.count += count
            continue
        flow = flow_of(role)
        source, target = (other, subject) if flow is False else (subject, other)
        found[subject, role, other] = Line(
            source_id=source,
            target_id=target,
            role=role,
            flows=flow is not None,
            first_seen=first,
            last_seen=last,
            count=count,
        )
    lines = [
        line
        for (subject, role, other), line in found.items()
        if not (role == "reads" and (subject, "writes", other) in found)
    ]
    return lines, len(rows) > MAX_EDGES


def _owners(
    workspace_id: uuid.UUID, aliases: Aliases, ids: Sequence[uuid.UUID]
) -> list[tuple[Resource, list[uuid.UUID]]]:
    owned: dict[uuid.UUID, list[uuid.UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_id, from_id FROM lineage_relation WHERE workspace_id = %s"
            " AND from_id = ANY(%s) AND role = 'owned_by' ORDER BY to_id, from_id LIMIT %s",
            [workspace_id, aliases.all(ids), MAX_EDGES],
        )
        for owner_id, of_id in cursor.fetchall():
            owned.setdefault(aliases.one(owner_id), []).append(aliases.one(of_id))
    rows: dict[Any, Resource] = Resource.objects.for_workspace(workspace_id).in_bulk(list(owned))
    return [(rows[id_], list(dict.fromkeys(of))) for id_, of in owned.items() if id_ in rows]
