"""Who asks: from a key or a person to an actor in a workspace."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import OuterRef, Subquery

from apps.core.errors import NotFound
from apps.tenancy.actors import AccountRef, Actor, RunRef, WorkspaceRef
from apps.tenancy.enums import AccountRole, ActorKind
from apps.tenancy.isolation import key_scope, user_scope, workspace_scope
from apps.tenancy.models import (
    ApiKey,
    Member,
    RoleAssignment,
    RunKey,
    Workspace,
)
from apps.tenancy.scopes import Scope, held_by_key, known_scopes
from apps.tenancy.selectors.accounts import account_ref
from apps.tenancy.selectors.holders import held_by_service_account
from apps.tenancy.selectors.workspaces import WITH, get_workspace, to_ref
from apps.tenancy.slugs import as_uuid


def list_assignments_of_user(*, user_id: uuid.UUID) -> list[RoleAssignment]:
    """Return the person's roles over all workspaces, by workspace name."""
    with user_scope(user_id):
        return list(
            RoleAssignment.objects.present()
            .filter(user_id=user_id)
            .select_related("workspace__account", "custom_role")
            .order_by("workspace__name", "workspace_id")
        )


def find_assignment(*, user_id: uuid.UUID, workspace: str) -> RoleAssignment | None:
    """Return the person's role in the workspace named by slug or id, or None for outsiders."""
    workspace_id = as_uuid(workspace)
    named = {"workspace_id": workspace_id} if workspace_id else {"workspace__slug": workspace}
    with user_scope(user_id):
        return (
            RoleAssignment.objects.present()
            .filter(user_id=user_id, **named)
            .select_related("workspace__account", "custom_role")
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
    workspace, held = _workspace_and_scopes(key)
    return Actor(
        kind=ActorKind.API_KEY,
        id=key.id,
        name=key.name,
        email=None,
        user_id=None if key.service_account_id else key.created_by_id,
        role=key.role,
        scopes=held,
        workspace=workspace,
        pool=key.pool,
        service_account_id=key.service_account_id,
    )


def _workspace_and_scopes(key: ApiKey) -> tuple[WorkspaceRef, frozenset[Scope]]:
    """Return the key's workspace, and what its holder may do there; of a person with one query."""
    if key.service_account_id is not None:
        with workspace_scope(key.workspace_id):
            held = held_by_service_account(
                workspace_id=key.workspace_id, service_account_id=key.service_account_id
            )
            workspace = get_workspace(workspace_id=key.workspace_id)
            return workspace, known_scopes(key.scopes) & held
    role = RoleAssignment.objects.present().filter(workspace=OuterRef("pk"), user=key.created_by_id)
    with workspace_scope(key.workspace_id):
        found = (
            Workspace.objects.select_related(*WITH)
            .annotate(maker_role=Subquery(role.values("role")[:1]))
            .get(pk=key.workspace_id)
        )
        return to_ref(found), held_by_key(key.scopes, found.maker_role)


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
        scopes=assignment.scopes,
    )
    return actor, assignment.workspace_id


def get_membership(*, user_id: uuid.UUID, account_id: uuid.UUID) -> tuple[AccountRef, AccountRole]:
    """
    Return the account and the person's role in it.

    Raises: NotFound for outsiders, so that nobody learns which accounts exist.
    """
    member = (
        Member.objects.active()
        .filter(user_id=user_id, account_id=account_id)
        .select_related("account")
        .first()
    )
    if member is None:
        raise NotFound("There is no such account.")
    return account_ref(member.account), AccountRole(member.role)
