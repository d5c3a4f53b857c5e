"""What doors refused, for people who wonder where their data is; and webhooks."""

from __future__ import annotations

import uuid
from datetime import date

from apps.ingest.errors import WebhookNotFound
from apps.ingest.models import RefusalQuerySet, Refused, Webhook, WebhookQuerySet

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
