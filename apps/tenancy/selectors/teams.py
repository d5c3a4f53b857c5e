"""Reads of teams; within the account's scope."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db.models import Count, Q, QuerySet

from apps.core.errors import NotFound
from apps.tenancy.models import RoleAssignment, Team, TeamMember


def list_teams(*, account_id: uuid.UUID, q: str = "") -> QuerySet[Team]:
    """
    Return the account's teams, each with how many are in it, and whether a provider keeps it.

    The row that a provider's group leaves is a layer above's, reached by the name of its relation.
    """
    found = Team.objects.filter(account_id=account_id).annotate(
        size=Count("memberships"), is_provided=Q(scim_group__isnull=False)
    )
    for word in q.split():
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return found


def get_team(*, account_id: uuid.UUID, team_id: uuid.UUID) -> Team:
    """Raises: NotFound."""
    found = list_teams(account_id=account_id).filter(pk=team_id).first()
    if found is None:
        raise NotFound("There is no such team.")
    return found


def list_team_members(*, account_id: uuid.UUID, team_id: uuid.UUID) -> QuerySet[TeamMember]:
    """Return who is in the team, with their membership of the account."""
    return TeamMember.objects.filter(account_id=account_id, team_id=team_id).select_related(
        "member", "user"
    )


def assignments_of_teams(
    *, team_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[RoleAssignment]]:
    """Return where each team may do what, by the workspace's name."""
    rows = (
        RoleAssignment.objects.filter(team_id__in=team_ids)
        .select_related("workspace", "custom_role")
        .order_by("workspace__name", "workspace_id")
    )
    found: dict[uuid.UUID, list[RoleAssignment]] = defaultdict(list)
    for row in rows:
        if row.team_id is not None:
            found[row.team_id].append(row)
    return found
