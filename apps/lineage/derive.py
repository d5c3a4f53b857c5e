"""
What an event tells of the world: things, how they touched, and what was said of them.

Pure, and of one event at a time: what it tells does not hang on what was told before, so that any
order of the same events makes the same world. docs/world.md says the same in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from apps.lineage.names import Key, Place, dialect_named, key_of, paths_of, place_of
from apps.lineage.sql import Statement, fingerprint, read_statement, shape_of

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
SHOWN_TEXT: Final = 4_000  # characters of a query's text that are kept
COLUMNS: Final = 500  # of one table
COLUMN_LINKS: Final = 1_000  # of one event
CROSS: Final = 200  # pairs of tables that one statement joins
OWNERS: Final = 20
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


def tell(event: Facts) -> Told:
    """Return what the event tells of the world."""
    told = Told()
    if event.name.startswith(_OWN):
        if event.name in RUN_NAMES:
            _tell_of_run(event, told)
        return told
    if event.name.startswith("openlineage."):
        _tell_of_openlineage(event, told)
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


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _statement_of(event: Facts) -> _Statement | None:
    """Return the query that the event tells of, natively or as a span with `db.*` attributes."""
    payload = event.payload
    attributes = payload.get("attributes")
    if event.source == "otlp" and isinstance(attributes, dict):
        return _statement_of_span(attributes)
    text = _text(payload.get("text")) or _text(payload.get("sql")) or _text(payload.get("query"))
    if event.name not in _QUERY_NAMES and (text is None or not event.name.startswith("query")):
        return None
    database = _text(payload.get("database"))
    dialect = _text(payload.get("dialect"))
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
        user=_text(payload.get("user")),
        database=database,
        verb=_text(payload.get("statement")),
    )


def _statement_of_span(attributes: Mapping[str, Any]) -> _Statement | None:
    """Read the conventions of today (`db.system.name`) and those before (`db.system`)."""

    def first(*names: str) -> str | None:
        return next((text for name in names if (text := _text(attributes.get(name)))), None)

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
        query = _query(asked.text, place, told)
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
    _touch(event, told, [*((READS, key) for key in reads), *((WRITES, key) for key in writes)])


def _query(text: str, place: Place, told: Told) -> Key:
    """Note the statement: one thing, whatever its literals."""
    shape = shape_of(text)
    query = Key("query", place.namespace, fingerprint(shape))
    told.things[query] = None
    told.labels[query] = shape
    told.facets[query, "text"] = text.strip()[:SHOWN_TEXT]
    if place.dialect is not None:
        told.facets[query, "dialect"] = place.dialect.name
    return query


def _named_tables(event: Facts, place: Place) -> tuple[list[Key], list[Key]]:
    reads: list[Key] = []
    writes: list[Key] = []
    for role, other in _relations(event, place):
        if other.kind != "table":
            continue
        if role == READS:
            reads.append(other)
        elif role == WRITES:
            writes.append(other)
    return reads, writes


def _relations(event: Facts, place: Place | None = None) -> Iterable[tuple[str, Key]]:
    for each in event.related[:PARTIES]:
        kind, name, role = each.get("kind"), each.get("name"), each.get("role")
        if not (kind and kind.strip() and name and role):
            continue
        spelt = role.strip().lower()
        yield _ROLES.get(spelt, spelt), key_of(kind, each.get("namespace"), name, place)


def _actors(event: Facts) -> list[Key]:
    """Return who did it: people, services, dashboards and the like among those named."""
    found: dict[Key, None] = {}
    if event.resource_kind in ACTORS and event.resource_name:
        key = key_of(event.resource_kind, event.resource_namespace, event.resource_name)
        found[key] = None
    for role, other in _relations(event):
        if other.kind in ACTORS and role != OWNED_BY:
            found[other] = None
    return list(found)


def _database_of(event: Facts, asked: _Statement) -> Key | None:
    for _, other in _relations(event):
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
    others = list(_relations(event))
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
            if wrote and (rows := _number(payload.get(name))) is not None:
                told.readings[thing, "rows"] = rows
                break
        columns = payload.get("columns") or payload.get("schema")
        if isinstance(columns, list) and (fields := _columns(columns)):
            told.schemas[thing] = fields
    touched = [(role if role in {READS, WRITES} else TOUCHES, other) for role, other in others]
    _touch(event, told, [(WRITES if wrote else TOUCHES, thing), *touched])


def _touch(event: Facts, told: Told, touched: Iterable[tuple[str, Key]]) -> None:
    """Note what of the world a run touched, to be joined with what is known of the run."""
    if event.run_id is None:
        return
    for role, key in touched:
        if key.kind not in {"run", "flow", "deployment", "user", "query"}:
            told.touches[event.run_id, role, key] = None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if abs(number) < 1e18 else None  # finite, and drawn on a chart


def _columns(fields: Sequence[object]) -> list[dict[str, str]]:
    found = []
    for each in fields[:COLUMNS]:
        if isinstance(each, dict) and (name := _text(each.get("name"))):
            kind = each.get("type")
            found.append({"name": name[:200], "type": str(kind)[:200] if kind else ""})
        elif isinstance(each, str) and each.strip():
            found.append({"name": each[:200], "type": ""})
    return found


def _tell_of_openlineage(event: Facts, told: Told) -> None:
    payload = event.payload
    job = None
    if event.resource_kind and event.resource_name:
        job = key_of(event.resource_kind, event.resource_namespace, event.resource_name)
        told.things[job] = None
    for role, other in _relations(event):
        if job is not None:
            told.link(job, PART_OF if role == PARENT else role, other)
        _touch(event, told, [(role, other)])
    inputs = [_tell_of_dataset(each, told) for each in _dicts(payload.get("inputs"))]
    outputs = [_tell_of_dataset(each, told) for each in _dicts(payload.get("outputs"))]
    for described in _dicts([payload.get("dataset")]):
        _tell_of_dataset(described, told)
    if job is None:
        return
    facets = _facets(payload.get("job"))
    for role, tables in ((READS, inputs), (WRITES, outputs)):
        for key in tables:
            if key is not None:
                told.link(job, role, key)
                _touch(event, told, [(role, key)])
    for owner in _owners(facets):
        told.link(job, OWNED_BY, owner)
    text = _text(facets.get("sql", {}).get("query"))
    if text:
        place = place_of(next((key.namespace for key in [*outputs, *inputs] if key), None))
        query = _query(text, place, told)
        told.link(query, EXECUTED_BY, job)
        for role, tables in ((READS, inputs), (WRITES, outputs)):
            for key in tables:
                if key is not None:
                    told.link(query, role, key)
    kind = facets.get("jobType", {})
    if integration := _text(kind.get("integration")):
        told.facets[job, "integration"] = integration[:100]
    if description := _text(facets.get("documentation", {}).get("description")):
        told.facets[job, "description"] = description[:2_000]


def _dicts(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [each for each in value[:PARTIES] if isinstance(each, dict)]


def _facets(holder: object, name: str = "facets") -> dict[str, dict[str, Any]]:
    found = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(found, dict):
        return {}
    return {key: each for key, each in found.items() if isinstance(each, dict)}


def _owners(facets: Mapping[str, dict[str, Any]]) -> list[Key]:
    names = [
        _text(each.get("name")) or "" for each in _dicts(facets.get("ownership", {}).get("owners"))
    ]
    return [
        # `team:data`, `user:jane@…`: the spec leaves the form to the sender.
        key_of("user", None, name.removeprefix("user:")) for name in paths_of(names)[:OWNERS]
    ]  # fmt: skip


def _tell_of_dataset(described: Mapping[str, Any], told: Told) -> Key | None:
    name = _text(described.get("name"))
    if name is None:
        return None
    table = key_of("table", _text(described.get("namespace")), name)
    told.things[table] = None
    facets = _facets(described)
    if fields := _columns(_dicts(facets.get("schema", {}).get("fields"))):
        told.schemas[table] = fields
    for owner in _owners(facets):
        told.link(table, OWNED_BY, owner)
    if description := _text(facets.get("documentation", {}).get("description")):
        told.facets[table, "description"] = description[:2_000]
    statistics = _facets(described, "outputFacets").get("outputStatistics", {})
    quality = (
        _facets(described, "inputFacets").get("dataQualityMetrics")
        or facets.get("dataQualityMetrics")
        or {}
    )
    # Rows written are not rows held: an append writes some, a metric counts all.
    for measure, value in (
        ("rows", quality.get("rowCount")),
        ("bytes", quality.get("bytes")),
        ("rows_written", statistics.get("rowCount")),
        ("bytes_written", statistics.get("size")),
    ):
        if (number := _number(value)) is not None:
            told.readings[table, measure] = number
    checks = _facets(described, "inputFacets").get("dataQualityAssertions") or facets.get(
        "dataQualityAssertions"
    )
    if checks is not None:
        results = [
            {
                "assertion": str(each.get("assertion"))[:200],
                "column": str(each["column"])[:200] if each.get("column") else None,
                "ok": each.get("success") is True,
            }
            for each in _dicts(checks.get("assertions"))
        ]
        if results:
            told.facets[table, "checks"] = results
    _tell_of_columns(table, facets.get("columnLineage", {}), told)
    return table


def _tell_of_columns(table: Key, lineage: Mapping[str, Any], told: Told) -> None:
    fields = lineage.get("fields")
    if not isinstance(fields, dict):
        return
    links = 0
    for column, described in fields.items():
        if not isinstance(described, dict) or not isinstance(column, str) or not column.strip():
            continue
        made = table.column(column[:200])
        for source in _dicts(described.get("inputFields")):
            name, of = _text(source.get("name")), _text(source.get("field"))
            if name is None or of is None:
                continue
            if links >= COLUMN_LINKS:
                return
            links += 1
            origin = key_of("table", _text(source.get("namespace")), name)
            told.link(made, DEPENDS_ON, origin.column(of[:200]))
            told.link(made, PART_OF, table)
            told.link(origin.column(of[:200]), PART_OF, origin)
            told.link(table, DEPENDS_ON, origin)
