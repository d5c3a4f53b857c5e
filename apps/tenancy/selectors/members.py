"""Reads of who belongs where."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from apps.core.errors import NotFound
from apps.identity import selectors as identity
from apps.tenancy.enums import AccountRole
from apps.tenancy.models import (
    Member,
    RoleAssignment,
)


def list_members(*, workspace_id: uuid.UUID) -> QuerySet[RoleAssignment]:
    """Return the workspace's role assignments with their people, oldest first."""
    return RoleAssignment.objects.for_workspace(workspace_id).select_related("user")


def list_confirmed_addresses(*, workspace_id: uuid.UUID) -> set[str]:
    """Return the confirmed e-mail addresses of everybody in the workspace's account."""
    members = Member.objects.filter(account__workspaces=workspace_id)
    return identity.list_confirmed_addresses(
        user_ids=list(members.values_list("user_id", flat=True))
    )


def get_member(*, workspace_id: uuid.UUID, assignment_id: uuid.UUID) -> RoleAssignment:
    """Raises: NotFound."""
    try:
        return list_members(workspace_id=workspace_id).get(pk=assignment_id)
    except RoleAssignment.DoesNotExist:
        raise NotFound("There is no such member.") from None


def list_owner_addresses(*, account_id: uuid.UUID) -> set[str]:
    """Return the confirmed e-mail addresses of the account's owners."""
    owners = Member.objects.filter(account_id=account_id, role=AccountRole.OWNER)
    return identity.list_confirmed_addresses(
        user_ids=list(owners.values_list("user_id", flat=True))
    )
