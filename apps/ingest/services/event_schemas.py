"""Say what the payloads of events hold."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from django.db import IntegrityError, connection, transaction

from apps.core.transactions import joined
from apps.flows.parameters import (
    Checker,
    find_storage_fault,
    list_schema_faults,
)
from apps.ingest import selectors
from apps.ingest.errors import BadEventSchema, EventSchemaLimit
from apps.ingest.models import EventSchema, EventSchemaVersion
from apps.ingest.services.schema_checks import Patience, forget_schemas
from apps.telemetry import selectors as telemetry
from apps.telemetry.search.terms import text_is
from apps.tenancy import audit

MAX_SCHEMAS: Final = 200  # of a workspace: all of them are held in memory
MAX_SCHEMA_BYTES: Final = 64 * 1024
MAX_VERSIONS: Final = 200  # of one schema; the oldest go
TRIED_EVENTS: Final = 1_000  # of the day before, the newest
SHOWN_MISMATCHES: Final = 5
DAY: Final = timedelta(days=1)
_COUNTS: Final = ("warned_count", "refused_count", "counted_since", "last_misfit_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a schema would have made of the newest events of a day."""

    checked: int
    failed: int
    more: bool  # there were more events than were looked at
    samples: list[dict[str, Any]]  # id, name, occurred_at, field, message


@joined
def create_event_schema(
    *,
    workspace_id: uuid.UUID,
    name: str,
    mode: str,
    schema: dict[str, Any],
    created_by: uuid.UUID | None,
    now: datetime,
) -> EventSchema:
    """Raises: BadEventSchema, EventSchemaLimit."""
    _check(name, schema)
    with connection.cursor() as cursor:
        # One transaction at a time counts the workspace's schemas.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"schemas:{workspace_id}"]
        )
    if selectors.list_event_schemas(workspace_id=workspace_id).count() >= MAX_SCHEMAS:
        raise EventSchemaLimit(f"A workspace may have {MAX_SCHEMAS} schemas.", limit=MAX_SCHEMAS)
    row = EventSchema(
        workspace_id=workspace_id,
        name=name,
        mode=mode,
        schema=schema,
        created_by_id=created_by,
        created_at=now,
        updated_at=now,
        counted_since=now,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise BadEventSchema(
            "There is a schema of this name.", fields={"name": ["Taken by another schema."]}
        ) from None
    _keep_version(row, created_by, now)
    audit.record_of("event_schema.created", row, after=_told(row))
    forget_schemas(workspace_id)
    return row


@joined
def edit_event_schema(
    *,
    workspace_id: uuid.UUID,
    schema_id: uuid.UUID,
    mode: str | None,
    schema: dict[str, Any] | None,
    changed_by: uuid.UUID | None,
    now: datetime,
) -> EventSchema:
    """
    Change the mode, or put another version in force.

    Raises: EventSchemaNotFound, BadEventSchema.
    """
    row = selectors.get_event_schema(
        workspace_id=workspace_id, schema_id=schema_id, for_update=True
    )
    before = _told(row)
    row.mode = mode or row.mode
    changed = ["mode", "updated_at"]
    if schema is not None and schema != row.schema:
        _check(row.name, schema)
        row.schema = schema
        row.number += 1
        row.warned_count = row.refused_count = 0
        row.counted_since, row.last_misfit_at = now, None
        # Only with a new version: meanwhile requests count on the row.
        changed += ["schema", "number", *_COUNTS]
        _keep_version(row, changed_by, now)
    row.updated_at = now
    row.save(update_fields=changed)
    audit.record_of("event_schema.changed", row, before=before, after=_told(row))
    forget_schemas(workspace_id)
    return row


@joined
def delete_event_schema(*, workspace_id: uuid.UUID, schema_id: uuid.UUID) -> None:
    """Raises: EventSchemaNotFound."""
    row = selectors.get_event_schema(
        workspace_id=workspace_id, schema_id=schema_id, for_update=True
    )
    audit.record_of("event_schema.deleted", row, before=_told(row))
    row.delete()
    forget_schemas(workspace_id)


def try_event_schema(
    *, workspace_id: uuid.UUID, name: str, schema: dict[str, Any], now: datetime
) -> Trial:
    """
    Return what the schema would have made of the last day's events of this name.

    Events that a longer name's own schema is for are looked at, too. Raises: BadEventSchema.
    """
    _check(name, schema)
    only = telemetry.EventSearch(query=(text_is("name", name),), since=now - DAY)
    found = telemetry.search_events(workspace_id=workspace_id, only=only, limit=TRIED_EVENTS)
    checker = Checker(schema)
    failed, patience = 0, Patience()
    samples: list[dict[str, Any]] = []
    for event in found.rows:
        fault = patience.find_fault(checker, event.payload)
        if fault is None:
            continue
        failed += 1
        if len(samples) < SHOWN_MISMATCHES:
            samples.append(
                {
                    "id": event.id,
                    "name": event.name,
                    "occurred_at": event.occurred_at,
                    "field": fault[0],
                    "message": fault[1],
                }
            )
    return Trial(
        checked=len(found.rows),
        failed=failed,
        more=found.below is not None,
        samples=samples,
    )


def _check(name: str, schema: dict[str, Any]) -> None:
    faults: dict[str, list[str]] = {}
    if "*" in name[:-1] or not name.strip():
        faults["name"] = ["A name, or the beginning of one and `*`."]
    if fault := find_storage_fault(schema):
        faults["schema"] = [fault]
    elif len(orjson.dumps(schema)) > MAX_SCHEMA_BYTES:
        faults["schema"] = [f"At most {MAX_SCHEMA_BYTES // 1024} KiB."]
    elif said := list_schema_faults(schema):
        faults["schema"] = said
    if faults:
        raise BadEventSchema("The schema cannot be used.", fields=faults)


def _keep_version(row: EventSchema, created_by: uuid.UUID | None, now: datetime) -> None:
    EventSchemaVersion.objects.create(
        workspace_id=row.workspace_id,
        event_schema=row,
        number=row.number,
        schema=row.schema,
        created_by_id=created_by,
        created_at=now,
    )
    EventSchemaVersion.objects.filter(
        event_schema=row, number__lte=row.number - MAX_VERSIONS
    ).delete()


def _told(row: EventSchema) -> dict[str, object]:
    return {"name": row.name, "mode": row.mode, "version": row.number}
