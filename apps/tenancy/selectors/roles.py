"""Reads of roles and rules, and of what somebody may by them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.module_loading import import_string

from apps.core.errors import NotFound
from apps.tenancy import access
from apps.tenancy.access import Held
from apps.tenancy.models import CustomRole, Member, ObjectRule, RoleAssignment


def list_roles(*, account_id: uuid.UUID) -> QuerySet[CustomRole]:
    """Return the account's own roles, each with how often it is given; within its scope."""
    roles = CustomRole.objects.filter(account_id=account_id)
    return roles.annotate(used_by=Count("assignments")).order_by("name", "id")


def count_built_in_uses(*, account_id: uuid.UUID) -> dict[str, int]:
    """Return how often each built-in role is given in the account's workspaces."""
    rows = (
        RoleAssignment.objects.filter(workspace__account_id=account_id, role__isnull=False)
        .order_by()
        .values_list("role")
        .annotate(number=Count("pk"))
    )
    return {str(role): number for role, number in rows}


def list_rules(
    *, workspace_id: uuid.UUID, kind: str | None = None, object_id: uuid.UUID | None = None
) -> QuerySet[ObjectRule]:
    """Return the workspace's rules with those whom they name; within its scope."""
    found = ObjectRule.objects.filter(workspace_id=workspace_id).select_related(
        "member__user", "team", "service_account"
    )
    if kind is not None:
        found = found.filter(object_kind=kind)
    if object_id is not None:
        found = found.filter(object_id=object_id)
    return found


def get_rule(*, workspace_id: uuid.UUID, rule_id: uuid.UUID) -> ObjectRule:
    """Raises: NotFound."""
    found = list_rules(workspace_id=workspace_id).filter(pk=rule_id).first()
    if found is None:
        raise NotFound("There is no such rule.")
    return found


def object_names(
    *, workspace_id: uuid.UUID, objects: Iterable[tuple[str, uuid.UUID]]
) -> dict[tuple[str, uuid.UUID], str]:
    """Return what those of the objects (kind, id) are called that exist; a query for each kind."""
    by_kind: defaultdict[str, set[uuid.UUID]] = defaultdict(set)
    for kind, object_id in objects:
        by_kind[kind].add(object_id)
    # What is narrowed belongs to layers above: known by name only.
    return {
        (kind, object_id): name
        for kind, ids in by_kind.items()
        if (finder := settings.NARROWED_OBJECTS.get(kind)) is not None
        for object_id, name in import_string(finder)(
            workspace_id=workspace_id, object_ids=ids
        ).items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What a member may do in a workspace, and through what."""

    member: Member
    held: Held
    grants: list[RoleAssignment]
    shut: list[tuple[str, uuid.UUID, str]]  # object kind, object id, scope


def explain_access(
    *, workspace_id: uuid.UUID, account_id: uuid.UUID, member_id: uuid.UUID
) -> Explained:
    """
    Say what a member may do in the workspace; within its scope.

    Raises: NotFound.
    """
    member = (
        Member.objects.for_account(account_id).select_related("user").filter(pk=member_id).first()
    )
    if member is None:
        raise NotFound("There is no such member.")
    if member.deactivated_at is not None or not member.user.is_active:
        return Explained(member=member, held=access.NOTHING, grants=[], shut=[])
    teams = list(member.team_memberships.values_list("team_id", flat=True))
    grants = list(
        RoleAssignment.objects.for_workspace(workspace_id)
        .filter(Q(member=member) | Q(team__in=teams))
        .select_related("custom_role", "team")
        .order_by("created_at", "id")
    )
    held = access.hold((each.as_grant() for each in grants), account_role=member.role)
    shut = access.shut_for(
        (each.as_rule() for each in list_rules(workspace_id=workspace_id)),
        is_owner=held.is_owner,
        member_id=member.id,
        team_ids=teams,
    )
    return Explained(
        member=member,
        held=held,
        grants=grants,
        shut=sorted((target.kind.value, target.id, scope) for target, scope in shut),
    )
