"""Reads for the HTTP layer and for other apps."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from apps.core.errors import NotFound
from apps.identity import selectors as identity
from apps.tenancy.actors import AccountRef, Actor, Hold, Limits, RunRef, WorkspaceRef
from apps.tenancy.enums import AccountRole, ActorKind
from apps.tenancy.isolation import key_scope, user_scope, workspace_scope
from apps.tenancy.models import (
    Account,
    AccountLimits,
    ApiKey,
    Member,
    RoleAssignment,
    RunKey,
    Workspace,
    WorkspaceLimits,
)
from apps.tenancy.scopes import Scope, held_by_key, scopes_of
from apps.tenancy.slugs import as_uuid

_WITH = ("account", "limits")


def _limits(row: WorkspaceLimits) -> Limits:
    return Limits(
        max_concurrent_runs=row.max_concurrent_runs,
        events_per_minute=row.events_per_minute,
        task_runs_per_month=row.task_runs_per_month,
        retention_days=row.retention_days,
        suspended_reason=row.suspended_reason,
        hold=Hold.from_json(row.hold) if row.hold else None,
        managed_minutes_per_month=row.managed_minutes_per_month,
        managed_hold=Hold.from_json(row.managed_hold) if row.managed_hold else None,
    )


def to_ref(workspace: Workspace) -> WorkspaceRef:
    """Freeze a workspace that was read with its account and, inside its scope, its limits."""
    return WorkspaceRef(
        id=workspace.id,
        slug=workspace.slug,
        name=workspace.name,
        created_at=workspace.created_at,
        account_id=workspace.account_id,
        account_name=workspace.account.name,
        limits=_limits(workspace.limits),
    )


def get_workspace(*, workspace_id: uuid.UUID) -> WorkspaceRef:
    """Return the workspace; the caller is inside its scope, or a loop."""
    try:
        return to_ref(Workspace.objects.select_related(*_WITH).get(pk=workspace_id))
    except Workspace.DoesNotExist:
        raise NotFound("There is no such workspace.") from None


def get_limits(*, workspace_id: uuid.UUID) -> Limits:
    """Return the limits that the plan sets for this workspace."""
    return _limits(WorkspaceLimits.objects.get(workspace_id=workspace_id))


def list_limits(*, workspace_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Limits]:
    """Return the limits of several workspaces; for loops, which see all of them."""
    rows = WorkspaceLimits.objects.filter(workspace_id__in=workspace_ids)
    return {row.workspace_id: _limits(row) for row in rows}


def list_retention_days() -> dict[uuid.UUID, int]:
    """Return each workspace's retention in days; for the janitor."""
    return dict(WorkspaceLimits.objects.values_list("workspace_id", "retention_days"))


def list_assignments_of_user(*, user_id: uuid.UUID) -> list[RoleAssignment]:
    """Return the person's roles over all workspaces, by workspace name."""
    with user_scope(user_id):
        return list(
            RoleAssignment.objects.filter(user_id=user_id)
            .select_related("workspace__account")
            .order_by("workspace__name", "workspace_id")
        )


def find_assignment(*, user_id: uuid.UUID, workspace: str) -> RoleAssignment | None:
    """Return the person's role in the workspace named by slug or id, or None for outsiders."""
    workspace_id = as_uuid(workspace)
    named = {"workspace_id": workspace_id} if workspace_id else {"workspace__slug": workspace}
    with user_scope(user_id):
        return (
            RoleAssignment.objects.filter(user_id=user_id, **named)
            .select_related("workspace__account")
            .first()
        )


def find_actor_by_key_hash(*, secret_hash: str, now: datetime) -> Actor | None:
    """Return the actor behind a key, of people or of a run, neither revoked nor expired."""
    with key_scope(secret_hash):
        key = (
            ApiKey.objects.usable(now)
            .filter(secret_hash=secret_hash)
            .select_related("workspace__account")
            .first()
        )
    if key is None:
        return _find_run_actor(secret_hash, now)
    workspace, maker_role = _workspace_and_role(key)
    return Actor(
        kind=ActorKind.API_KEY,
        id=key.id,
        name=key.name,
        email=None,
        user_id=key.created_by_id,
        role=key.role,
        scopes=held_by_key(key.scopes, maker_role),
        workspace=workspace,
        pool=key.pool,
    )


def _workspace_and_role(key: ApiKey) -> tuple[WorkspaceRef, str | None]:
    """Return the key's workspace and its maker's role there, both with one query."""
    role = RoleAssignment.objects.present().filter(workspace=OuterRef("pk"), user=key.created_by_id)
    with workspace_scope(key.workspace_id):
        found = (
            Workspace.objects.select_related(*_WITH)
            .annotate(maker_role=Subquery(role.values("role")[:1]))
            .get(pk=key.workspace_id)
        )
        return to_ref(found), found.maker_role


def _find_run_actor(secret_hash: str, now: datetime) -> Actor | None:
    with key_scope(secret_hash):
        key = RunKey.objects.usable(now).filter(secret_hash=secret_hash).first()
    if key is None:
        return None
    return Actor(
        kind=ActorKind.RUN,
        id=key.run_id,
        name="its run",
        email=None,
        user_id=None,
        scopes=frozenset({Scope.RUNS_REPORT}),
        workspace=_run_workspace(key),
        run=RunRef(run_id=key.run_id, epoch=key.epoch),
    )


def _run_workspace(key: RunKey) -> WorkspaceRef:
    with workspace_scope(key.workspace_id):
        return get_workspace(workspace_id=key.workspace_id)


def person_in_workspace(
    *, user_id: uuid.UUID, name: str, email: str, workspace: str
) -> tuple[Actor, uuid.UUID]:
    """
    Return the person as an actor of the workspace, and the workspace's id.

    Raises: NotFound for outsiders, so that nobody learns which workspaces exist.
    """
    assignment = find_assignment(user_id=user_id, workspace=workspace)
    if assignment is None:
        raise NotFound("There is no such workspace.")
    actor = Actor(
        kind=ActorKind.USER,
        id=user_id,
        name=name,
        email=email,
        user_id=user_id,
        role=assignment.role,
        scopes=scopes_of(assignment.role),
    )
    return actor, assignment.workspace_id


def list_members(*, workspace_id: uuid.UUID) -> QuerySet[RoleAssignment]:
    """Return the workspace's role assignments with their people, oldest first."""
    return RoleAssignment.objects.for_workspace(workspace_id).select_related("user")


def list_confirmed_addresses(*, workspace_id: uuid.UUID) -> set[str]:
    """Return the confirmed e-mail addresses of everybody in the workspace's account."""
    members = Member.objects.filter(account__workspaces=workspace_id)
    return identity.list_confirmed_addresses(
        user_ids=list(members.values_list("user_id", flat=True))
    )


def get_member(*, workspace_id: uuid.UUID, assignment_id: uuid.UUID) -> RoleAssignment:
    """Raises: NotFound."""
    try:
        return list_members(workspace_id=workspace_id).get(pk=assignment_id)
    except RoleAssignment.DoesNotExist:
        raise NotFound("There is no such member.") from None


def list_api_keys(*, workspace_id: uuid.UUID) -> QuerySet[ApiKey]:
    """Return the workspace's keys, revoked ones included, and what each may do today."""
    keys = ApiKey.objects.for_workspace(workspace_id).with_maker_role()
    return keys.select_related("created_by")


def get_api_key(*, workspace_id: uuid.UUID, key_id: uuid.UUID) -> ApiKey:
    """Raises: NotFound."""
    try:
        return list_api_keys(workspace_id=workspace_id).get(pk=key_id)
    except ApiKey.DoesNotExist:
        raise NotFound("There is no such API key.") from None


def get_membership(*, user_id: uuid.UUID, account_id: uuid.UUID) -> tuple[AccountRef, AccountRole]:
    """
    Return the account and the person's role in it.

    Raises: NotFound for outsiders, so that nobody learns which accounts exist.
    """
    member = (
        Member.objects.filter(user_id=user_id, account_id=account_id)
        .select_related("account")
        .first()
    )
    if member is None:
        raise NotFound("There is no such account.")
    account = AccountRef(id=account_id, name=member.account.name)
    return account, AccountRole(member.role)


def account_ids_of(*, workspace_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return which account each of these workspaces belongs to."""
    found = Workspace.objects.filter(id__in=workspace_ids)
    return dict(found.values_list("id", "account_id"))


def find_account(*, account_id: uuid.UUID) -> AccountRef | None:
    """Return the account, or None when it is gone."""
    name = Account.objects.filter(pk=account_id).values_list("name", flat=True).first()
    return None if name is None else AccountRef(id=account_id, name=name)


def find_account_holds(*, account_id: uuid.UUID) -> tuple[Hold | None, Hold | None]:
    """
    Return why the account may start no new runs, and why none in managed pools.

    None where it may.
    """
    limits = AccountLimits.objects.filter(account_id=account_id).first()
    if limits is None:
        return None, None
    return (
        Hold.from_json(limits.hold) if limits.hold else None,
        Hold.from_json(limits.managed_hold) if limits.managed_hold else None,
    )


def list_account_ids(*, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Return up to `limit` ids of accounts beyond `after`, in their order; for loops."""
    accounts = Account.objects.order_by("id").values_list("id", flat=True)
    return list((accounts.filter(id__gt=after) if after else accounts)[:limit])


def account_size(*, account_id: uuid.UUID) -> tuple[int, int]:
    """Return how many users and how many workspaces the account has."""
    return (
        Member.objects.filter(account_id=account_id).count(),
        Workspace.objects.filter(account_id=account_id).count(),
    )


def list_owner_addresses(*, account_id: uuid.UUID) -> set[str]:
    """Return the confirmed e-mail addresses of the account's owners."""
    owners = Member.objects.filter(account_id=account_id, role=AccountRole.OWNER)
    return identity.list_confirmed_addresses(
        user_ids=list(owners.values_list("user_id", flat=True))
    )


def list_account_workspaces(*, account_id: uuid.UUID) -> list[Workspace]:
    """Return the account's workspaces by name."""
    return list(Workspace.objects.filter(account_id=account_id).order_by("name", "id"))


def find_owned_account_id(*, user_id: uuid.UUID, account_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return the account in which the person may make workspaces: the given one, or the oldest."""
    memberships = Member.objects.filter(user_id=user_id, role__in=["OWNER", "ADMIN"])
    if account_id is not None:
        memberships = memberships.filter(account_id=account_id)
    return memberships.order_by("created_at", "id").values_list("account_id", flat=True).first()
