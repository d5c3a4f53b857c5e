"""What an account gives to people whom its provider brings, and what it asks of all."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction

from apps.core.errors import InvalidRequest, NotFound
from apps.tenancy import access, selectors
from apps.tenancy.actors import Actor
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Account, CustomRole, RoleAssignment, Workspace
from apps.tenancy.scopes import known_scopes, scopes_of
from apps.tenancy.services.holding import refuse_more_than_held
from apps.tenancy.services.teams import refuse_provided

BEYOND = "Nobody lets a provider put people into a team that may do more than they."
NO_AGENTS = "A person cannot be an agent."


@transaction.atomic
def set_sso_required(*, account_id: uuid.UUID, required: bool) -> bool:
    """Write it down; return whether it is new. Whether it may be is asked by sso."""
    accounts = Account.objects.filter(pk=account_id).exclude(sso_required=required)
    return bool(accounts.update(sso_required=required))


def refuse_grants(
    *, actor: Actor, account_id: uuid.UUID, grants: Sequence[Mapping[str, str]]
) -> None:
    """
    Let nobody promise newcomers what they do not hold themselves; inside `account_scope`.

    Raises: InvalidRequest, ScopeNotHeld.
    """
    for index, grant in enumerate(grants):
        field = f"default_grants.{index}"
        workspace = Workspace.objects.filter(
            pk=grant["workspace_id"], account_id=account_id
        ).first()
        if workspace is None:
            raise _invalid(field, "There is no such workspace in the account.")
        if grant.get("role") == BuiltInRole.AGENT:
            raise _invalid(field, NO_AGENTS)
        role = None
        if grant.get("custom_role_id"):
            role = CustomRole.objects.filter(
                pk=grant["custom_role_id"], account_id=account_id
            ).first()
            if role is None:
                raise _invalid(field, "There is no such role in the account.")
        wanted = known_scopes(role.scopes) if role else scopes_of(grant["role"])
        try:
            held, _ = selectors.person_in_workspace(user_id=actor.id, workspace=str(workspace.pk))
        except NotFound:
            raise _invalid(field, "You have no role in this workspace to give from.") from None
        refuse_more_than_held(held, wanted, "Nobody gives others what they do not hold.")
        if role is None and grant["role"] == BuiltInRole.OWNER:
            access.refuse_opening(held.shut)


def refuse_teams(*, actor: Actor, account_id: uuid.UUID, names: Collection[str]) -> None:
    """
    Let nobody have a provider put people into teams that may do more than they.

    Inside `account_scope`. Raises: ScopeNotHeld, ObjectRestricted, TeamIsProvided for a team that
    its directory fills.
    """
    wanted = {name.lower() for name in names}
    if not wanted:
        return
    every = selectors.list_teams(account_id=account_id)
    teams = [team for team in every if team.name.lower() in wanted]
    for team in teams:
        refuse_provided(team)
    team_ids = [team.pk for team in teams]
    if not team_ids:
        return
    held = selectors.scopes_by_workspace(account_id=account_id, user_id=actor.id)
    given = selectors.scopes_of_teams(account_id=account_id, team_ids=team_ids)
    for workspace_id, scopes in sorted(given.items()):
        refuse_more_than_held(held.get(workspace_id, frozenset()), scopes, BEYOND)
    access.refuse_opening(
        selectors.opened_by_teams(account_id=account_id, team_ids=team_ids, user_id=actor.id)
    )


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"Some fields are not valid: {field}.", fields={field: [message]})


@transaction.atomic
def give_first_roles(
    *,
    account_id: uuid.UUID,
    member_id: uuid.UUID,
    user_id: uuid.UUID,
    grants: Sequence[Mapping[str, str]],
) -> int:
    """
    Give a new member their roles in workspaces; return how many.

    What went away since the grants were set up is passed over; a role they have already stays.
    """
    given = 0
    present = Workspace.objects.filter(account_id=account_id, archived_at=None)
    for grant in grants:
        workspace = present.filter(pk=grant["workspace_id"]).first()
        role = grant.get("role") or None
        custom = None
        if custom_id := grant.get("custom_role_id"):
            custom = CustomRole.objects.filter(pk=custom_id, account_id=account_id).first()
        if workspace is None or (role is None and custom is None):
            continue
        with workspace_scope(workspace.pk):
            _, made = RoleAssignment.objects.get_or_create(
                workspace=workspace,
                member_id=member_id,
                defaults={
                    "user_id": user_id,
                    "role": None if custom else role,
                    "custom_role": custom,
                },
            )
        given += made
    return given
