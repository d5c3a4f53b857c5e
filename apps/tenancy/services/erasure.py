"""The last rows of a deleted workspace or account. For loops, which see all of them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from apps.core.erasure import erase_rows
from apps.tenancy import audit
from apps.tenancy.models import (
    Account,
    ApiKey,
    Member,
    ObjectRule,
    RoleAssignment,
    RunKey,
    TeamMember,
    Workspace,
)

AT_ONCE = 100
MEMBERS_AT_ONCE = 1_000


def workspaces_to_erase(
    *, now: datetime, after: uuid.UUID | None = None
) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
    """
    Return workspaces whose grace is over, or their account's, in order of their ids.

    Beside each the account that is to be erased whole; None: the workspace alone goes.
    """
    due = Workspace.objects.filter(Q(delete_after__lte=now) | Q(account__delete_after__lte=now))
    if after is not None:
        due = due.filter(id__gt=after)
    found = due.order_by("id").values_list("id", "account_id", "account__delete_after")
    return [
        (workspace_id, account_id if ends_at is not None and ends_at <= now else None)
        for workspace_id, account_id, ends_at in found[:AT_ONCE]
    ]


def accounts_to_erase(*, now: datetime) -> list[uuid.UUID]:
    """Return accounts whose grace is over and that have no workspace any more."""
    due = Account.objects.filter(delete_after__lte=now, workspaces=None)
    return list(due.order_by("id").values_list("id", flat=True)[:AT_ONCE])


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of who may do what in the workspace; return how many."""
    # Keys refer to those that took their place.
    ApiKey.objects.filter(workspace_id=workspace_id, rotated_to__isnull=False).update(
        rotated_to=None
    )
    return erase_rows(
        (RunKey, ApiKey, ObjectRule, RoleAssignment), workspace_id=workspace_id, limit=limit
    )


@transaction.atomic
def forget_workspace(*, workspace_id: uuid.UUID) -> None:
    """Delete the workspace's own row, and whatever few rows still hang on it."""
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace is None:
        return
    audit.record(
        action="workspace.erased",
        target=audit.Object(kind="workspace", id=workspace.id, name=workspace.name),
        workspace_id=workspace.id,
        account_id=workspace.account_id,
    )
    workspace.delete()


@transaction.atomic
def forget_account(*, account_id: uuid.UUID) -> None:
    """Delete the account with its people's places in it; the people stay, and so does its log."""
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        return
    for rows in (TeamMember.objects, Member.objects):
        of_it = rows.filter(account_id=account_id).order_by("id").values_list("id", flat=True)
        while ids := list(of_it[:MEMBERS_AT_ONCE]):
            rows.filter(id__in=ids).delete()
    audit.record(
        action="account.erased",
        target=audit.Object(kind="account", id=account.id, name=account.name),
        account_id=account_id,
    )
    account.delete()
