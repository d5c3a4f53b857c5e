"""Let a webhook's delivery in: whose address it came to, whether it came before, its count."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec
from django.db import connection
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest

from apps.core.gather import Gatherer
from apps.core.ids import uuid7
from apps.core.outbound import failure
from apps.ingest.decode import Decoded
from apps.ingest.enums import WebhookPreset
from apps.ingest.errors import BadWebhook, WebhookDisabled, WebhookNotFound
from apps.ingest.hooks import custom
from apps.ingest.hooks.decode import decode
from apps.ingest.hooks.port import Delivery, Fetch, Hook, Reply
from apps.ingest.models import SeenDelivery, Webhook
from apps.ingest.services.webhooks import PREFIX
from apps.telemetry.items import Refusal
from apps.tenancy import access
from apps.tenancy import selectors as tenancy
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import key_scope, workspace_scope
from apps.tenancy.keys import hash_secret, is_well_formed

# Senders repeat for three days at most (GitHub by hand), Amazon's topics for less.
DELIVERIES_KEPT: Final = timedelta(days=7)
_DROP_BATCH: Final = 5_000
_SEE: Final = (
    "INSERT INTO ingest_seen_delivery (id, created_at, workspace_id, webhook_id, key_hash)"
    " VALUES (%s, %s, %s, %s, %s)"
    # Nothing changes; but the row is locked and its time returned.
    " ON CONFLICT (webhook_id, key_hash) DO UPDATE SET key_hash = excluded.key_hash"
    " RETURNING created_at"
)


class _Note(NamedTuple):
    """One delivery that is to be counted."""

    workspace_id: uuid.UUID
    webhook_id: uuid.UUID
    taken: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A webhook whose address somebody knew, and the workspace behind it."""

    hook: Hook
    workspace: WorkspaceRef
    actor: Actor


def open_webhook(*, token: str, address: str, now: datetime) -> Opened:
    """
    Return the webhook of this address.

    `address` is where the request comes from: an account's networks hold for webhooks that check no
    signature. A signature proves who sends, from wherever it is sent.
    Raises: WebhookNotFound, WebhookDisabled, and what the account asks of who comes in.
    """
    webhook = None
    if is_well_formed(token, PREFIX):
        token_hash = hash_secret(token)
        with key_scope(token_hash):
            webhook = Webhook.objects.of_token(token_hash, now).first()
    if webhook is None:
        raise WebhookNotFound("There is no webhook of this address.")
    with workspace_scope(webhook.workspace_id):
        workspace, door = tenancy.door_of_workspace(workspace_id=webhook.workspace_id)
    is_signed = webhook.has_secret or webhook.preset == WebhookPreset.SNS
    refusal = access.admission(
        door, session=None, address=None if is_signed else address, writes=True
    )
    if refusal is not None:
        raise refusal.error()
    if not webhook.enabled:
        raise WebhookDisabled("The webhook is switched off.")
    return Opened(
        hook=Hook(
            id=webhook.id,
            name=webhook.name,
            preset=webhook.preset,
            secret=webhook.secret,
            template=webhook.template,
            topic_arn=webhook.topic_arn,
            header=webhook.header,
        ),
        workspace=workspace,
        actor=Actor(
            kind=ActorKind.SYSTEM, id=webhook.id, name=webhook.name, email=None, user_id=None
        ),
    )


def read_delivery(
    opened: Opened,
    *,
    body: bytes,
    content_type: str,
    encoding: str,
    headers: Mapping[str, str],
    fetch: Fetch,
    now: datetime,
) -> tuple[Decoded, Reply | None]:
    """Return what `hooks.decode` makes of a delivery. Outside of any transaction: it may fetch."""

    def first_seen(key: str) -> datetime:
        return _first_seen(opened.workspace.id, opened.hook.id, key, now)

    return decode(
        Delivery(
            hook=opened.hook,
            body=body,
            content_type=content_type,
            headers=headers,
            now=now,
            first_seen=first_seen,
            fetch=fetch,
        ),
        encoding=encoding,
    )


def note_delivery(opened: Opened, *, taken: bool, now: datetime) -> None:
    """Count a delivery on its webhook's row; returns after the commit."""
    _notes.submit(opened.hook.id, _Note(opened.workspace.id, opened.hook.id, taken, now))


def preview_template(
    *, template: str, body: bytes, content_type: str, headers: Mapping[str, str], now: datetime
) -> tuple[list[dict[str, Any]], list[Refusal]]:
    """
    Return the events that a template makes of a sample, and what is wrong with others; store none.

    Raises: BadWebhook for a template that cannot be saved, TemplateFailed, InvalidRequest,
    UnsupportedMedia, BatchTooLarge.
    """
    if fault := custom.find_template_fault(template):
        raise BadWebhook("The template cannot be used.", fields={"template": [fault]})
    hook = Hook(id=uuid.UUID(int=0), name="preview", preset=WebhookPreset.CUSTOM, template=template)
    decoded, _ = decode(
        Delivery(
            hook=hook,
            body=body,
            content_type=content_type,
            headers=headers,
            now=now,
            first_seen=lambda _: now,
            fetch=lambda _: failure("address_refused"),
        )
    )
    events = msgspec.json.decode(msgspec.json.encode(decoded.batch.events))
    return events, decoded.refusals


def drop_old_deliveries(*, now: datetime) -> int:
    """Forget which deliveries came long ago; return how many. For loops."""
    old = SeenDelivery.objects.filter(created_at__lt=now - DELIVERIES_KEPT)
    gone = 0
    while True:
        deleted, _ = SeenDelivery.objects.filter(pk__in=old.values("pk")[:_DROP_BATCH]).delete()
        gone += deleted
        if deleted < _DROP_BATCH:
            return gone


def _count(notes: Sequence[_Note]) -> Sequence[None]:
    """Count deliveries of one webhook."""
    workspace_id, webhook_id, _, _ = notes[0]
    changes: dict[str, Combinable] = {}
    for name, taken in (("received", True), ("refused", False)):
        times = [note.now for note in notes if note.taken is taken]
        if times:
            changes[f"{name}_count"] = F(f"{name}_count") + len(times)
            changes[f"last_{name}_at"] = Greatest(F(f"last_{name}_at"), max(times))
    with workspace_scope(workspace_id):
        Webhook.objects.filter(pk=webhook_id).update(**changes)
    return [None] * len(notes)


# PERF: of a webhook's deliveries one at a time can hold its row, until its commit is on the disk.
# Those that wait for it are counted together.
_notes: Final = Gatherer[_Note, None](alone=lambda note: _count([note])[0], together=_count)


def _first_seen(
    workspace_id: uuid.UUID, webhook_id: uuid.UUID, key: str, now: datetime
) -> datetime:
    digest = sha256(key.encode(errors="replace")).digest()
    with workspace_scope(workspace_id), connection.cursor() as cursor:
        cursor.execute(_SEE, [uuid7(), now, workspace_id, webhook_id, digest])
        (at,) = cursor.fetchone()
    assert isinstance(at, datetime)
    return at
