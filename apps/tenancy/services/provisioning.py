"""
What an identity provider does to an account's members and teams.

Nobody's scopes are asked: who set the provider up handed the people and these teams over to it.
Callers are inside `account_scope`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from apps.tenancy.enums import AccountRole, MemberSource
from apps.tenancy.errors import NamedInRules, NameTaken
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Member, ObjectRule, Team, TeamMember, Workspace
from apps.tenancy.scopes import AccountScope
from apps.tenancy.services.account_members import (
    deactivate_account_member,
    reactivate_account_member,
    remove_account_member,
)
from apps.tenancy.services.limits import lock_limits, refuse_seat

_ALL = frozenset(AccountScope)


@transaction.atomic
def provision_member(
    *,
    account_id: uuid.UUID,
    user_id: uuid.UUID,
    now: datetime,
    source: MemberSource = MemberSource.SCIM,
    role: AccountRole = AccountRole.MEMBER,
) -> tuple[Member, bool]:
    """
    Make the person a member, without any role in workspaces; return also whether they are new.

    Raises: PlanLimit.
    """
    lock_limits(account_id)
    member = Member.objects.for_account(account_id).filter(user_id=user_id).first()
    if member is not None:
        return member, False
    refuse_seat(account_id, now, joining=user_id)
    member = Member.objects.create(
        account_id=account_id,
        user_id=user_id,
        role=role,
        source=source,
        created_at=now,
    )
    return member, True


@transaction.atomic
def deactivate_member(*, account_id: uuid.UUID, member_id: uuid.UUID, now: datetime) -> bool:
    """
    Let the member do nothing in the account any more; return whether they could until now.

    Raises: LastAccountOwner.
    """
    members = Member.objects.for_account(account_id).filter(pk=member_id)
    if not members.filter(deactivated_at=None).exists():
        return False
    deactivate_account_member(account_id=account_id, held=_ALL, member_id=member_id, now=now)
    return True


@transaction.atomic
def reactivate_member(*, account_id: uuid.UUID, member_id: uuid.UUID, now: datetime) -> bool:
    """
    Give the member back what they had; return whether they were deactivated until now.

    Raises: PlanLimit.
    """
    members = Member.objects.for_account(account_id).filter(pk=member_id)
    if members.filter(deactivated_at=None).exists():
        return False
    reactivate_account_member(account_id=account_id, held=_ALL, member_id=member_id, now=now)
    return True


@transaction.atomic
def remove_from_account(*, account_id: uuid.UUID, member_id: uuid.UUID, now: datetime) -> None:
    """
    Take the member and all their roles out of the account.

    Raises: LastAccountOwner.
    """
    remove_account_member(account_id=account_id, held=_ALL, member_id=member_id, now=now)


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
