"""Reads of who belongs where."""

from __future__ import annotations

import uuid

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery

from apps.core.errors import NotFound
from apps.identity import selectors as identity
from apps.tenancy.enums import AccountRole
from apps.tenancy.models import (
    Member,
    RoleAssignment,
    TeamMember,
)

KINDS = ("member", "team", "service_account")


def list_members(
    *, workspace_id: uuid.UUID, kind: str | None = None, q: str = ""
) -> QuerySet[RoleAssignment]:
    """Return the workspace's role assignments with those whose they are; `members` of a team."""
    size = TeamMember.objects.filter(team=OuterRef("team")).order_by()
    counted = size.values("team").annotate(number=Count("pk")).values("number")
    found = (
        RoleAssignment.objects.for_workspace(workspace_id)
        .select_related("workspace", "user", "team", "service_account", "custom_role")
        .annotate(members=Subquery(counted, output_field=IntegerField()))
    )
    if kind is not None:
        found = found.filter(**{f"{kind}__isnull": False})
    for word in q.split():
        found = found.filter(
            Q(user__name__icontains=word)
            | Q(user__email__icontains=word)
            | Q(team__name__icontains=word)
            | Q(service_account__name__icontains=word)
        )
    return found


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
