"""Reads of accounts."""

from __future__ import annotations

import uuid

from apps.tenancy.actors import AccountRef
from apps.tenancy.models import (
    Account,
    Member,
    Workspace,
)


def account_ref(account: Account) -> AccountRef:
    return AccountRef(
        id=account.id,
        name=account.name,
        created_at=account.created_at,
        archived_at=account.archived_at,
        delete_after=account.delete_after,
        require_mfa=account.require_mfa,
        sso_required=account.sso_required,
    )


def find_account(*, account_id: uuid.UUID) -> AccountRef | None:
    """Return the account, or None when it is gone."""
    account = Account.objects.filter(pk=account_id).first()
    return None if account is None else account_ref(account)


def list_account_ids(*, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Return up to `limit` ids of accounts beyond `after`, in their order; for loops."""
    accounts = Account.objects.order_by("id").values_list("id", flat=True)
    return list((accounts.filter(id__gt=after) if after else accounts)[:limit])


def account_size(*, account_id: uuid.UUID) -> tuple[int, int]:
    """Return how many active users and how many workspaces the account has."""
    return (
        Member.objects.filter(account_id=account_id, deactivated_at=None).count(),
        Workspace.objects.filter(account_id=account_id).count(),
    )


def find_owned_account_id(*, user_id: uuid.UUID, account_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return the account in which the person may make workspaces: the given one, or the oldest."""
    memberships = Member.objects.filter(user_id=user_id, role__in=["OWNER", "ADMIN"])
    if account_id is not None:
        memberships = memberships.filter(account_id=account_id)
    return memberships.order_by("created_at", "id").values_list("account_id", flat=True).first()


def belongs_elsewhere(*, user_id: uuid.UUID, account_id: uuid.UUID) -> bool:
    """Say whether the person is also a member of any other account."""
    return Member.objects.filter(user_id=user_id).exclude(account_id=account_id).exists()
