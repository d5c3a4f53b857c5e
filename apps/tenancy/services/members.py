"""Who may do what in a workspace: roles of members, teams and service accounts there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction

from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest, NotFound
from apps.tenancy import access, audit
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.enums import AccountRole, BuiltInRole
from apps.tenancy.errors import AlreadyMember, LastOwner, MemberInactive
from apps.tenancy.models import (
    CustomRole,
    Member,
    RoleAssignment,
    ServiceAccount,
    Team,
)
from apps.tenancy.scopes import Scope, known_scopes, scopes_of
from apps.tenancy.services.holding import refuse_more_than_held
from apps.tenancy.services.limits import lock_limits, refuse_seat

BEYOND = "Nobody manages members who may do more than they."


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """To whom a role is given: exactly one of the three."""

    member_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    service_account_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChoice:
    """Which role: a built-in one or one of the account's own."""

    role: str | None = None
    custom_role_id: uuid.UUID | None = None


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
        refuse_seat(account_id, utc_now(), joining=user_id)
        member = Member.objects.create(
            account_id=account_id, user_id=user_id, role=AccountRole.MEMBER
        )
    assignment, _ = RoleAssignment.objects.update_or_create(
        workspace_id=workspace_id, member=member, defaults={"role": role, "user_id": user_id}
    )
    return assignment


@transaction.atomic
def grant_role(
    *, actor: Actor, workspace: WorkspaceRef, subject: Subject, choice: RoleChoice
) -> RoleAssignment:
    """
    Give somebody of the account a role in the workspace, who has none there yet.

    Raises: NotFound, MemberInactive, AlreadyMember, ScopeNotHeld, InvalidRequest; ObjectRestricted
    when an owner is made by somebody whom rules shut out, as in `change_role`.
    """
    wanted, custom = _wanted(workspace.account_id, choice)
    if choice.role == BuiltInRole.AGENT and subject.service_account_id is None:
        raise InvalidRequest(
            "A person cannot be an agent.",
            fields={"role": ["For API keys and service accounts only."]},
        )
    refuse_more_than_held(actor, wanted, BEYOND)
    _refuse_past_rules(actor, choice.role)
    columns, name = _columns_of(workspace.account_id, subject)
    standing = RoleAssignment.objects.for_workspace(workspace.id).select_for_update()
    if standing.filter(**{each: columns[each] for each in columns if each != "user_id"}).exists():
        raise AlreadyMember("They have a role in this workspace already: change that.")
    assignment = RoleAssignment.objects.create(
        workspace_id=workspace.id, role=choice.role, custom_role=custom, **columns
    )
    _record(assignment, "role.granted", name=name, after={"role": _name_of(choice.role, custom)})
    return assignment


@transaction.atomic
def change_role(
    *,
    actor: Actor,
    assignment: RoleAssignment,
    role: str | None = None,
    custom_role_id: uuid.UUID | None = None,
) -> RoleAssignment:
    """
    Put another role in the place of this one.

    Raises: LastOwner when nobody would own the workspace any more; ScopeNotHeld when the actor
    lacks what the role may do, before or after: a key for members must not make an owner.
    """
    if role == BuiltInRole.AGENT and assignment.service_account_id is None:
        raise InvalidRequest(
            "A person cannot be an agent.", fields={"role": ["For API keys only."]}
        )
    account_id = assignment.workspace.account_id
    wanted, custom = _wanted(account_id, RoleChoice(role=role, custom_role_id=custom_role_id))
    refuse_more_than_held(actor, wanted | assignment.scopes, BEYOND)
    _refuse_past_rules(actor, role)
    if role != BuiltInRole.OWNER:
        keep_an_owner(assignment)
    before = _name_of(assignment.role, assignment.custom_role)
    RoleAssignment.objects.filter(pk=assignment.pk).update(role=role, custom_role=custom)
    assignment.role, assignment.custom_role = role, custom
    _record(
        assignment,
        "role.changed",
        before={"role": before},
        after={"role": _name_of(role, custom)},
    )
    return assignment


@transaction.atomic
def remove_member(*, actor: Actor, assignment: RoleAssignment) -> None:
    """
    Take the role in this workspace away; account, team or service account stay as they are.

    Raises: LastOwner, ScopeNotHeld when the member may do more than the actor.
    """
    refuse_more_than_held(actor, assignment.scopes, BEYOND)
    keep_an_owner(assignment)
    RoleAssignment.objects.filter(pk=assignment.pk).delete()
    _record(
        assignment,
        "role.revoked",
        before={"role": _name_of(assignment.role, assignment.custom_role)},
    )


def keep_an_owner(leaving: RoleAssignment) -> None:
    # Locks all owners' rows: two owners who remove each other at once would leave nobody.
    if leaving.member_id is None:
        return
    owners = list(
        RoleAssignment.objects.for_workspace(leaving.workspace_id)
        .owners()
        .filter(member__isnull=False)
        .select_for_update(of=("self",))
        .order_by("id")
    )
    if [owner.pk for owner in owners] == [leaving.pk]:
        raise LastOwner("A workspace keeps at least one owner. Make somebody else owner first.")


def _refuse_past_rules(actor: Actor, role: str | None) -> None:
    # A role with every scope is not yet an owner's: rules narrow it, and owners they do not.
    if role == BuiltInRole.OWNER:
        access.refuse_opening(actor.shut)


def _wanted(
    account_id: uuid.UUID, choice: RoleChoice
) -> tuple[frozenset[Scope], CustomRole | None]:
    if choice.custom_role_id is None:
        return scopes_of(str(choice.role)), None
    custom = CustomRole.objects.filter(account_id=account_id, pk=choice.custom_role_id).first()
    if custom is None:
        raise NotFound("There is no such role.")
    return known_scopes(custom.scopes), custom


def _columns_of(account_id: uuid.UUID, subject: Subject) -> tuple[dict[str, uuid.UUID], str]:
    """Return the columns that name the subject, and its name."""
    if subject.member_id is not None:
        member = (
            Member.objects.for_account(account_id)
            .select_related("user")
            .filter(pk=subject.member_id)
            .first()
        )
        if member is None:
            raise NotFound("There is no such member.")
        if member.deactivated_at is not None:
            raise MemberInactive("This member is deactivated; reactivate them first.")
        return {"member_id": member.id, "user_id": member.user_id}, member.user.display_name
    if subject.team_id is not None:
        team = Team.objects.filter(account_id=account_id, pk=subject.team_id).first()
        if team is None:
            raise NotFound("There is no such team.")
        return {"team_id": team.id}, team.name
    assert subject.service_account_id is not None, "one of the three is named"
    service = ServiceAccount.objects.filter(
        account_id=account_id, pk=subject.service_account_id
    ).first()
    if service is None:
        raise NotFound("There is no such service account.")
    return {"service_account_id": service.id}, service.name


def _name_of(role: str | None, custom: CustomRole | None) -> str:
    return custom.name if custom is not None else str(role)


def _record(
    assignment: RoleAssignment,
    action: str,
    *,
    name: str = "",
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    if assignment.member_id is not None:
        kind, subject = "member", assignment.member_id
        name = name or (assignment.user.display_name if assignment.user else "")
    elif assignment.team_id is not None:
        kind, subject = "team", assignment.team_id
        name = name or (assignment.team.name if assignment.team else "")
    else:
        assert assignment.service_account_id is not None, "a role is somebody's"
        kind, subject = "service_account", assignment.service_account_id
        name = name or (assignment.service_account.name if assignment.service_account else "")
    audit.record(
        action=action,
        target=audit.Object(kind=kind, id=subject, name=name, person_id=assignment.user_id),
        before=before,
        after=after,
        workspace_id=assignment.workspace_id,
    )
