"""The names of those who may be asked about something."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from apps.tenancy.models import Member, Team


def names_of_people(
    *, account_id: uuid.UUID, user_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Return the names of those of the users who are in the account."""
    if not user_ids:
        return {}
    found = Member.objects.for_account(account_id).active().filter(user_id__in=user_ids)
    return {
        member.user_id: str(member.user.display_name) for member in found.select_related("user")
    }


def names_of_teams(
    *, account_id: uuid.UUID, team_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Return the names of those of the teams that are the account's."""
    if not team_ids:
        return {}
    return dict(
        Team.objects.filter(account_id=account_id, id__in=team_ids).values_list("id", "name")
    )
