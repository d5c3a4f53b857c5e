"""Members that are no people: made, changed, disabled, deleted."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial
from typing import TypedDict

from django.db import IntegrityError, transaction

from apps.core.transactions import joined
from apps.tenancy import audit, key_cache
from apps.tenancy.actors import Actor
from apps.tenancy.errors import ServiceAccountNameTaken
from apps.tenancy.models import ApiKey, RoleAssignment, ServiceAccount


class ServiceAccountChanges(TypedDict, total=False):
    name: str
    description: str


@joined
def create_service_account(
    *, actor: Actor, account_id: uuid.UUID, name: str, description: str, now: datetime
) -> ServiceAccount:
    """
    Add one to the account, without any role: workspaces give those.

    Raises: ServiceAccountNameTaken.
    """
    found = ServiceAccount(
        account_id=account_id,
        name=name,
        description=description,
        created_by_id=actor.user_id,
        created_at=now,
    )
    _save(found)
    _record("service_account.created", found, after={"name": name, "description": description})
    return found


@joined
def change_service_account(
    *, service_account: ServiceAccount, changes: ServiceAccountChanges
) -> ServiceAccount:
    """Raises: ServiceAccountNameTaken."""
    before = {name: getattr(service_account, name) for name in changes}
    service_account.name = changes.get("name", service_account.name)
    service_account.description = changes.get("description", service_account.description)
    _save(service_account)
    if before != changes:
        _record("service_account.changed", service_account, before=before, after={**changes})
    return service_account


@joined
def disable_service_account(*, service_account: ServiceAccount, now: datetime) -> None:
    """Let its keys do nothing until it is enabled again; effective within a second."""
    changed = ServiceAccount.objects.filter(pk=service_account.pk, disabled_at=None).update(
        disabled_at=now
    )
    if not changed:
        return
    service_account.disabled_at = now
    _forget_keys(service_account)
    _record("service_account.disabled", service_account, after={"disabled_at": now})


@joined
def enable_service_account(*, service_account: ServiceAccount) -> None:
    """Let its keys work again."""
    before = service_account.disabled_at
    if not ServiceAccount.objects.filter(pk=service_account.pk, disabled_at__isnull=False).update(
        disabled_at=None
    ):
        return
    service_account.disabled_at = None
    _forget_keys(service_account)
    _record("service_account.enabled", service_account, before={"disabled_at": before})


@joined
def delete_service_account(*, service_account: ServiceAccount) -> None:
    """Delete it with its keys and roles, in every workspace; the log keeps what it did."""
    _forget_keys(service_account)
    keys = ApiKey.objects.filter(service_account=service_account)
    _record(
        "service_account.deleted",
        service_account,
        before={"name": service_account.name, "keys": keys.count()},
    )
    RoleAssignment.objects.filter(service_account=service_account).delete()
    keys.delete()
    ServiceAccount.objects.filter(pk=service_account.pk).delete()


def _save(service_account: ServiceAccount) -> None:
    try:
        with transaction.atomic():
            service_account.save()
    except IntegrityError:
        raise ServiceAccountNameTaken("There is a service account of this name.") from None


def _forget_keys(service_account: ServiceAccount) -> None:
    hashes = ApiKey.objects.filter(service_account=service_account)
    for secret_hash in hashes.values_list("secret_hash", flat=True):
        transaction.on_commit(partial(key_cache.forget, secret_hash))


def _record(
    action: str,
    service_account: ServiceAccount,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(
            kind="service_account", id=service_account.id, name=service_account.name
        ),
        before=before,
        after=after,
        account_id=service_account.account_id,
    )
