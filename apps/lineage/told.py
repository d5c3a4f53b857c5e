"""
What one event tells of the world, before anything is written: things, links, what was said.

Pure. Shared by those who read events (`derive`) and those who read OpenLineage (`openlineage`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from apps.lineage.names import Key, Place, key_of
from apps.lineage.sql import fingerprint, shape_of

READS: Final = "reads"
WRITES: Final = "writes"
DEPENDS_ON: Final = "depends_on"
EXECUTED_BY: Final = "executed_by"
ON: Final = "on"
PART_OF: Final = "part_of"
PARENT: Final = "parent"
OWNED_BY: Final = "owned_by"
WRITTEN: Final = "written"  # a facet: the event that last told of a write, whoever did it
TOUCHES: Final = "touches"  # an event of a run named it, and did not say more

_ROLES: Final = {  # as senders spell them
    "read": READS,
    "input": READS,
    "source": READS,
    "write": WRITES,
    "output": WRITES,
    "target": WRITES,
    "user": EXECUTED_BY,
    "by": EXECUTED_BY,
    "database": ON,
    "owner": OWNED_BY,
    "upstream": DEPENDS_ON,
    "consumes": READS,
}
SHOWN_TEXT: Final = 4_000  # characters of a query's text that are kept
COLUMNS: Final = 500  # of one table
PARTIES: Final = 100


class Facts(Protocol):
    """What is asked of an event; `telemetry.items.StoredEvent` is one."""

    @property
    def name(self) -> str: ...
    @property
    def resource_kind(self) -> str | None: ...
    @property
    def resource_namespace(self) -> str | None: ...
    @property
    def resource_name(self) -> str | None: ...
    @property
    def related(self) -> list[dict[str, str | None]]: ...
    @property
    def payload(self) -> dict[str, object]: ...
    @property
    def run_id(self) -> UUID | None: ...
    @property
    def source(self) -> str: ...


@dataclass(slots=True)
class Told:
    """What one event tells. Each thing and each relation is counted once per event."""

    things: dict[Key, None] = field(default_factory=dict)
    links: dict[tuple[Key, str, Key], None] = field(default_factory=dict)
    labels: dict[Key, str] = field(default_factory=dict)
    facets: dict[tuple[Key, str], Any] = field(default_factory=dict)
    readings: dict[tuple[Key, str], float] = field(default_factory=dict)
    schemas: dict[Key, list[dict[str, str]]] = field(default_factory=dict)
    touches: dict[tuple[UUID, str, Key], None] = field(default_factory=dict)
    runs: dict[UUID, tuple[Key | None, Key | None]] = field(default_factory=dict)

    def link(self, subject: Key, role: str, other: Key) -> None:
        if subject == other:
            return
        self.things[subject] = None
        self.things[other] = None
        self.links[subject, role, other] = None


def text_of(value: object) -> str | None:
    """Return a text that says something."""
    return value if isinstance(value, str) and value.strip() else None


def number_of(value: object) -> float | None:
    """Return a number that a chart can show."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if abs(number) < 1e18 else None  # and finite


def columns_of(fields: Sequence[object]) -> list[dict[str, str]]:
    """Return columns as [{name, type}], however they were told: by objects or names alone."""
    found = []
    for each in fields[:COLUMNS]:
        if isinstance(each, dict) and (name := text_of(each.get("name"))):
            kind = each.get("type")
            found.append({"name": name[:200], "type": str(kind)[:200] if kind else ""})
        elif isinstance(each, str) and each.strip():
            found.append({"name": each[:200], "type": ""})
    return found


def relations_of(event: Facts, place: Place | None = None) -> Iterable[tuple[str, Key]]:
    """Yield what the event names beside its own resource, and in which role."""
    for each in event.related[:PARTIES]:
        kind, name, role = each.get("kind"), each.get("name"), each.get("role")
        if not (kind and kind.strip() and name and role):
            continue
        spelt = role.strip().lower()
        yield _ROLES.get(spelt, spelt), key_of(kind, each.get("namespace"), name, place)


def note_touches(event: Facts, told: Told, touched: Iterable[tuple[str, Key]]) -> None:
    """Note what of the world a run touched, to be joined with what is known of the run."""
    if event.run_id is None:
        return
    for role, key in touched:
        if key.kind not in {"run", "flow", "deployment", "user", "query"}:
            told.touches[event.run_id, role, key] = None


def note_query(text: str, place: Place, told: Told) -> Key:
    """Note the statement: one thing, whatever its literals."""
    shape = shape_of(text)
    query = Key("query", place.namespace, fingerprint(shape))
    told.things[query] = None
    told.labels[query] = shape
    told.facets[query, "text"] = text.strip()[:SHOWN_TEXT]
    if place.dialect is not None:
        told.facets[query, "dialect"] = place.dialect.name
    return query
