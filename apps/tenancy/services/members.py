"""Who belongs to a workspace, and in which role."""

from __future__ import annotations

import uuid

from django.db import transaction

from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest
from apps.tenancy.actors import Actor
from apps.tenancy.enums import AccountRole, BuiltInRole
from apps.tenancy.errors import LastOwner
from apps.tenancy.models import (
    Member,
    RoleAssignment,
)
from apps.tenancy.scopes import scopes_of
from apps.tenancy.services.holding import refuse_more_than_held
from apps.tenancy.services.limits import lock_limits, refuse_seat


@transaction.atomic
def add_member(
    *, workspace_id: uuid.UUID, account_id: uuid.UUID, user_id: uuid.UUID, role: str
) -> RoleAssignment:
    """
    Give a person a role in the workspace, and membership of its account when they lack it.

    Raises: PlanLimit.
    """
    lock_limits(account_id)
    member = Member.objects.filter(account_id=account_id, user_id=user_id).first()
    if member is None:
        refuse_seat(account_id, utc_now())
        member = Member.objects.create(
            account_id=account_id, user_id=user_id, role=AccountRole.MEMBER
        )
    assignment, _ = RoleAssignment.objects.update_or_create(
        workspace_id=workspace_id, member=member, defaults={"role": role, "user_id": user_id}
    )
    return assignment


@transaction.atomic
def change_role(*, actor: Actor, assignment: RoleAssignment, role: str) -> RoleAssignment:
    """
    Give the member another role.

    Raises: LastOwner when nobody would own the workspace any more; ScopeNotHeld when the actor
    lacks what the role may do, before or after: a key for members must not make an owner.
    """
    if role == BuiltInRole.AGENT:
        raise InvalidRequest(
            "A person cannot be an agent.", fields={"role": ["For API keys only."]}
        )
    wanted = scopes_of(role) | assignment.scopes
    refuse_more_than_held(actor, wanted, "Nobody manages members who may do more than they.")
    if role != BuiltInRole.OWNER:
        keep_an_owner(assignment)
    RoleAssignment.objects.filter(pk=assignment.pk).update(role=role, custom_role=None)
    assignment.role, assignment.custom_role = role, None
    return assignment


@transaction.atomic
def remove_member(*, actor: Actor, assignment: RoleAssignment) -> None:
    """
    Take the member's role in this workspace away; account membership stays.

    Raises: LastOwner, ScopeNotHeld when the member may do more than the actor.
    """
    held = assignment.scopes
    refuse_more_than_held(actor, held, "Nobody manages members who may do more than they.")
    keep_an_owner(assignment)
    RoleAssignment.objects.filter(pk=assignment.pk).delete()


def keep_an_owner(leaving: RoleAssignment) -> None:
    # Locks all owners' rows: two owners who remove each other at once would leave nobody.
    owners = list(
        RoleAssignment.objects.for_workspace(leaving.workspace_id).owners().select_for_update()
    )
    if [owner.pk for owner in owners] == [leaving.pk]:
        raise LastOwner("A workspace keeps at least one owner. Make somebody else owner first.")
