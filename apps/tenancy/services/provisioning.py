"""
What an identity provider does to an account's members and teams.

Nobody's scopes are asked: who set the provider up handed the people and these teams over to it.
Callers are inside `account_scope`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import structlog
from django.db import transaction

from apps.tenancy.enums import AccountRole, MemberSource
from apps.tenancy.errors import LastAccountOwner, NamedInRules, NameTaken
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Member, ObjectRule, Team, TeamMember, Workspace
from apps.tenancy.services.limits import lock_limits, refuse_seat

logger = structlog.get_logger(__name__)
MAX_TEAM_NAME = 120


@transaction.atomic
def provision_member(
    *, account_id: uuid.UUID, user_id: uuid.UUID, now: datetime
) -> tuple[Member, bool]:
    """
    Make the person a member of the account, without any role; return also whether they are new.

    Raises: PlanLimit.
    """
    lock_limits(account_id)
    member = Member.objects.for_account(account_id).filter(user_id=user_id).first()
    if member is not None:
        return member, False
    refuse_seat(account_id, now)
    member = Member.objects.create(
        account_id=account_id,
        user_id=user_id,
        role=AccountRole.MEMBER,
        source=MemberSource.SCIM,
        created_at=now,
    )
    return member, True


@transaction.atomic
def deactivate_member(*, account_id: uuid.UUID, member_id: uuid.UUID, now: datetime) -> bool:
    """
    Let the member do nothing in the account any more; return whether they could until now.

    Roles, teams and keys stay as they are and mean nothing until `reactivate_member`.
    Raises: LastAccountOwner.
    """
    member = Member.objects.for_account(account_id).get(pk=member_id)
    if member.deactivated_at is not None:
        return False
    _keep_an_account_owner(member)
    return bool(Member.objects.filter(pk=member_id, deactivated_at=None).update(deactivated_at=now))


@transaction.atomic
def reactivate_member(*, account_id: uuid.UUID, member_id: uuid.UUID, now: datetime) -> bool:
    """
    Give the member back what they had; return whether they were deactivated until now.

    Raises: PlanLimit.
    """
    lock_limits(account_id)
    there = Member.objects.for_account(account_id).filter(pk=member_id)
    deactivated = there.exclude(deactivated_at=None)
    if not deactivated.exists():
        return False
    refuse_seat(account_id, now)
    return bool(deactivated.update(deactivated_at=None))


@transaction.atomic
def remove_from_account(*, account_id: uuid.UUID, member_id: uuid.UUID, now: datetime) -> bool:
    """
    Take the member and all their roles out of the account; return whether they are gone altogether.

    SECURITY: whom a rule names stays as a deactivated member: without its last rule an object would
    be open to everybody.
    Raises: LastAccountOwner.
    """
    member = Member.objects.for_account(account_id).get(pk=member_id)
    _keep_an_account_owner(member)
    if _named_in_rules(account_id, member_id=member_id):
        member.assignments.all().delete()
        member.team_memberships.all().delete()
        Member.objects.filter(pk=member_id, deactivated_at=None).update(deactivated_at=now)
        return False
    member.delete()
    return True


def _keep_an_account_owner(leaving: Member) -> None:
    if leaving.role != AccountRole.OWNER:
        return
    # Locks the owners' rows: two who leave at once would leave nobody.
    owners = Member.objects.for_account(leaving.account_id).filter(role=AccountRole.OWNER).active()
    present = list(owners.select_for_update(of=("self",)).values_list("pk", flat=True))
    if not [each for each in present if each != leaving.pk]:
        raise LastAccountOwner(
            "An account keeps at least one owner. Make somebody else owner first."
        )


def _named_in_rules(account_id: uuid.UUID, **subject: uuid.UUID) -> int:
    found = 0
    workspaces = Workspace.objects.filter(account_id=account_id)
    for workspace_id in workspaces.values_list("id", flat=True):
        with workspace_scope(workspace_id):
            found += ObjectRule.objects.filter(workspace_id=workspace_id, **subject).count()
    return found


@transaction.atomic
def provision_team(
    *, account_id: uuid.UUID, name: str, external_id: str, now: datetime
) -> uuid.UUID:
    """
    Make a team that the provider keeps.

    Raises: NameTaken, also by a team of the account's own: the provider would otherwise decide who
    is in it.
    """
    _refuse_taken(account_id, name)
    team = Team.objects.create(
        account_id=account_id, name=name, external_id=external_id[:200], created_at=now
    )
    return team.pk


@transaction.atomic
def rename_team(*, account_id: uuid.UUID, team_id: uuid.UUID, name: str) -> None:
    """Raises: NameTaken."""
    _refuse_taken(account_id, name, but=team_id)
    Team.objects.filter(account_id=account_id, pk=team_id).update(name=name)


def _refuse_taken(account_id: uuid.UUID, name: str, but: uuid.UUID | None = None) -> None:
    lock_limits(account_id)
    same = Team.objects.filter(account_id=account_id, name__iexact=name)
    if (same.exclude(pk=but) if but else same).exists():
        raise NameTaken("The account has a team of this name already.")


@transaction.atomic
def change_team_members(
    *,
    account_id: uuid.UUID,
    team_id: uuid.UUID,
    add: Collection[uuid.UUID],
    remove: Collection[uuid.UUID],
    now: datetime,
) -> None:
    """Put members of the account into the team and take others out; unknown ids are passed over."""
    if remove:
        TeamMember.objects.filter(
            account_id=account_id, team_id=team_id, member_id__in=remove
        ).delete()
    if add:
        people = Member.objects.for_account(account_id).filter(pk__in=add)
        TeamMember.objects.bulk_create(
            [
                TeamMember(
                    account_id=account_id,
                    team_id=team_id,
                    member_id=member_id,
                    user_id=user_id,
                    created_at=now,
                )
                for member_id, user_id in people.values_list("pk", "user_id")
            ],
            ignore_conflicts=True,
            batch_size=5_000,
        )


@transaction.atomic
def delete_team(*, account_id: uuid.UUID, team_id: uuid.UUID) -> None:
    """
    Delete the team; its roles in workspaces go with it.

    Raises: NamedInRules. SECURITY: without its last rule an object would be open to everybody.
    """
    rules = _named_in_rules(account_id, team_id=team_id)
    if rules:
        raise NamedInRules(
            "Rules of single objects name this team. Remove them first.", rules=rules
        )
    Team.objects.filter(account_id=account_id, pk=team_id).delete()
