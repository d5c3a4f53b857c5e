"""Keys of people and of service accounts: made, replaced, handed over, ended."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.request_context import current_origin
from apps.tenancy import access, audit, key_cache
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind, BuiltInRole
from apps.tenancy.errors import HolderWithoutRole, KeyAlreadyRotated, KeyEnded, NotYourKey
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.keys import SHOWN_LENGTH, hash_secret, new_secret
from apps.tenancy.models import ApiKey, ServiceAccount, Workspace
from apps.tenancy.scopes import Scope, known_scopes, scopes_of, sorted_scopes
from apps.tenancy.selectors.access import resolve_doer
from apps.tenancy.selectors.holders import held_by_service_account
from apps.tenancy.services.holding import refuse_more_than_held

logger = structlog.get_logger(__name__)
LAST_USED_STEP = timedelta(minutes=1)
LONGEST_OVERLAP = timedelta(days=7)


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
    service_account_id: uuid.UUID | None = None,
) -> tuple[ApiKey, str]:
    """
    Make a key and return it with its secret, which cannot be had again.

    Either `role` (its scopes are copied) or `scopes` is given. It is the actor's own, unless a
    service account is to hold it; one that a service account's key makes is that account's. A key
    that ends makes no key that outlives it: whoever found it would otherwise keep what it could do.
    `pool` binds an agents' key to the pool of this name.
    Raises: ScopeNotHeld when the maker or the holder lacks one of them, ObjectRestricted when rules
    let the holder pass and not the maker, HolderWithoutRole, InvalidRequest for a later end, and
    for a pool with any other role.
    """
    if pool and role != BuiltInRole.AGENT:
        raise InvalidRequest(
            "Only an agents' key serves a pool.", fields={"pool": ["For the role AGENT only."]}
        )
    wanted = scopes_of(role) if role else frozenset(scopes)
    refuse_more_than_held(actor, wanted, "A key may not do more than its maker.")
    _refuse_to_outlive(actor, expires_at)
    holder = service_account_id or actor.service_account_id
    if holder is not None:
        _refuse_more_than_holder(workspace_id, holder, wanted)
        _refuse_past_rules(actor, workspace_id, holder, wanted)
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
        service_account_id=holder,
        expires_at=expires_at,
    )
    _record("key.created", key, actor=actor, after=_told(key))
    logger.info("api_key.created", key_id=str(key.id), workspace_id=str(workspace_id))
    return key, secret


@transaction.atomic
def rotate_api_key(
    *,
    actor: Actor,
    key_id: uuid.UUID,
    overlap: timedelta,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """
    Make a key that takes this one's place and return it with its secret; this one ends with the
    overlap.

    The new one is the same holder's and may do the same. Rotated by a person it lives as long as
    this one was made for, or until `expires_at`; by a key, no longer than that key. A second time
    works only when the successor was revoked, as after an answer that got lost.
    Raises: KeyEnded, KeyAlreadyRotated, NotYourKey for somebody else's personal key (its secret
    would act in that person's name), ScopeNotHeld, ObjectRestricted, InvalidRequest.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise InvalidRequest(
            "The overlap is out of range.", fields={"overlap_seconds": ["At most seven days."]}
        )
    keys = ApiKey.objects.select_for_update(of=("self",)).select_related("rotated_to")
    key = keys.get(pk=key_id)
    if not key.is_usable:
        raise KeyEnded("The key has ended; make another one.")
    if key.rotated_to is not None and key.rotated_to.revoked_at is None:
        raise KeyAlreadyRotated(
            "Another key takes its place already.", rotated_to=str(key.rotated_to_id)
        )
    if actor.id != key.id:
        _refuse_others(actor, key)
    new_end = _end_of_successor(actor, key, expires_at, now)
    secret = new_secret()
    successor = ApiKey.objects.create(
        workspace_id=key.workspace_id,
        name=key.name,
        prefix=secret[:SHOWN_LENGTH],
        secret_hash=hash_secret(secret),
        scopes=key.scopes,
        role=key.role,
        pool=key.pool,
        created_by_id=key.created_by_id,
        service_account_id=key.service_account_id,
        expires_at=new_end,
    )
    old_end = min(filter(None, (key.expires_at, now + overlap)))
    before = {"expires_at": key.expires_at}
    ApiKey.objects.filter(pk=key.pk).update(expires_at=old_end, rotated_to=successor)
    transaction.on_commit(partial(key_cache.forget, key.secret_hash))
    _record(
        "key.rotated",
        key,
        actor=actor,
        before=before,
        after={"expires_at": old_end, "rotated_to": successor.id, "new_expires_at": new_end},
    )
    logger.info("api_key.rotated", key_id=str(key.id), successor_id=str(successor.id))
    return successor, secret


@transaction.atomic
def hand_over_key(
    *, actor: Actor, key: ApiKey, service_account_id: uuid.UUID, now: datetime
) -> None:
    """
    Let a service account hold the key from now on, so that it outlives its maker's stay.

    What uses it goes on with the same secret; what it may do follows the service account.
    Raises: KeyEnded, HolderWithoutRole, ScopeNotHeld when the actor may do less than the key,
    ObjectRestricted as above.
    """
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise KeyEnded("The key has ended; make another one.")
    refuse_more_than_held(
        actor, known_scopes(key.scopes), "Nobody hands over a key that may do more than they."
    )
    found = _find_holder(key.workspace_id, service_account_id)
    if not held_by_service_account(workspace_id=key.workspace_id, service_account_id=found.id):
        raise _without_role(found)
    _refuse_past_rules(actor, key.workspace_id, found.id, known_scopes(key.scopes))
    before = {"service_account": key.service_account_id}
    ApiKey.objects.filter(pk=key.pk).update(service_account=found)
    transaction.on_commit(partial(key_cache.forget, key.secret_hash))
    _record(
        "key.handed_over",
        key,
        actor=actor,
        before=before,
        after={"service_account": found.id, "service_account_name": found.name},
    )


@transaction.atomic
def revoke_api_key(*, key: ApiKey, now: datetime, actor: Actor | None = None) -> None:
    """End the key; other processes notice within the second that they remember keys for."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        _record("key.revoked", key, actor=actor, after={"revoked_at": now})
    transaction.on_commit(partial(key_cache.forget, key.secret_hash))


def note_key_use(*, workspace_id: uuid.UUID, key_id: uuid.UUID, now: datetime) -> None:
    """Remember when and from where the key was last used, at most once a minute and key."""
    with workspace_scope(workspace_id):
        ApiKey.objects.filter(pk=key_id).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
        ).update(last_used_at=now, last_used_from=current_origin().address or None)


def _refuse_to_outlive(actor: Actor, expires_at: datetime | None) -> None:
    if actor.kind is not ActorKind.API_KEY:
        return
    own_end = ApiKey.objects.filter(pk=actor.id).values_list("expires_at", flat=True).get()
    if own_end is not None and (expires_at is None or expires_at > own_end):
        raise InvalidRequest(
            "A key may not outlive its maker.",
            fields={"expires_at": [f"Must not be after {own_end.isoformat()}."]},
        )


def _end_of_successor(
    actor: Actor, key: ApiKey, wanted: datetime | None, now: datetime
) -> datetime | None:
    if wanted is not None:
        _refuse_to_outlive(actor, wanted)
        return wanted
    if actor.kind is ActorKind.API_KEY:
        ends = ApiKey.objects.filter(pk=actor.id).values_list("expires_at", flat=True).get()
        return min(filter(None, (ends, key.expires_at)), default=None)
    return now + (key.expires_at - key.created_at) if key.expires_at else None


def _refuse_others(actor: Actor, key: ApiKey) -> None:
    if key.service_account_id is None and key.created_by_id != actor.user_id:
        raise NotYourKey("Only its owner may replace a personal key; revoke it, or hand it over.")
    wanted = known_scopes(key.scopes)
    refuse_more_than_held(actor, wanted, "Nobody replaces a key that may do more than they.")
    if key.service_account_id is not None:
        _refuse_past_rules(actor, key.workspace_id, key.service_account_id, wanted)


def _refuse_past_rules(
    actor: Actor, workspace_id: uuid.UUID, service_account_id: uuid.UUID, wanted: frozenset[Scope]
) -> None:
    """
    Let nobody hold a key of a service account to whom rules leave what they close to them.

    Raises: ObjectRestricted.
    """
    holder = resolve_doer(
        workspace_id=workspace_id,
        user_id=None,
        service_account_id=service_account_id,
        now=utc_now(),
    )
    opened = actor.shut - holder.shut if holder else frozenset()
    access.refuse_opening(each for each in opened if each[1] in wanted)


def _find_holder(workspace_id: uuid.UUID, service_account_id: uuid.UUID) -> ServiceAccount:
    account_id = Workspace.objects.values_list("account_id", flat=True).get(pk=workspace_id)
    found = ServiceAccount.objects.filter(account_id=account_id, pk=service_account_id).first()
    if found is None:
        raise InvalidRequest(
            "There is no such service account.", fields={"service_account_id": ["Not found."]}
        )
    return found


def _refuse_more_than_holder(
    workspace_id: uuid.UUID, service_account_id: uuid.UUID, wanted: frozenset[Scope]
) -> None:
    found = _find_holder(workspace_id, service_account_id)
    held = held_by_service_account(workspace_id=workspace_id, service_account_id=found.id)
    if not held:
        raise _without_role(found)
    refuse_more_than_held(held, wanted, "A key may not do more than its service account.")


def _without_role(found: ServiceAccount) -> HolderWithoutRole:
    if found.disabled_at is not None:
        return HolderWithoutRole("The service account is disabled; enable it first.")
    return HolderWithoutRole("The service account has no role in this workspace; give it one.")


def _told(key: ApiKey) -> dict[str, object]:
    """Return what the log keeps of a new key."""
    return {
        "scopes": key.scopes,
        "role": key.role,
        "pool": key.pool or None,
        "service_account": key.service_account_id,
        "expires_at": key.expires_at,
    }


def _record(
    action: str,
    key: ApiKey,
    *,
    actor: Actor | None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="key", id=key.id, name=f"{key.name} ({key.prefix}…)"),
        before=before,
        after=after,
        workspace_id=key.workspace_id,
        actor=actor,
    )
