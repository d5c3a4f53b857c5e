"""What the holders of keys may do today: people by themselves and by teams, service accounts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from apps.tenancy.enums import AccountRole
from apps.tenancy.models import ApiKey, Member, RoleAssignment, TeamMember
from apps.tenancy.scopes import Scope, known_scopes, scopes_of

Holding = dict[tuple[uuid.UUID, uuid.UUID], set[Scope]]  # (holder, workspace) → scopes


def with_holdings(keys: Sequence[ApiKey]) -> list[ApiKey]:
    """
    Set on each key what its holder may do in its workspace; four queries however many there are.

    The caller is in the scope of the workspace, of the account or of the person whose keys they
    are.
    """
    people = {key.created_by_id for key in keys if not key.service_account_id}
    services = {key.service_account_id for key in keys}
    workspaces = {key.workspace_id for key in keys}
    found: Holding = defaultdict(set)
    if keys:
        _assigned(found, people - {None}, services - {None}, workspaces)  # type: ignore[arg-type]
    if people - {None}:
        _by_team(found, people, workspaces)  # type: ignore[arg-type]
        _by_ownership(found, people, workspaces)  # type: ignore[arg-type]
    for key in keys:
        holder = key.service_account_id or key.created_by_id
        held = found.get((holder, key.workspace_id), set()) if holder else set()
        key.held = frozenset(held)
    return list(keys)


def held_by_service_account(
    *, workspace_id: uuid.UUID, service_account_id: uuid.UUID
) -> frozenset[Scope]:
    """Return what the service account may do in the workspace today."""
    found: Holding = defaultdict(set)
    _assigned(found, set(), {service_account_id}, {workspace_id})
    return frozenset(found[service_account_id, workspace_id])


def _assigned(
    found: Holding, people: set[uuid.UUID], services: set[uuid.UUID], workspaces: set[uuid.UUID]
) -> None:
    present = Q(user_id__in=people, user__is_active=True, member__deactivated_at=None)
    enabled = Q(service_account_id__in=services, service_account__disabled_at=None)
    rows = RoleAssignment.objects.filter(present | enabled, workspace_id__in=workspaces)
    for row in rows.select_related("custom_role"):
        holder = row.service_account_id or row.user_id
        if holder is not None:
            found[holder, row.workspace_id] |= row.scopes


def _by_team(found: Holding, people: set[uuid.UUID], workspaces: set[uuid.UUID]) -> None:
    rows = TeamMember.objects.filter(
        user_id__in=people,
        user__is_active=True,
        member__deactivated_at=None,
        team__assignments__workspace_id__in=workspaces,
    ).values_list(
        "user_id",
        "team__assignments__workspace_id",
        "team__assignments__role",
        "team__assignments__custom_role__scopes",
    )
    for user_id, workspace_id, role, scopes in rows:
        found[user_id, workspace_id] |= scopes_of(role) if role else known_scopes(scopes or ())


def _by_ownership(found: Holding, people: set[uuid.UUID], workspaces: set[uuid.UUID]) -> None:
    """An account's owner owns every workspace of it."""
    rows = (
        Member.objects.active()
        .filter(user_id__in=people, role=AccountRole.OWNER, account__workspaces__id__in=workspaces)
        .values_list("user_id", "account__workspaces__id")
    )
    for user_id, workspace_id in rows:
        found[user_id, workspace_id] |= set(Scope)
