"""Record what was changed, by whom and from where, in the transaction of the change."""

from __future__ import annotations

import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from apps.core.clock import utc_now
from apps.core.http.request_context import Origin, current_origin
from apps.core.jobs import enqueue_or_leave
from apps.identity import selectors as identity
from apps.tenancy import key_cache
from apps.tenancy.actors import Actor
from apps.tenancy.audit.diff import Change, changed_only
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import (
    AuditEntry,
    AuditStream,
    PendingAuditEntry,
    ServiceAccount,
    Workspace,
)

SEND_AUDIT_TASK = "tenancy.send_audit_entries"

# With the request that it is of: threads go on to serve others.
_actor: ContextVar[tuple[Origin, Actor] | None] = ContextVar("audit_actor", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """
    What was changed; `id` is text, because not everything that is changed has a UUID.

    `person_id`: whose name `name` is, needed of everything but a `user`, whose id says it.
    """

    kind: str
    id: object
    name: str = ""
    person_id: uuid.UUID | None = None


class Named(Protocol):
    """A row of a workspace that people call by a name."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def workspace_id(self) -> uuid.UUID: ...
    @property
    def name(self) -> str: ...


def act_as(actor: Actor) -> None:
    """Remember who acts, for the rest of the request; every door calls it once it knows."""
    _actor.set((current_origin(), actor))


def _acting() -> Actor | None:
    remembered, origin = _actor.get(), current_origin()
    # SECURITY: the very request, not one of the same id: callers choose their ids.
    is_same = remembered is not None and remembered[0] is origin and bool(origin.request_id)
    return remembered[1] if remembered and is_same else None


def record(
    *,
    action: str,
    target: Object,
    before: Change | None = None,
    after: Change | None = None,
    workspace_id: uuid.UUID | None = None,
    account_id: uuid.UUID | None = None,
    actor: Actor | None = None,
    now: datetime | None = None,
) -> None:
    """
    Add one entry to the account's log.

    `before` and `after` name what changed only; equal values are left out, those of secrets
    hidden. The actor is the request's, unless given; outside of a request Headway itself.
    One of `workspace_id` and `account_id` is needed; a matter of a workspace names both, or the
    workspace alone.
    """
    if account_id is None:
        if workspace_id is None:
            raise ValueError("An audit entry belongs to an account.")
        account_id = Workspace.objects.values_list("account_id", flat=True).get(pk=workspace_id)
    key_cache.forget_changed()
    who, origin = actor or _acting(), current_origin()
    told_before, told_after = changed_only(before, after)
    with account_scope(account_id):
        behalf_id, behalf_name = _on_behalf_of(who)
        entry = AuditEntry.objects.create(
            account_id=account_id,
            workspace_id=workspace_id,
            occurred_at=now or utc_now(),
            actor_kind=who.kind if who else _nobody(),
            actor_id=who.id if who else None,
            actor_name=who.name[:254] if who else "",
            on_behalf_of_id=behalf_id,
            on_behalf_of_name=behalf_name[:254],
            action=action,
            object_kind=target.kind,
            object_id=str(target.id),
            object_name=target.name[:254],
            object_person_id=target.person_id,
            before=told_before,
            after=told_after,
            address=origin.address or None,
            user_agent=origin.user_agent,
            request_id=origin.request_id,
        )
        # In the same transaction: neither an entry that is not sent, nor one that never was.
        if AuditStream.objects.filter(account_id=account_id).exists():
            PendingAuditEntry.objects.create(account_id=account_id, entry_id=entry.id)
            enqueue_or_leave(SEND_AUDIT_TASK, account_id=str(account_id))


def record_of(
    action: str, row: Named, *, before: Change | None = None, after: Change | None = None
) -> None:
    """Record a change of a workspace's row; the action begins with its kind: `webhook.created`."""
    record(
        action=action,
        target=Object(kind=action.partition(".")[0], id=row.id, name=row.name),
        before=before,
        after=after,
        workspace_id=row.workspace_id,
    )


def _on_behalf_of(who: Actor | None) -> tuple[uuid.UUID | None, str]:
    """Return whose key it is that acts: a person's, or a service account's."""
    if who is None or who.kind is not ActorKind.API_KEY:
        return None, ""
    if who.service_account_id is not None:
        name = ServiceAccount.objects.filter(pk=who.service_account_id).values_list("name")
        return who.service_account_id, name[0][0] if name else ""
    if who.user_id is None:
        return None, ""
    return who.user_id, identity.display_names(user_ids=[who.user_id]).get(who.user_id, "")


def _nobody() -> ActorKind:
    return ActorKind.NOBODY if current_origin().request_id else ActorKind.SYSTEM
