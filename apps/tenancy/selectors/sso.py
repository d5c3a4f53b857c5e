"""What signing in by an account's provider needs to know of it. Callers are in `account_scope`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from apps.tenancy.models import Account, Member, Team, TeamMember


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberState:
    """Somebody's place in the account; without a member they have none."""

    member_id: uuid.UUID | None = None
    role: str = ""
    is_deactivated: bool = False


def find_member_state(*, account_id: uuid.UUID, user_id: uuid.UUID) -> MemberState:
    member = Member.objects.for_account(account_id).filter(user_id=user_id).first()
    if member is None:
        return MemberState()
    return MemberState(
        member_id=member.pk, role=member.role, is_deactivated=member.deactivated_at is not None
    )


def list_team_ids(*, account_id: uuid.UUID) -> dict[str, uuid.UUID]:
    """Return the account's teams by name, but for those that its directory keeps."""
    own = Team.objects.filter(account_id=account_id, scim_group=None)
    return dict(own.values_list("name", "id"))


def list_team_names_of(*, account_id: uuid.UUID, member_id: uuid.UUID) -> list[str]:
    """Return the names of the teams that the member is in."""
    teams = TeamMember.objects.filter(account_id=account_id, member_id=member_id)
    return list(teams.order_by("team__name").values_list("team__name", flat=True))


def is_sso_required(*, account_id: uuid.UUID) -> bool:
    return Account.objects.filter(pk=account_id, sso_required=True).exists()
