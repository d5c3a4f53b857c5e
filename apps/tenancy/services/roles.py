"""Roles of an account's own making. Callers are inside `account_scope`."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Final, TypedDict

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from apps.core.errors import NotFound
from apps.core.transactions import joined
from apps.tenancy import audit
from apps.tenancy.actors import Actor
from apps.tenancy.errors import NameTaken, RoleInUse, TooManyRoles
from apps.tenancy.models import CustomRole, Invitation, RoleAssignment
from apps.tenancy.scopes import Scope, known_scopes, sorted_scopes
from apps.tenancy.selectors import scopes_by_workspace
from apps.tenancy.services.holding import refuse_more_than_held
from apps.tenancy.services.limits import lock_limits

MOST_ROLES: Final = 200  # of an account: the matrix shows all of them at once
BEYOND = "Nobody changes a role that others hold beyond what they hold themselves."


class RoleChanges(TypedDict, total=False):
    name: str
    description: str
    based_on: str
    scopes: Collection[Scope]


@joined
def create_role(
    *,
    account_id: uuid.UUID,
    name: str,
    description: str,
    based_on: str,
    scopes: Collection[Scope],
    now: datetime,
) -> CustomRole:
    """
    Add a role. It gives nobody anything yet: who grants it must hold what it says.

    Raises: NameTaken, TooManyRoles.
    """
    lock_limits(account_id)
    if CustomRole.objects.filter(account_id=account_id).count() >= MOST_ROLES:
        raise TooManyRoles(f"An account has at most {MOST_ROLES} roles.", limit=MOST_ROLES)
    role = CustomRole(
        account_id=account_id,
        name=name,
        description=description,
        based_on=based_on,
        scopes=sorted_scopes(scopes),
        created_at=now,
    )
    _save(role)
    _record("role.created", role, after=_told(role))
    return role


@joined
def edit_role(
    *, actor: Actor, account_id: uuid.UUID, role_id: uuid.UUID, changes: RoleChanges
) -> CustomRole:
    """
    Change a role, and at once what everybody may do who has it.

    Raises: NotFound, NameTaken, ScopeNotHeld when its scopes change and, in a workspace where
    somebody has it or newcomers get it, the actor does not hold them all, the old ones and the new.
    """
    role = get_role(account_id=account_id, role_id=role_id, for_update=True)
    before = _told(role)
    scopes = sorted_scopes(changes["scopes"]) if "scopes" in changes else role.scopes
    if known_scopes(scopes) != known_scopes(role.scopes):
        _refuse_beyond(actor, role, known_scopes(scopes) | known_scopes(role.scopes))
    role.name = changes.get("name", role.name)
    role.description = changes.get("description", role.description)
    role.based_on = changes.get("based_on", role.based_on)
    role.scopes = scopes
    _save(role)
    if before != _told(role):
        _record("role.changed", role, before=before, after=_told(role))
    return role


@joined
def delete_role(*, account_id: uuid.UUID, role_id: uuid.UUID) -> None:
    """
    Delete a role that nobody has.

    Raises: NotFound, RoleInUse.
    """
    role = get_role(account_id=account_id, role_id=role_id, for_update=True)
    holders = RoleAssignment.objects.filter(custom_role=role).count()
    offered = Invitation.objects.filter(
        account_id=account_id,
        accepted_at=None,
        revoked_at=None,
        grants__contains=[{"custom_role_id": str(role.id)}],
    ).count()
    if holders or offered:
        raise RoleInUse(
            "Somebody has this role, or is invited to it; give them another one first.",
            holders=holders,
            invitations=offered,
        )
    role.delete()
    _record("role.deleted", role, before=_told(role))


def get_role(*, account_id: uuid.UUID, role_id: uuid.UUID, for_update: bool = False) -> CustomRole:
    """Raises: NotFound."""
    roles = CustomRole.objects.filter(account_id=account_id, pk=role_id)
    found = (roles.select_for_update() if for_update else roles).first()
    if found is None:
        raise NotFound("There is no such role.")
    return found


def _refuse_beyond(actor: Actor, role: CustomRole, wanted: frozenset[Scope]) -> None:
    places = set(
        RoleAssignment.objects.filter(custom_role=role)
        .order_by()
        .values_list("workspace_id", flat=True)
    )
    # Who comes by a provider gets it without anybody to ask then: its promise counts as given.
    promised = import_string(settings.ROLE_PROMISES)
    places |= promised(account_id=role.account_id, role_id=role.id)
    if not places:
        return
    held = scopes_by_workspace(account_id=role.account_id, user_id=actor.id)
    for place in sorted(places):
        refuse_more_than_held(held.get(place, frozenset()), wanted, BEYOND)


def _save(role: CustomRole) -> None:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError:
        raise NameTaken("The account has a role of this name already.") from None


def _told(role: CustomRole) -> dict[str, object]:
    return {
        "name": role.name,
        "description": role.description,
        "based_on": role.based_on,
        "scopes": role.scopes,
    }


def _record(
    action: str,
    role: CustomRole,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="role", id=role.id, name=role.name),
        before=before,
        after=after,
        account_id=role.account_id,
    )
