"""What people hold over all workspaces of an account, for those who grant and show it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db.models import Q

from apps.tenancy.access import Kind, Shut, Target
from apps.tenancy.enums import AccountRole, BuiltInRole
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import Member, ObjectRule, RoleAssignment, Workspace
from apps.tenancy.scopes import Scope
from apps.tenancy.selectors.access import resolve_person


def scopes_by_workspace(
    *, account_id: uuid.UUID, user_id: uuid.UUID
) -> dict[uuid.UUID, frozenset[Scope]]:
    """
    Return what the person may do in each of the account's workspaces, teams included.

    An owner of the account holds everything everywhere.
    """
    member = Member.objects.active().filter(account_id=account_id, user_id=user_id).first()
    if member is None:
        return {}
    if member.role == AccountRole.OWNER:
        ids = Workspace.objects.filter(account_id=account_id).values_list("id", flat=True)
        return dict.fromkeys(ids, frozenset(Scope))
    held: dict[uuid.UUID, frozenset[Scope]] = defaultdict(frozenset)
    with account_scope(account_id):
        mine = RoleAssignment.objects.filter(
            Q(member=member) | Q(team__memberships__member=member),
            workspace__account_id=account_id,
        )
        for assignment in mine.select_related("custom_role"):
            held[assignment.workspace_id] |= assignment.scopes
    return dict(held)


def scopes_of_teams(
    *, account_id: uuid.UUID, team_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, frozenset[Scope]]:
    """Return what being in these teams allows, by workspace; the caller is in `account_scope`."""
    held: dict[uuid.UUID, frozenset[Scope]] = defaultdict(frozenset)
    theirs = RoleAssignment.objects.filter(
        team_id__in=team_ids, workspace__account_id=account_id
    ).select_related("custom_role")
    for assignment in theirs:
        held[assignment.workspace_id] |= assignment.scopes
    return dict(held)


def opened_by_teams(
    *, account_id: uuid.UUID, team_ids: Collection[uuid.UUID], user_id: uuid.UUID
) -> frozenset[Shut]:
    """
    Return what rules leave to these teams and close to the person; the caller is in
    `account_scope`.

    Who has no place in a workspace is let in by none of its rules; who owns it passes all.
    """
    open_to: dict[uuid.UUID, set[Shut]] = defaultdict(set)
    rules = ObjectRule.objects.filter(team_id__in=team_ids, workspace__account_id=account_id)
    for rule in rules:
        open_to[rule.workspace_id].add((Target(Kind(rule.object_kind), rule.object_id), rule.scope))
    owned = RoleAssignment.objects.filter(
        team_id__in=team_ids, workspace__account_id=account_id, role=BuiltInRole.OWNER
    )
    opened: set[Shut] = set()
    for workspace_id in owned.values_list("workspace_id", flat=True):
        opened |= opened_to_owners(workspace_id=workspace_id, user_id=user_id)
    for workspace_id, theirs in open_to.items():
        _, entrance = resolve_person(user_id=user_id, workspace=str(workspace_id))
        opened |= theirs & entrance.actor.shut if entrance else theirs
    return frozenset(opened)


def opened_to_owners(*, workspace_id: uuid.UUID, user_id: uuid.UUID) -> frozenset[Shut]:
    """Return what is closed to the person in the workspace, and never to its owners."""
    _, entrance = resolve_person(user_id=user_id, workspace=str(workspace_id))
    return entrance.actor.shut if entrance else frozenset()
