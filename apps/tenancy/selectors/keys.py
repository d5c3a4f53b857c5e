"""Reads of API keys."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apps.core.errors import NotFound
from apps.tenancy.models import ApiKey, ApiKeyQuerySet
from apps.tenancy.selectors.holders import with_holdings

SHOWN_WITH = ("created_by", "service_account")


class KeyOwner(StrEnum):
    """Whose keys are asked for."""

    MINE = "mine"
    PERSONAL = "personal"
    SERVICE = "service"


class KeyState(StrEnum):
    """Which keys are asked for."""

    ACTIVE = "active"
    STALE = "stale"  # active, unused for long
    ENDLESS = "endless"  # active, without an end
    ENDED = "ended"  # revoked, or past their end


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFilter:
    """What a list of keys is narrowed to; None and empty: not."""

    owner: KeyOwner | None = None
    user_id: uuid.UUID | None = None  # who asks, for MINE
    service_account_id: uuid.UUID | None = None
    state: KeyState | None = None
    pool: str = ""


def list_api_keys(
    *, workspace_id: uuid.UUID, wanted: KeyFilter | None = None, now: datetime | None = None
) -> ApiKeyQuerySet:
    """Return the workspace's keys, ended ones included; show them `with_holdings`."""
    keys = ApiKey.objects.for_workspace(workspace_id)
    if wanted is not None and now is not None:
        keys = narrow(keys, wanted, now)
    return keys.select_related(*SHOWN_WITH)


def narrow(keys: ApiKeyQuerySet, wanted: KeyFilter, now: datetime) -> ApiKeyQuerySet:
    """Return those of the keys that are asked for."""
    if wanted.owner is KeyOwner.MINE:
        keys = keys.filter(service_account=None, created_by_id=wanted.user_id)
    elif wanted.owner is not None:
        keys = keys.filter(service_account__isnull=wanted.owner is KeyOwner.PERSONAL)
    if wanted.service_account_id is not None:
        keys = keys.filter(service_account_id=wanted.service_account_id)
    if wanted.pool:
        keys = keys.filter(pool=wanted.pool)
    if wanted.state is KeyState.ACTIVE:
        return keys.usable(now)
    if wanted.state is KeyState.STALE:
        return keys.stale(now)
    if wanted.state is KeyState.ENDLESS:
        return keys.usable(now).filter(expires_at=None)
    if wanted.state is KeyState.ENDED:
        return keys.ended(now)
    return keys


def get_api_key(*, workspace_id: uuid.UUID, key_id: uuid.UUID) -> ApiKey:
    """Raises: NotFound."""
    key = list_api_keys(workspace_id=workspace_id).filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is no such API key.")
    return with_holdings([key])[0]


def list_keys_of_service_account(
    *, service_account_id: uuid.UUID, wanted: KeyFilter, now: datetime
) -> ApiKeyQuerySet:
    """Return its keys over all workspaces; the caller is inside the account's scope."""
    keys = narrow(ApiKey.objects.filter(service_account_id=service_account_id), wanted, now)
    return keys.select_related(*SHOWN_WITH, "workspace")


def list_keys_of_person(*, user_id: uuid.UUID, wanted: KeyFilter, now: datetime) -> ApiKeyQuerySet:
    """Return the person's own keys over all workspaces; the caller is inside `user_scope`."""
    keys = ApiKey.objects.filter(created_by_id=user_id, service_account=None)
    return narrow(keys, wanted, now).select_related(*SHOWN_WITH, "workspace")
