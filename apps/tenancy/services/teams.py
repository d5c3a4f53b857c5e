"""Teams that people make. Callers are inside `account_scope`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from django.db import IntegrityError, transaction

from apps.core.errors import NotFound
from apps.core.transactions import joined
from apps.tenancy import access, audit
from apps.tenancy.actors import Actor
from apps.tenancy.errors import AlreadyMember, MemberInactive, NameTaken, TeamIsProvided
from apps.tenancy.models import Member, Team, TeamMember
from apps.tenancy.selectors import (
    get_team,
    opened_by_teams,
    scopes_by_workspace,
    scopes_of_teams,
)
from apps.tenancy.services.holding import refuse_more_than_held

if TYPE_CHECKING:
    from apps.identity.models import User

BEYOND = "Nobody puts people into a team that may do more than they."


class TeamChanges(TypedDict, total=False):
    name: str
    description: str


@joined
def create_team(*, account_id: uuid.UUID, name: str, description: str, now: datetime) -> Team:
    """Raises: NameTaken."""
    team = Team(account_id=account_id, name=name, description=description, created_at=now)
    _save(team)
    _record("team.created", team, after={"name": name, "description": description})
    return team


@joined
def edit_team(*, account_id: uuid.UUID, team_id: uuid.UUID, changes: TeamChanges) -> Team:
    """Raises: NotFound, NameTaken, TeamIsProvided for the name of one that a provider keeps."""
    team = get_team(account_id=account_id, team_id=team_id)
    if "name" in changes and changes["name"] != team.name:
        refuse_provided(team)
    before = {name: getattr(team, name) for name in changes}
    team.name = changes.get("name", team.name)
    team.description = changes.get("description", team.description)
    _save(team)
    if before != changes:
        _record("team.changed", team, before=before, after={**changes})
    return team


@joined
def dissolve_team(*, account_id: uuid.UUID, team_id: uuid.UUID) -> None:
    """
    Delete the team with its roles; what rules named it for is left to the owners.

    Raises: NotFound, TeamIsProvided.
    """
    team = get_team(account_id=account_id, team_id=team_id)
    refuse_provided(team)
    _record("team.deleted", team, before={"name": team.name})
    team.delete()


@joined
def join_team(
    *, actor: Actor, account_id: uuid.UUID, team_id: uuid.UUID, member_id: uuid.UUID, now: datetime
) -> TeamMember:
    """
    Put a member of the account into the team.

    Raises: NotFound, MemberInactive, AlreadyMember, TeamIsProvided, ScopeNotHeld when the team may
    do more in some workspace than the actor, ObjectRestricted when rules leave to it what they
    close to the actor.
    """
    team = get_team(account_id=account_id, team_id=team_id)
    refuse_provided(team)
    member = (
        Member.objects.for_account(account_id).select_related("user").filter(pk=member_id).first()
    )
    if member is None:
        raise NotFound("There is no such member.")
    if member.deactivated_at is not None:
        raise MemberInactive("This member is deactivated; reactivate them first.")
    held = scopes_by_workspace(account_id=account_id, user_id=actor.id)
    given = scopes_of_teams(account_id=account_id, team_ids=[team_id])
    for workspace_id, scopes in sorted(given.items()):
        refuse_more_than_held(held.get(workspace_id, frozenset()), scopes, BEYOND)
    access.refuse_opening(
        opened_by_teams(account_id=account_id, team_ids=[team_id], user_id=actor.id)
    )
    try:
        with transaction.atomic():
            joined_as = TeamMember.objects.create(
                account_id=account_id,
                team=team,
                member=member,
                user_id=member.user_id,
                created_at=now,
            )
    except IntegrityError:
        raise AlreadyMember("They are in the team already.") from None
    _record("team.member_added", team, after={"member": _named(member.user)})
    return joined_as


@joined
def leave_team(*, account_id: uuid.UUID, team_id: uuid.UUID, member_id: uuid.UUID) -> None:
    """
    Take a member out of the team, and with it what they held through it.

    Raises: NotFound, TeamIsProvided.
    """
    team = get_team(account_id=account_id, team_id=team_id)
    refuse_provided(team)
    found = (
        TeamMember.objects.filter(account_id=account_id, team=team, member_id=member_id)
        .select_related("user")
        .first()
    )
    if found is None:
        raise NotFound("They are not in the team.")
    found.delete()
    _record("team.member_removed", team, before={"member": _named(found.user)})


def _named(user: User) -> dict[str, str]:
    return audit.person(user.pk, user.display_name)


def refuse_provided(team: Team) -> None:
    """Raises: TeamIsProvided for a team, read by `selectors.teams`, that a provider keeps."""
    if team.is_provided:  # type: ignore[attr-defined] # annotated by get_team
        raise TeamIsProvided("The account's identity provider keeps this team; change it there.")


def _save(team: Team) -> None:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError:
        raise NameTaken("The account has a team of this name already.") from None


def _record(
    action: str,
    team: Team,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="team", id=team.id, name=team.name),
        before=before,
        after=after,
        account_id=team.account_id,
    )
