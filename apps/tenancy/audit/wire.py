"""How an entry looks to whoever reads it: lists, exports and streams tell the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from apps.core.http.json import wire_time
from apps.core.spreadsheets import csv_lines

if TYPE_CHECKING:
    from apps.tenancy.models import AuditEntry
    from apps.tenancy.selectors import AuditPage, Place

COLUMNS = (
    *("id", "occurred_at", "action"),
    *("actor_kind", "actor_id", "actor_name", "on_behalf_of_id", "on_behalf_of_name"),
    *("object_kind", "object_id", "object_name", "workspace_id", "workspace"),
    *("before", "after", "address", "user_agent", "request_id"),
)


def body_of(entry: AuditEntry, places: Mapping[uuid.UUID, Place]) -> dict[str, Any]:
    """Return the entry as the API shows it."""
    return {
        "id": str(entry.id),
        "occurred_at": wire_time(entry.occurred_at),
        "actor": {
            "kind": entry.actor_kind,
            "id": _text(entry.actor_id),
            "name": entry.actor_name,
        },
        "on_behalf_of": {"id": str(entry.on_behalf_of_id), "name": entry.on_behalf_of_name}
        if entry.on_behalf_of_id
        else None,
        "action": entry.action,
        "object": {
            "kind": entry.object_kind,
            "id": entry.object_id or None,
            "name": entry.object_name,
        },
        "workspace": _place(entry.workspace_id, places),
        "before": entry.before,
        "after": entry.after,
        "address": entry.address,
        "user_agent": entry.user_agent,
        "request_id": entry.request_id or None,
    }


def _place(
    workspace_id: uuid.UUID | None, places: Mapping[uuid.UUID, Place]
) -> dict[str, str | None] | None:
    if workspace_id is None:
        return None
    found = places.get(workspace_id)
    return {
        "id": str(workspace_id),
        "slug": found.slug if found else None,
        "name": found.name if found else "deleted workspace",
    }


def as_ndjson(pages: Iterable[AuditPage]) -> Iterator[bytes]:
    """Give the pages as lines of JSON."""
    for page in pages:
        lines = [orjson.dumps(body_of(entry, page.places)) for entry in page.entries]
        if lines:
            yield b"\n".join(lines) + b"\n"


def as_csv(pages: Iterable[AuditPage]) -> Iterator[bytes]:
    """Give the pages as CSV for spreadsheets, `before` and `after` as JSON."""
    yield csv_lines([COLUMNS])
    for page in pages:
        if page.entries:
            yield csv_lines(_cells(entry, page.places) for entry in page.entries)


def _cells(entry: AuditEntry, places: Mapping[uuid.UUID, Place]) -> list[str]:
    place = places.get(entry.workspace_id) if entry.workspace_id else None
    values = (
        *(entry.id, wire_time(entry.occurred_at), entry.action),
        *(entry.actor_kind, entry.actor_id, entry.actor_name),
        *(entry.on_behalf_of_id, entry.on_behalf_of_name),
        *(entry.object_kind, entry.object_id, entry.object_name),
        *(entry.workspace_id, place.slug if place else ""),
        *(_json(entry.before), _json(entry.after)),
        *(entry.address, entry.user_agent, entry.request_id),
    )
    return ["" if value is None else str(value) for value in values]


def _json(value: object) -> str:
    return "" if value is None else orjson.dumps(value).decode()


def _text(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)
