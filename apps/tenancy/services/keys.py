"""Keys of people and of services."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core.errors import InvalidRequest
from apps.tenancy import key_cache
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind, BuiltInRole
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.keys import SHOWN_LENGTH, hash_secret, new_secret
from apps.tenancy.models import (
    ApiKey,
)
from apps.tenancy.scopes import Scope, scopes_of, sorted_scopes
from apps.tenancy.services.holding import refuse_more_than_held

logger = structlog.get_logger(__name__)


LAST_USED_STEP = timedelta(minutes=1)


@transaction.atomic
def create_api_key(
    *,
    actor: Actor,
    workspace_id: uuid.UUID,
    name: str,
    role: str | None,
    scopes: Collection[Scope],
    expires_at: datetime | None,
    pool: str = "",
) -> tuple[ApiKey, str]:
    """
    Make a key and return it with its secret, which cannot be had again.

    Either `role` (its scopes are copied) or `scopes` is given. A key that ends makes no key that
    outlives it: whoever found it would otherwise keep what it could do. `pool` binds an agents' key
    to the pool of this name.
    Raises: ScopeNotHeld when the maker lacks one of them, InvalidRequest for a later end, and for a
    pool with any other role.
    """
    if pool and role != BuiltInRole.AGENT:
        raise InvalidRequest(
            "Only an agents' key serves a pool.", fields={"pool": ["For the role AGENT only."]}
        )
    wanted = scopes_of(role) if role else frozenset(scopes)
    refuse_more_than_held(actor, wanted, "A key may not do more than its maker.")
    if actor.kind is ActorKind.API_KEY:
        own_end = ApiKey.objects.filter(pk=actor.id).values_list("expires_at", flat=True).get()
        if own_end is not None and (expires_at is None or expires_at > own_end):
            raise InvalidRequest(
                "A key may not outlive its maker.",
                fields={"expires_at": [f"Must not be after {own_end.isoformat()}."]},
            )
    secret = new_secret()
    key = ApiKey.objects.create(
        workspace_id=workspace_id,
        name=name,
        prefix=secret[:SHOWN_LENGTH],
        secret_hash=hash_secret(secret),
        scopes=sorted_scopes(wanted),
        role=role,
        pool=pool,
        created_by_id=actor.user_id,
        expires_at=expires_at,
    )
    logger.info("api_key.created", key_id=str(key.id), workspace_id=str(workspace_id))
    return key, secret


@transaction.atomic
def revoke_api_key(*, key: ApiKey, now: datetime) -> None:
    """End the key; other processes notice within the second that they remember keys for."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    transaction.on_commit(lambda: key_cache.forget(key.secret_hash))


def note_key_use(*, workspace_id: uuid.UUID, key_id: uuid.UUID, now: datetime) -> None:
    """Remember when the key was last used, at most once a minute and key."""
    with workspace_scope(workspace_id):
        ApiKey.objects.filter(pk=key_id).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
        ).update(last_used_at=now)
