"""
A query log as CSV or NDJSON → events like those that other doors tell of queries. Pure.

Of the same rows come the same ids, so that the same file twice adds nothing. docs/query-logs.md
says the same in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

import msgspec
from msgspec import Raw

from apps.core.errors import InvalidRequest, UnsupportedMedia
from apps.core.ids import derived_uuid7
from apps.ingest.decode import Decoded
from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.querylog import values
from apps.ingest.querylog.presets import Preset, column_name, fields_of
from apps.ingest.querylog.rows import CSV, NDJSON, Row, rows_of_csv, rows_of_ndjson
from apps.telemetry.items import NewEvent, Relation, Resource
from apps.telemetry.limits import NAME_LENGTH, RESOURCE_NAME_LENGTH

SOURCE: Final = "query-log"
EXECUTED: Final = "query.executed"
FAILED: Final = "query.failed"
TEXT_LENGTH: Final = 16 * 1024  # characters of a statement; more is cut and says so
_ERROR_LENGTH: Final = 2_000
_BAD: Final = re.compile(r"fail|error|exception|abort|cancel|incident", re.IGNORECASE)
# `duration: 12.3 ms  statement: …`, and of prepared statements `execute <name>: …`.
_SAID = re.compile(
    r"duration: (\d+\.\d+) ms  (?:statement|execute [^:]*|bind [^:]*|parse [^:]*): (.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """How a log is to be read: by whose columns, in which zone, of which server."""

    preset: Preset
    zone: tzinfo | None = None
    namespace: str | None = None
    dialect: str | None = None

    @property
    def own_zone(self) -> tzinfo | None:
        return self.zone or (UTC if self.preset.is_utc else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a log held; `lines[i]` is where row i begins, `skipped` rows tell of no query's end."""

    decoded: Decoded
    lines: list[int]
    skipped: int


def decode(body: bytes, *, content_type: str, log: Log) -> Read:
    """Raises: InvalidRequest, BatchTooLarge, UnsupportedMedia."""
    rows: Iterable[Row]
    places: dict[str, list[str]] | None = None
    if content_type == CSV:
        header, rows = rows_of_csv(body, log.preset.columns)
        places = fields_of(header, log.preset)
        if "statement" not in places and not log.preset.in_message:
            raise InvalidRequest("No column is known as that of statements.", columns=header[:50])
    elif content_type == NDJSON:
        rows = rows_of_ndjson(body)
    else:
        raise UnsupportedMedia(f"The Content-Type must be {CSV} or {NDJSON}.")
    found = Collector("events")
    lines: list[int] = []
    skipped = 0
    of_columns: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for row in rows:
        if isinstance(row.values, dict) and _is_of_no_query(row.values, log.preset):
            skipped += 1
            continue
        found.begin(row.raw)
        lines.append(row.line)
        try:
            if isinstance(row.values, ItemRefused):
                raise row.values
            of_row = places
            if of_row is None:  # each line of NDJSON names its own, mostly the same ones
                columns = tuple(row.values)
                if (of_row := of_columns.get(columns)) is None:
                    of_row = of_columns[columns] = fields_of(columns, log.preset)
            found.add(_event(_Cells(row.values, of_row), log))
        except ItemRefused as refused:
            found.refuse(refused)
    return Read(decoded=found.decoded(), lines=lines, skipped=skipped)


def _is_of_no_query(cells: dict[str, Any], preset: Preset) -> bool:
    if preset.in_message:
        return _SAID.match(str(cells.get("message") or "")) is None
    if preset.kinds is None:
        return False
    column, counted = preset.kinds
    said = next((value for name, value in cells.items() if column_name(name) == column), None)
    return said is not None and str(said)[:100].lower() not in counted


class _Cells:
    """The cells of one row, by our fields."""

    def __init__(self, cells: dict[str, Any], places: dict[str, list[str]]) -> None:
        self.cells = cells
        self.places = places

    def get(self, field: str) -> Any:
        """Return the first of the field's cells that holds anything."""
        for column in self.places.get(field, ()):
            value = self.cells.get(column)
            if isinstance(value, dict | list) or values.text_in(value):
                return value
        return None

    def text(self, field: str, most: int = NAME_LENGTH) -> str:
        return values.name_in(self.get(field), most)


def _event(cells: _Cells, log: Log) -> NewEvent:
    statement, duration = _statement_of(cells, log.preset)
    if not statement:
        raise ItemRefused("A row without a statement.", "statement")
    started_at, ended_at = _when(cells, duration, log)
    user, database = cells.text("user"), cells.text("database", RESOURCE_NAME_LENGTH)
    error = values.text_in(cells.get("error"))[:_ERROR_LENGTH] or None
    failed = _has_failed(cells) or error is not None
    payload = {
        "text": statement,
        "user": user or None,
        "database": database or None,
        "schema": cells.text("schema") or None,
        "dialect": log.dialect or log.preset.dialect,
        "started_at": started_at,
        "duration_ms": duration,
        "rows": values.count_in(cells.get("rows"), "rows"),
        "bytes_processed": values.count_in(cells.get("bytes_processed"), "bytes"),
        "bytes_billed": values.count_in(cells.get("bytes_billed"), "bytes_billed"),
        "credits": values.amount_in(cells.get("credits"), "credits"),
        "warehouse": cells.text("warehouse") or None,
        "query_id": cells.text("query_id") or None,
        "tags": cells.text("tags", _ERROR_LENGTH) or None,
        "tables": values.tables_in(cells.get("tables")) or None,
        "error": error,
    }
    said = {name: value for name, value in payload.items() if value is not None}
    identity = [log.namespace or "", log.preset.dialect or "", user, database]
    own = _own_id(cells, log.preset)
    # A query that has an id is known by it; else by all that the row says of it.
    identity += [own] if own else [statement, str(duration), str(said.get("rows"))]
    return NewEvent(
        name=FAILED if failed else EXECUTED,
        occurred_at=ended_at,
        id=derived_uuid7(ended_at, SOURCE, *identity),
        resource=_database(database, log),
        related=_related(cells, user, database, log),
        payload=Raw(msgspec.json.encode(said)),
        source=SOURCE,
    )


def _statement_of(cells: _Cells, preset: Preset) -> tuple[str, float | None]:
    if preset.in_message:
        said = _SAID.match(str(cells.cells.get("message") or ""))
        assert said is not None  # other rows are not of queries
        text = values.text_in(said[2])
        duration = values.milliseconds_in(said[1], "duration")
    else:
        text = values.text_in(cells.get("statement"))
        duration = _duration_of(cells)
    if len(text) > TEXT_LENGTH:
        text = f"{text[:TEXT_LENGTH]}… [cut: {len(text) - TEXT_LENGTH} more characters]"
    return text, duration


def _duration_of(cells: _Cells) -> float | None:
    for field, unit in (("duration_ms", 1.0), ("duration_s", 1e3), ("duration_us", 1e-3)):
        found = values.milliseconds_in(cells.get(field), "duration", unit)
        if found is not None:
            return found
    return None


def _when(cells: _Cells, duration: float | None, log: Log) -> tuple[datetime, datetime]:
    """Return when the query began and ended; one of them and its duration are enough."""
    zone = log.own_zone
    if log.preset.in_message:
        started, ended = None, values.time_in(cells.cells.get("log_time"), "log_time", zone)
    else:
        started = values.time_in(cells.get("started_at"), "started_at", zone)
        ended = values.time_in(cells.get("ended_at"), "ended_at", zone)
    lasted = timedelta(milliseconds=duration or 0.0)
    try:
        if started is None and ended is not None:
            started = ended - lasted
        if ended is None and started is not None:
            ended = started + lasted
    except OverflowError as error:
        raise ItemRefused("The time is beyond the calendar.", "started_at") from error
    if started is None or ended is None:
        raise ItemRefused("A row without a time.", "started_at")
    return started, max(started, ended)


def _has_failed(cells: _Cells) -> bool:
    status = cells.text("status")
    return status == "1" or _BAD.search(status) is not None  # 1: Redshift's `aborted`


def _own_id(cells: _Cells, preset: Preset) -> str:
    if preset.in_message:  # a session's lines are numbered
        parts = [
            values.text_in(cells.cells.get(name)) for name in ("session_id", "session_line_num")
        ]
        return "/".join(parts) if all(parts) else ""
    return cells.text("query_id")


def _database(name: str, log: Log) -> Resource | None:
    if not name:
        return None
    return Resource(kind="database", name=name, namespace=log.namespace)


def _related(cells: _Cells, user: str, database: str, log: Log) -> list[Relation]:
    found = [Relation(role="executed_by", kind="user", name=user)] if user else []
    if database:
        found.append(Relation(role="on", kind="database", name=database, namespace=log.namespace))
    # Named tables go before those in the statement's text, so only what says which of them were
    # read and which were written: of a column that says neither all would have been read.
    for field in ("reads", "writes"):
        found += [
            Relation(role=field, kind="table", name=name, namespace=log.namespace)
            for name in values.tables_in(cells.get(field))
        ]
    return found
