"""People, workspaces and keys, made through the services that make them in production."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.core.clock import utc_now
from apps.identity.models import User
from apps.tenancy import selectors, services
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.keys import SHOWN_LENGTH, hash_secret, new_secret
from apps.tenancy.models import (
    ApiKey,
    CustomRole,
    Member,
    RoleAssignment,
    ServiceAccount,
    Team,
    TeamMember,
)
from apps.tenancy.scopes import Scope, sorted_scopes

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


def join_account(email: str, workspace: WorkspaceRef, role: str = "MEMBER") -> Person:
    """Somebody in the workspace's account, without a role in the workspace."""
    user = make_user(email)
    Member.objects.create(account_id=workspace.account_id, user=user, role=role)
    return Person(user=user, workspace=workspace)


def make_team(
    workspace: WorkspaceRef,
    name: str,
    *people: Person,
    role: str | None = None,
    custom_role: CustomRole | None = None,
) -> Team:
    """A team of the workspace's account; with a role, that role in the workspace."""
    with account_scope(workspace.account_id):
        team = Team.objects.create(account_id=workspace.account_id, name=name)
        for person in people:
            member = Member.objects.get(account_id=workspace.account_id, user=person.user)
            TeamMember.objects.create(
                account_id=workspace.account_id, team=team, member=member, user=person.user
            )
        if role or custom_role:
            RoleAssignment.objects.create(
                workspace_id=workspace.id, team=team, role=role, custom_role=custom_role
            )
    return team


def make_custom_role(
    workspace: WorkspaceRef, name: str, scopes: Iterable[str], based_on: str = "VIEWER"
) -> CustomRole:
    """A role of the workspace's account's own."""
    with account_scope(workspace.account_id):
        return CustomRole.objects.create(
            account_id=workspace.account_id, name=name, based_on=based_on, scopes=[*scopes]
        )


def make_service_key(
    owner: Person,
    *,
    role: str,
    scopes: Iterable[Scope],
    maker: Person | None = None,
    name: str = "robot",
) -> tuple[ServiceAccount, str]:
    """A service account with a role in the owner's workspace, and the secret of a key of it."""
    workspace, secret = owner.workspace, new_secret()
    with account_scope(workspace.account_id):
        service = ServiceAccount.objects.create(account_id=workspace.account_id, name=name)
        RoleAssignment.objects.create(workspace_id=workspace.id, service_account=service, role=role)
        ApiKey.objects.create(
            workspace_id=workspace.id,
            name=f"key of {name}",
            prefix=secret[:SHOWN_LENGTH],
            secret_hash=hash_secret(secret),
            scopes=sorted_scopes(scopes),
            created_by=(maker or owner).user,
            service_account=service,
        )
    return service, secret


def actor_of(person: Person) -> Actor:
    actor, _ = selectors.person_in_workspace(
        user_id=person.user.id, workspace=person.workspace.slug
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
