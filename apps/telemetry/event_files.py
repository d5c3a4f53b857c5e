"""Events as files: NDJSON and Parquet tell them exactly, CSV is for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from apps.core.http.json import dumps, wire_time
from apps.core.spreadsheets import csv_lines
from apps.telemetry.acceptance import NIL
from apps.telemetry.items import StoredEvent
from apps.telemetry.parquet import Column, Kind, Row, parquet
from apps.telemetry.selectors import event_item

COLUMNS: Final = (
    Column("id"),
    Column("name"),
    Column("occurred_at", Kind.TIME),
    Column("received_at", Kind.TIME),
    Column("resource_kind", optional=True),
    Column("resource_namespace", optional=True),
    Column("resource_name", optional=True),
    Column("related"),  # JSON
    Column("payload"),  # JSON
    Column("run_id", optional=True),
    Column("task_run_id", optional=True),
    Column("follows", optional=True),
    Column("source"),
)
CUT: Final = "headway.export.cut"

Pages = Iterable[list[StoredEvent]]


def as_ndjson(pages: Pages) -> Iterator[bytes]:
    """Give one object a line, as the list of events has them."""
    for page in pages:
        yield b"".join(dumps(event_item(event)) + b"\n" for event in page)


def as_csv(pages: Pages) -> Iterator[bytes]:
    """Give the columns of Parquet, times in ISO 8601, what is absent as nothing."""
    yield csv_lines([[column.name for column in COLUMNS]])
    for page in pages:
        yield csv_lines([_text(cell) for cell in _cells(event)] for event in page)


def as_parquet(pages: Pages) -> Iterator[bytes]:
    """Give one row an event; `related` and `payload` are JSON as text."""
    yield from parquet(COLUMNS, (_cells(event) for page in pages for event in page))


FORMATS: Final[dict[str, tuple[str, Callable[[Pages], Iterator[bytes]]]]] = {
    "ndjson": ("application/x-ndjson", as_ndjson),
    "csv": ("text/csv; charset=utf-8", as_csv),
    "parquet": ("application/vnd.apache.parquet", as_parquet),
}


def cut_event(*, at: datetime, rows: int, now: datetime) -> StoredEvent:
    """Return what stands last in a file that was cut: no row of it may pass for the end."""
    message = f"Only the newest {rows:,} events are in this file: choose a shorter time."
    payload = {"message": message, "rows": rows}
    return StoredEvent(
        id=NIL,
        occurred_at=at,
        name=CUT,
        received_at=now,
        resource_kind=None,
        resource_namespace=None,
        resource_name=None,
        related_json=None,
        payload_json=msgspec.json.encode(payload).decode(),
        run_id=None,
        task_run_id=None,
        follows=None,
        source="headway",
    )


def _cells(event: StoredEvent) -> Row:
    return (
        str(event.id),
        event.name,
        event.occurred_at,
        event.received_at,
        event.resource_kind,
        event.resource_namespace or None,
        event.resource_name,
        event.related_json or "[]",
        event.payload_json,
        _id(event.run_id),
        _id(event.task_run_id),
        _id(event.follows),
        event.source,
    )


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _text(cell: str | datetime | None) -> str:
    if isinstance(cell, datetime):
        return wire_time(cell)
    return cell or ""
