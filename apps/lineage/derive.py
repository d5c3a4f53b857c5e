"""
What an event tells of the world: things, how they touched, and what was said of them.

Pure, and of one event at a time: what it tells does not hang on what was told before, so that any
order of the same events makes the same world. docs/world.md says the same in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.lineage.names import Key, Place, dialect_named, key_of, place_of
from apps.lineage.openlineage import tell_of_openlineage
from apps.lineage.sql import Statement, read_statement
from apps.lineage.told import (
    DEPENDS_ON,
    EXECUTED_BY,
    ON,
    OWNED_BY,
    PART_OF,
    READS,
    TOUCHES,
    WRITES,
    WRITTEN,
    Facts,
    Told,
    columns_of,
    note_query,
    note_touches,
    number_of,
    relations_of,
    text_of,
)

# Who may read and write on their own account. What flows in at one of the last two does not come
# out of it: a person who reads one table and writes another has not made one of the other.
ACTORS: Final = frozenset(
    {"user", "service", "dashboard", "model", "job", "deployment", "flow", "file"}
)
_WROTE: Final = re.compile(
    r"(?:^|[._-])(?:loaded|written|created|replaced|updated|appended|materialized|refreshed)$"
)
_QUERY_NAMES: Final = frozenset({"query.executed", "query.finished", "query.failed"})
RUN_NAMES: Final = frozenset(
    f"headway.run.{state}"
    for state in ("running", "completed", "failed", "crashed", "cancelled", "timed_out")
)
_OWN: Final = "headway."
CROSS: Final = 200  # pairs of tables that one statement joins


def tell(event: Facts) -> Told:
    """Return what the event tells of the world."""
    told = Told()
    if event.name.startswith(_OWN):
        if event.name in RUN_NAMES:
            _tell_of_run(event, told)
        return told
    if event.name.startswith("openlineage."):
        tell_of_openlineage(event, told)
        return told
    statement = _statement_of(event)
    if statement is not None:
        _tell_of_query(event, statement, told)
    else:
        _tell_of_thing(event, told)
    return told


def _tell_of_run(event: Facts, told: Told) -> None:
    if event.run_id is None:
        return
    found: dict[str, Key] = {}
    for each in event.related:
        kind, name = each.get("kind"), each.get("name")
        if kind in {"deployment", "flow"} and name:
            found[kind] = Key(kind, "", name)
    deployment, flow = found.get("deployment"), found.get("flow")
    told.runs[event.run_id] = deployment, flow
    for key in found.values():
        told.things[key] = None
    if deployment is not None and flow is not None:
        told.link(deployment, PART_OF, flow)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    text: str
    place: Place
    user: str | None = None
    database: str | None = None
    tables: tuple[str, ...] = ()  # named beside the text
    verb: str | None = None
    rows: float | None = None


def _statement_of(event: Facts) -> _Statement | None:
    """Return the query that the event tells of, natively or as a span with `db.*` attributes."""
    payload = event.payload
    attributes = payload.get("attributes")
    if event.source == "otlp" and isinstance(attributes, dict):
        return _statement_of_span(attributes)
    text = (
        text_of(payload.get("text")) or text_of(payload.get("sql")) or text_of(payload.get("query"))
    )
    if event.name not in _QUERY_NAMES and (text is None or not event.name.startswith("query")):
        return None
    database = text_of(payload.get("database"))
    dialect = text_of(payload.get("dialect"))
    namespace = None
    for each in event.related:
        if each.get("kind") == "database" and each.get("name"):
            namespace, database = each.get("namespace"), each.get("name") or database
    tables = [event] if event.resource_kind == "table" else []
    if tables and event.resource_namespace:
        # The table's own namespace says more than the database's: where bare names are at home.
        namespace = event.resource_namespace
    place = place_of(namespace, dialect=dialect, database=database)
    return _Statement(
        text=text or "",
        place=place,
        user=text_of(payload.get("user")),
        database=database,
        verb=text_of(payload.get("statement")),
    )


def _statement_of_span(attributes: Mapping[str, Any]) -> _Statement | None:
    """Read the conventions of today (`db.system.name`) and those before (`db.system`)."""

    def first(*names: str) -> str | None:
        return next((text for name in names if (text := text_of(attributes.get(name)))), None)

    system = first("db.system.name", "db.system")
    text = first("db.query.text", "db.statement")
    table = first("db.collection.name", "db.sql.table")
    if system is None and text is None and table is None:
        return None
    dialect = dialect_named(system)
    # `db.namespace` of Postgres and SQL Server: database|schema.
    database, _, schema = (first("db.namespace", "db.name") or "").partition("|")
    address = first("server.address", "net.peer.name", "net.sock.peer.addr")
    port = attributes.get("server.port") or attributes.get("net.peer.port")
    scheme = dialect.name if dialect is not None else (system or "").strip().lower()
    connected = first("db.connection_string")
    if address and scheme:
        server = f"{address}:{port}" if isinstance(port, int | str) and port else address
        namespace = f"{scheme}://{server}"
    else:
        namespace = connected if connected and "://" in connected else scheme
    return _Statement(
        text=text or "",
        place=place_of(namespace, dialect=scheme, database=database, schema=schema or None),
        user=first("db.user", "enduser.id"),
        database=database or None,
        tables=(table,) if table else (),
        verb=first("db.operation.name", "db.operation"),
    )


_READING_VERBS: Final = frozenset(
    {"", "SELECT", "WITH", "SHOW", "DESCRIBE", "EXPLAIN", "FIND", "GET", "SCAN", "TABLE", "VALUES"}
)


def _tell_of_query(event: Facts, asked: _Statement, told: Told) -> None:
    place = asked.place
    dialect = place.dialect.name if place.dialect is not None else None
    found = read_statement(asked.text, dialect=dialect) if asked.text else Statement()
    reads, writes = _named_tables(event, place)
    if not reads and not writes:
        reads = [key_of("table", None, name, place) for name in found.reads]
        writes = [key_of("table", None, name, place) for name in found.writes]
    named = [key_of("table", None, name, place) for name in asked.tables]
    if event.resource_kind == "table" and event.resource_name:
        named.append(key_of("table", event.resource_namespace, event.resource_name, place))
    is_reading = (asked.verb or found.verb).upper() in _READING_VERBS
    for key in named:
        if key not in reads and key not in writes:
            (reads if is_reading else writes).append(key)
    reads, writes = list(dict.fromkeys(reads)), list(dict.fromkeys(writes))

    actors = _actors(event)
    if asked.user:
        actors.append(key_of("user", None, asked.user))
    query = None
    if asked.text:
        query = note_query(asked.text, place, told)
        for actor in actors:
            told.link(query, EXECUTED_BY, actor)
    for actor in [*actors, *([query] if query is not None else [])]:
        for table in reads:
            told.link(actor, READS, table)
        for table in writes:
            told.link(actor, WRITES, table)
    if not actors and query is None:
        for table in writes:
            told.facets[table, WRITTEN] = event.name
    database = _database_of(event, asked)
    for table in [*reads, *writes]:
        told.things[table] = None
        if database is not None:
            told.link(table, PART_OF, database)
    if query is not None and database is not None:
        told.link(query, ON, database)
    for made, of in [(made, of) for made in writes for of in reads][:CROSS]:
        told.link(made, DEPENDS_ON, of)
    note_touches(
        event, told, [*((READS, key) for key in reads), *((WRITES, key) for key in writes)]
    )


def _named_tables(event: Facts, place: Place) -> tuple[list[Key], list[Key]]:
    reads: list[Key] = []
    writes: list[Key] = []
    for role, other in relations_of(event, place):
        if other.kind != "table":
            continue
        if role == READS:
            reads.append(other)
        elif role == WRITES:
            writes.append(other)
    return reads, writes


def _actors(event: Facts) -> list[Key]:
    """Return who did it: people, services, dashboards and the like among those named."""
    found: dict[Key, None] = {}
    if event.resource_kind in ACTORS and event.resource_name:
        key = key_of(event.resource_kind, event.resource_namespace, event.resource_name)
        found[key] = None
    for role, other in relations_of(event):
        if other.kind in ACTORS and role != OWNED_BY:
            found[other] = None
    return list(found)


def _database_of(event: Facts, asked: _Statement) -> Key | None:
    for _, other in relations_of(event):
        if other.kind == "database":
            return _database(asked.place, other.name)
    return _database(asked.place, asked.database) if asked.database else None


def _database(place: Place, name: str) -> Key:
    """Return the database at the place of its tables, so that both are on one server."""
    return key_of("database", place.namespace, name)


def _tell_of_thing(event: Facts, told: Told) -> None:
    if not (event.resource_kind and event.resource_kind.strip() and event.resource_name):
        return
    thing = key_of(event.resource_kind, event.resource_namespace, event.resource_name)
    told.things[thing] = None
    others = list(relations_of(event))
    wrote = thing.kind == "table" and _WROTE.search(event.name) is not None
    for role, other in others:
        if wrote and other.kind in ACTORS and role in {EXECUTED_BY, "produced_by", "writes"}:
            told.link(other, WRITES, thing)
        elif wrote and role in {READS, "from"} and other.kind in {"table", "file", "bucket"}:
            told.link(thing, DEPENDS_ON, other)
        else:
            told.link(thing, role, other)
    payload = event.payload
    if wrote:
        told.facets[thing, WRITTEN] = event.name
    if thing.kind == "table":
        for name in ("rows", "row_count", "rowCount"):
            if wrote and (rows := number_of(payload.get(name))) is not None:
                told.readings[thing, "rows"] = rows
                break
        columns = payload.get("columns") or payload.get("schema")
        if isinstance(columns, list) and (fields := columns_of(columns)):
            told.schemas[thing] = fields
    touched = [(role if role in {READS, WRITES} else TOUCHES, other) for role, other in others]
    note_touches(event, told, [(WRITES if wrote else TOUCHES, thing), *touched])
