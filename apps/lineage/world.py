"""
Many events put together: one row per thing and relation, whatever the order in which they came.

Pure. Times are widened, counts are summed, and of values the one with the latest (time, event id)
stays: all three give the same however they are grouped, here and in the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from apps.lineage.derive import tell
from apps.lineage.names import Key, relation_id
from apps.lineage.told import Facts, Told


class Event(Facts, Protocol):
    """What is asked of an event here."""

    @property
    def id(self) -> UUID: ...
    @property
    def occurred_at(self) -> datetime: ...


@dataclass(slots=True)
class Seen:
    """Since when, until when, how often."""

    first: datetime
    last: datetime
    count: int = 1

    def add(self, first: datetime, last: datetime, count: int) -> None:
        # PERF: of each thing and link of each event; `min` and `max` take four times as long.
        if first < self.first:
            self.first = first
        if last > self.last:
            self.last = last
        self.count += count


class Said(NamedTuple):
    """A value, and by which event: the greater one stands."""

    at: datetime
    event_id: UUID
    value: Any

    @property
    def order(self) -> tuple[datetime, UUID]:
        return self.at, self.event_id


class Edge(NamedTuple):
    """A relation by the ids of its ends."""

    from_id: UUID
    role: str
    to_id: UUID


@dataclass(slots=True)
class World:
    """What a number of events tell together. Keys of the tables' rows → what they add to them."""

    workspace_id: UUID
    keys: dict[UUID, Key] = field(default_factory=dict)
    kinds: dict[UUID, str] = field(default_factory=dict)
    labels: dict[UUID, str] = field(default_factory=dict)
    resources: dict[UUID, Seen] = field(default_factory=dict)
    relations: dict[Edge, Seen] = field(default_factory=dict)
    facets: dict[tuple[UUID, str], Said] = field(default_factory=dict)
    readings: dict[tuple[UUID, str, datetime], Said] = field(default_factory=dict)
    schemas: dict[tuple[UUID, str], tuple[list[dict[str, str]], Seen]] = field(default_factory=dict)
    sightings: dict[tuple[UUID, date, str], Seen] = field(default_factory=dict)
    touches: dict[tuple[UUID, str, UUID], Seen] = field(default_factory=dict)
    runs: dict[UUID, UUID] = field(default_factory=dict)
    _ids: dict[Key, UUID] = field(default_factory=dict)

    def take(self, events: Iterable[Event]) -> None:
        """Add what the events tell."""
        for event in events:
            self._add(tell(event), event.occurred_at, event.id)

    def relate(self, edge: Edge, first: datetime, last: datetime, count: int) -> None:
        """Add to a relation what was found out elsewhere."""
        _see(self.relations, edge, first, last, count)

    def _add(self, told: Told, at: datetime, event_id: UUID) -> None:
        for key in told.things:
            _see(self.resources, self._id(key), at, at, 1)
        for key, label in told.labels.items():
            self.labels[self._id(key)] = label
        for subject, role, other in told.links:
            _see(self.relations, Edge(self._id(subject), role, self._id(other)), at, at, 1)
        for (key, name), value in told.facets.items():
            _say(self.facets, (self._id(key), name), Said(at, event_id, value))
        hour = at.replace(minute=0, second=0, microsecond=0)
        for (key, measure), number in told.readings.items():
            _say(self.readings, (self._id(key), measure, hour), Said(at, event_id, number))
        for key, columns in told.schemas.items():
            place = self._id(key), _hash(columns)
            known = self.schemas.get(place)
            if known is None:
                self.schemas[place] = columns, Seen(at, at)
            else:
                known[1].add(at, at, 1)
            _see(self.sightings, (place[0], at.date(), place[1]), at, at, 1)
        for run_id, role, key in told.touches:
            _see(self.touches, (run_id, role, self._id(key)), at, at, 1)
        for run_id, (deployment, flow) in told.runs.items():
            owner = deployment or flow
            if owner is not None:
                self.runs[run_id] = self._id(owner)

    def _id(self, key: Key) -> UUID:
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = key.id_in(self.workspace_id)
            self.keys[found] = key
            self.kinds[found] = key.kind
        return found


def edge_id(edge: Edge) -> UUID:
    """Return the id of the relation's row."""
    return relation_id(edge.from_id, edge.role, edge.to_id)


def _hash(columns: list[dict[str, str]]) -> str:
    return blake2b(json.dumps(columns, sort_keys=True).encode(), digest_size=8).hexdigest()


def _see(into: dict[Any, Seen], key: Any, first: datetime, last: datetime, count: int) -> None:
    known = into.get(key)
    if known is None:
        into[key] = Seen(first, last, count)
    else:
        known.add(first, last, count)


def _say(into: dict[Any, Said], key: Any, said: Said) -> None:
    known = into.get(key)
    if known is None or known.order < said.order:
        into[key] = said
