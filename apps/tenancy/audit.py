"""Record what was changed, by whom and from where, in the transaction of the change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.clock import utc_now
from apps.core.http.request_context import current_origin
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry, Workspace

HIDDEN = "•••"
_SECRET_WORDS = ("secret", "token", "password", "credential", "private_key", "authorization")

# With the id of the request it is of: threads go on to serve others.
_actor: ContextVar[tuple[str, Actor] | None] = ContextVar("audit_actor", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """What was changed; `id` is text, because not everything that is changed has a UUID."""

    kind: str
    id: object
    name: str = ""


def act_as(actor: Actor) -> None:
    """Remember who acts, for the rest of the request; every door calls it once it knows."""
    _actor.set((current_origin().request_id, actor))


def _acting() -> Actor | None:
    remembered, request_id = _actor.get(), current_origin().request_id
    return remembered[1] if remembered and request_id and remembered[0] == request_id else None


def record(
    *,
    action: str,
    target: Object,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
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
    who, origin = actor or _acting(), current_origin()
    told_before, told_after = changed_only(before, after)
    with account_scope(account_id):
        AuditEntry.objects.create(
            account_id=account_id,
            workspace_id=workspace_id,
            occurred_at=now or utc_now(),
            actor_kind=who.kind if who else _nobody(),
            actor_id=who.id if who else None,
            actor_name=(who.email or who.name)[:254] if who else "",
            on_behalf_of_id=who.user_id if who and who.kind is ActorKind.API_KEY else None,
            action=action,
            object_kind=target.kind,
            object_id=str(target.id),
            object_name=target.name[:254],
            before=told_before,
            after=told_after,
            address=origin.address or None,
            user_agent=origin.user_agent,
            request_id=origin.request_id,
        )


def _nobody() -> ActorKind:
    return ActorKind.NOBODY if current_origin().request_id else ActorKind.SYSTEM


def changed_only(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return both without what is equal in them, and without the values of secrets."""
    if before is not None and after is not None:
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        before = {name: before[name] for name in changed if name in before}
        after = {name: after[name] for name in changed if name in after}
    return _without_secrets(before), _without_secrets(after)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if _is_secret(name) and each not in (None, "") else _without_secrets(each)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _is_secret(name: str) -> bool:
    lowered = str(name).lower()
    return any(word in lowered for word in _SECRET_WORDS)
