"""What doors refused, for people who wonder where their data is; webhooks; schemas."""

from __future__ import annotations

import uuid
from datetime import date

from django.db.models import QuerySet

from apps.ingest.errors import EventSchemaNotFound, WebhookNotFound
from apps.ingest.models import (
    EventSchema,
    EventSchemaVersion,
    RefusalQuerySet,
    Refused,
    Webhook,
    WebhookQuerySet,
)

LATEST_FIRST = ("-last_at", "-id")


def list_refusals(
    *,
    workspace_id: uuid.UUID,
    door: str | None = None,
    code: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> RefusalQuerySet:
    """Return what was refused by day, door and code; `since` and `until` are days, both counted."""
    found = Refused.objects.for_workspace(workspace_id)
    if door is not None:
        found = found.filter(door=door)
    if code is not None:
        found = found.filter(code=code)
    if since is not None:
        found = found.filter(day__gte=since)
    if until is not None:
        found = found.filter(day__lte=until)
    return found


def list_webhooks(*, workspace_id: uuid.UUID) -> WebhookQuerySet:
    """Return the workspace's webhooks, to be paged."""
    return Webhook.objects.for_workspace(workspace_id).select_related("created_by")


def get_webhook(
    *, workspace_id: uuid.UUID, webhook_id: uuid.UUID, for_update: bool = False
) -> Webhook:
    """Raises: WebhookNotFound."""
    webhooks = list_webhooks(workspace_id=workspace_id)
    if for_update:
        webhooks = webhooks.select_for_update(no_key=True, of=("self",))
    try:
        return webhooks.get(pk=webhook_id)
    except Webhook.DoesNotExist:
        raise WebhookNotFound("There is no such webhook.", webhook_id=str(webhook_id)) from None


def list_event_schemas(*, workspace_id: uuid.UUID) -> QuerySet[EventSchema]:
    """Return the workspace's schemas, to be paged."""
    return EventSchema.objects.filter(workspace_id=workspace_id).select_related("created_by")


def get_event_schema(
    *, workspace_id: uuid.UUID, schema_id: uuid.UUID, for_update: bool = False
) -> EventSchema:
    """Raises: EventSchemaNotFound."""
    schemas = list_event_schemas(workspace_id=workspace_id)
    if for_update:
        schemas = schemas.select_for_update(no_key=True, of=("self",))
    try:
        return schemas.get(pk=schema_id)
    except EventSchema.DoesNotExist:
        raise EventSchemaNotFound("There is no such schema.", schema_id=str(schema_id)) from None


def list_event_schema_versions(
    *, workspace_id: uuid.UUID, schema_id: uuid.UUID
) -> QuerySet[EventSchemaVersion]:
    """Return what the schema was, to be paged newest first. Raises: EventSchemaNotFound."""
    get_event_schema(workspace_id=workspace_id, schema_id=schema_id)
    return EventSchemaVersion.objects.filter(
        workspace_id=workspace_id, event_schema_id=schema_id
    ).select_related("created_by")
