"""People, workspaces and keys, made through the services that make them in production."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.clock import utc_now
from apps.identity.models import User
from apps.tenancy import selectors, services
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import RoleAssignment
from apps.tenancy.scopes import Scope

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, and the workspace they are in."""

    user: User
    workspace: WorkspaceRef


def make_user(email: str) -> User:
    return User.objects.create_user(email, PASSWORD, name=email.partition("@")[0].title())


def sign_up(email: str) -> Person:
    """Somebody with an account and workspace of their own."""
    user = make_user(email)
    workspace = services.create_account_for_new_user(
        user_id=user.id, display_name=user.display_name, now=utc_now()
    )
    return Person(user=user, workspace=workspace)


def join(email: str, workspace: WorkspaceRef, role: str) -> Person:
    """Somebody with a role in an existing workspace, and none of their own."""
    user = make_user(email)
    with workspace_scope(workspace.id):
        services.add_member(
            workspace_id=workspace.id,
            account_id=workspace.account_id,
            user_id=user.id,
            role=role,
        )
    return Person(user=user, workspace=workspace)


def actor_of(person: Person) -> Actor:
    actor, _ = selectors.person_in_workspace(
        user_id=person.user.id,
        name=person.user.display_name,
        email=person.user.email,
        workspace=person.workspace.slug,
    )
    return actor


def make_key(
    maker: Person,
    *,
    role: str | None = None,
    scopes: list[Scope] | None = None,
    pool: str = "",
) -> str:
    """Return the secret of a new key of the maker's workspace."""
    with workspace_scope(maker.workspace.id):
        _, secret = services.create_api_key(
            actor=actor_of(maker),
            workspace_id=maker.workspace.id,
            name="test key",
            role=role,
            scopes=scopes or [],
            expires_at=None,
            pool=pool,
        )
    return secret


def assign_service_account(workspace: WorkspaceRef, service_account_id: str, role: str) -> None:
    """Give a service account a role in the workspace."""
    with workspace_scope(workspace.id):
        RoleAssignment.objects.create(
            workspace_id=workspace.id, service_account_id=service_account_id, role=role
        )
