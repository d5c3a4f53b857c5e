"""Say from whose services webhooks take deliveries."""

from __future__ import annotations

import re
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Final, TypedDict

import structlog
from django.db import IntegrityError, connection, transaction

from apps.core.transactions import joined
from apps.ingest import selectors
from apps.ingest.enums import WebhookPreset
from apps.ingest.errors import BadWebhook, WebhookLimit
from apps.ingest.hooks import custom, sns
from apps.ingest.models import Webhook
from apps.tenancy import audit
from apps.tenancy.keys import hash_secret, new_secret

logger = structlog.get_logger(__name__)
PREFIX: Final = "hwh_"
MAX_WEBHOOKS: Final = 100  # of a workspace
LONGEST_OVERLAP: Final = timedelta(days=7)
SECRET_LENGTHS: Final = range(8, 201)

# Whose secret the service tells; where it may be chosen, one is drawn.
_TOLD: Final = {WebhookPreset.STRIPE, WebhookPreset.SLACK, WebhookPreset.DBT_CLOUD}
_CHOSEN: Final = {WebhookPreset.GITHUB, WebhookPreset.EVENTBRIDGE}
_OPTIONAL: Final = {WebhookPreset.GENERIC, WebhookPreset.CUSTOM}
# Which settings each preset minds: what nobody would mind is refused.
_SETTINGS: Final = {
    "secret": _TOLD | _CHOSEN | _OPTIONAL,
    "template": {WebhookPreset.CUSTOM},
    "topic_arn": {WebhookPreset.SNS},
    "header": _OPTIONAL,
}
_HEADER = re.compile(r"[a-z][a-z0-9-]{0,99}", re.A)


class WebhookSettings(TypedDict, total=False):
    """What may be set. A `secret` of None takes it away, where a webhook may be without."""

    name: str
    secret: str | None
    template: str
    topic_arn: str
    header: str
    enabled: bool


@joined
def create_webhook(
    *,
    workspace_id: uuid.UUID,
    preset: str,
    settings: WebhookSettings,
    created_by: uuid.UUID | None,
    now: datetime,
) -> tuple[Webhook, str, str | None]:
    """
    Make a webhook; return it with the token of its address and the secret, if one was drawn.

    Neither can be had again. Raises: BadWebhook, WebhookLimit.
    """
    _lock(workspace_id)
    if selectors.list_webhooks(workspace_id=workspace_id).count() >= MAX_WEBHOOKS:
        raise WebhookLimit(f"A workspace may have {MAX_WEBHOOKS} webhooks.", limit=MAX_WEBHOOKS)
    token = new_secret(PREFIX)
    webhook = Webhook(
        workspace_id=workspace_id,
        preset=preset,
        token_hash=hash_secret(token),
        token_start=token[: len(PREFIX) + 4],
        created_by_id=created_by,
        created_at=now,
        secret="",
    )
    drawn = None
    if preset in _CHOSEN and not settings.get("secret"):
        drawn = secrets.token_urlsafe(32)
        settings = {**settings, "secret": drawn}
    _set(webhook, settings, now)
    _save(webhook)
    audit.record_of("webhook.created", webhook, after=_told(webhook))
    logger.info("webhook.created", webhook_id=str(webhook.id), preset=preset)
    return webhook, token, drawn


@joined
def edit_webhook(
    *, workspace_id: uuid.UUID, webhook_id: uuid.UUID, changes: WebhookSettings, now: datetime
) -> Webhook:
    """
    Change what a webhook minds; the preset stays.

    Raises: WebhookNotFound, BadWebhook.
    """
    webhook = selectors.get_webhook(
        workspace_id=workspace_id, webhook_id=webhook_id, for_update=True
    )
    before = _told(webhook)
    _set(webhook, changes, now)
    _save(webhook)
    after = _told(webhook)
    if "secret" in changes:
        after["secret_replaced"] = True
    audit.record_of("webhook.changed", webhook, before=before, after=after)
    return webhook


@joined
def rotate_webhook(
    *, workspace_id: uuid.UUID, webhook_id: uuid.UUID, overlap: timedelta, now: datetime
) -> tuple[Webhook, str]:
    """
    Give the webhook another address and return it with its token; the old one ends with `overlap`.

    One from a rotation before ends at once. Raises: WebhookNotFound, BadWebhook.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise BadWebhook(
            "The overlap is out of range.", fields={"overlap_seconds": ["At most seven days."]}
        )
    webhook = selectors.get_webhook(
        workspace_id=workspace_id, webhook_id=webhook_id, for_update=True
    )
    token = new_secret(PREFIX)
    before = {"address": webhook.token_start}
    keeps = bool(overlap)
    webhook.former_hash = webhook.token_hash if keeps else None
    webhook.former_until = now + overlap if keeps else None
    webhook.token_hash = hash_secret(token)
    webhook.token_start = token[: len(PREFIX) + 4]
    webhook.updated_at = now
    webhook.save(
        update_fields=["former_hash", "former_until", "token_hash", "token_start", "updated_at"]
    )
    audit.record_of(
        "webhook.rotated",
        webhook,
        before=before,
        after={"address": webhook.token_start, "former_until": webhook.former_until},
    )
    return webhook, token


@joined
def delete_webhook(*, workspace_id: uuid.UUID, webhook_id: uuid.UUID) -> None:
    """Take the webhook away; its events stay. Raises: WebhookNotFound."""
    webhook = selectors.get_webhook(
        workspace_id=workspace_id, webhook_id=webhook_id, for_update=True
    )
    audit.record_of("webhook.deleted", webhook, before=_told(webhook))
    webhook.delete()
    logger.info("webhook.deleted", webhook_id=str(webhook_id))


def _set(webhook: Webhook, changes: WebhookSettings, now: datetime) -> None:
    preset = WebhookPreset(webhook.preset)
    faults: dict[str, list[str]] = {
        name: [f"A webhook of the preset {preset.value} has none."]
        for name, presets in _SETTINGS.items()
        if changes.get(name) and preset not in presets
    }
    webhook.name = changes.get("name", webhook.name)
    webhook.template = changes.get("template", webhook.template)
    webhook.topic_arn = changes.get("topic_arn", webhook.topic_arn)
    webhook.header = changes.get("header", webhook.header).lower()
    if "secret" in changes:
        webhook.secret = changes["secret"] or ""
    if "enabled" in changes:
        webhook.disabled_at = None if changes["enabled"] else webhook.disabled_at or now
    webhook.updated_at = now
    for name, fault in (
        ("secret", _secret_fault(preset, webhook.secret)),
        ("template", _template_fault(preset, webhook.template)),
        ("topic_arn", _topic_fault(preset, webhook.topic_arn)),
        ("header", _header_fault(webhook.header)),
    ):
        if fault and name not in faults:
            faults[name] = [fault]
    if faults:
        raise BadWebhook("The webhook's settings cannot be used.", fields=faults)


def _secret_fault(preset: WebhookPreset, secret: str) -> str | None:
    if not secret:
        return None if preset in _OPTIONAL or preset not in _SETTINGS["secret"] else "Needed."
    if len(secret) not in SECRET_LENGTHS or not (secret.isascii() and secret.isprintable()):
        return f"{SECRET_LENGTHS[0]} to {SECRET_LENGTHS[-1]} printable ASCII characters."
    return None


def _template_fault(preset: WebhookPreset, template: str) -> str | None:
    if preset != WebhookPreset.CUSTOM:
        return None
    return custom.find_template_fault(template) if template.strip() else "Needed."


def _topic_fault(preset: WebhookPreset, topic_arn: str) -> str | None:
    if preset == WebhookPreset.SNS and not sns.TOPIC.fullmatch(topic_arn):
        return "Expected a topic's ARN: arn:aws:sns:<region>:<account>:<name>."
    return None


def _header_fault(header: str) -> str | None:
    return None if not header or _HEADER.fullmatch(header) else "Not a header's name."


def _told(webhook: Webhook) -> dict[str, object]:
    return {
        "name": webhook.name,
        "preset": webhook.preset,
        "template": webhook.template,
        "topic_arn": webhook.topic_arn,
        "header": webhook.header,
        "signed": webhook.has_secret,
        "enabled": webhook.enabled,
    }


def _lock(workspace_id: uuid.UUID) -> None:
    """Let one transaction at a time count the workspace's webhooks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"webhooks:{workspace_id}"]
        )


def _save(webhook: Webhook) -> None:
    try:
        with transaction.atomic():
            webhook.save()
    except IntegrityError:
        raise BadWebhook(
            "There is a webhook of this name.", fields={"name": ["Taken by another webhook."]}
        ) from None
