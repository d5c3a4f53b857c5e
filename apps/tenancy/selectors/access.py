"""Who asks, and what may they do there: everything that a decision needs, with one statement."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q

from apps.core.clock import utc_now
from apps.core.errors import NotFound
from apps.tenancy import access
from apps.tenancy.access import Door, Grant, Held, Kind, Rule, Target
from apps.tenancy.actors import AccountRef, Actor, Entrance, Hold, Limits, RunRef, WorkspaceRef
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import user_scope
from apps.tenancy.models import (
    Account,
    Member,
    RoleAssignment,
    TeamMember,
    Workspace,
)
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES, Scope, known_scopes
from apps.tenancy.selectors.accounts import account_ref
from apps.tenancy.selectors.workspaces import WITH, to_ref
from apps.tenancy.slugs import as_uuid

_RESOLVE = "SELECT tenancy_resolve(%s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person who is there, as the database knows them."""

    id: uuid.UUID
    email: str
    name: str
    password: str  # its hash, with which sessions are checked

    def as_actor(self) -> Actor:
        """Return them without any role: roles belong to a place."""
        return Actor(
            kind=ActorKind.USER,
            id=self.id,
            name=self.name or self.email.partition("@")[0],
            email=self.email,
            user_id=self.id,
        )


def resolve_person(*, user_id: uuid.UUID, workspace: str) -> tuple[Known | None, Entrance | None]:
    """
    Return the person, and how they stand at the workspace of this slug or id.

    None for the person when nobody is there any more, and None for where they have no place.
    """
    workspace_id = as_uuid(workspace)
    slug = None if workspace_id else workspace
    answer = _resolve(user_id=user_id, workspace_id=workspace_id, slug=slug, now=utc_now())
    person = answer and answer["person"]
    if not person:
        return None, None
    known = Known(
        id=user_id, email=person["email"], name=person["name"], password=person["password"]
    )
    found = answer["found"]
    if not found or not found["member"]:
        return known, None
    held = _held(found)
    if held is access.NOTHING:
        return known, None
    actor = known.as_actor()
    return known, _entrance(found, _placed(actor, found, held, scopes=held.scopes))


def find_key_entrance(*, secret_hash: str, now: datetime) -> Entrance | None:
    """Return what a key opens, of a person, a service account or a run; None for no usable key."""
    answer = _resolve(key_hash=secret_hash, now=now)
    if not answer or not answer["found"]:
        return None
    key, found = answer["key"], answer["found"]
    workspace = _workspace(found)
    if "run_id" in key:
        run = RunRef(run_id=uuid.UUID(key["run_id"]), epoch=key["epoch"])
        actor = Actor(
            kind=ActorKind.RUN,
            id=run.run_id,
            name="its run",
            email=None,
            user_id=None,
            scopes=frozenset({Scope.RUNS_REPORT}),
            workspace=workspace,
            run=run,
        )
        return _entrance(found, actor)
    held = _held(found)
    actor = Actor(
        kind=ActorKind.API_KEY,
        id=uuid.UUID(key["id"]),
        name=key["name"],
        email=None,
        user_id=None if key["of_service"] else _uuid(key["user_id"]),
        workspace=workspace,
        pool=key["pool"],
    )
    # Never more than whose key it is holds today: nothing once they have left.
    scopes = known_scopes(key["scopes"]) & held.scopes
    return _entrance(found, _placed(actor, found, held, scopes=scopes, role=key["role"]))


def resolve_doer(
    *,
    workspace_id: uuid.UUID,
    user_id: uuid.UUID | None,
    service_account_id: uuid.UUID | None,
    now: datetime,
) -> Actor | None:
    """
    Return for whom something is done that they asked for earlier, as they are today.

    None when they may do nothing in the workspace any more.
    """
    if service_account_id is None:
        if user_id is None:
            return None
        _, entrance = resolve_person(user_id=user_id, workspace=str(workspace_id))
        return entrance.actor if entrance else None
    answer = _resolve(service_account_id=service_account_id, workspace_id=workspace_id, now=now)
    found = answer["found"]
    if not found or not found["service"]:
        return None
    held = _held(found)
    actor = Actor(
        kind=ActorKind.SYSTEM,
        id=service_account_id,
        name="service account",
        email=None,
        user_id=None,
    )
    return _placed(actor, found, held, scopes=held.scopes)


def _resolve(
    *,
    user_id: uuid.UUID | None = None,
    service_account_id: uuid.UUID | None = None,
    workspace_id: uuid.UUID | None = None,
    slug: str | None = None,
    key_hash: str | None = None,
    now: datetime,
) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(_RESOLVE, [user_id, service_account_id, workspace_id, slug, key_hash, now])
        (answer,) = cursor.fetchone()
    return answer and orjson.loads(answer)


def _held(found: dict[str, Any]) -> Held:
    grants = [
        Grant(
            role=each["role"],
            name=each["name"] or "",
            custom_scopes=each["scopes"] or (),
            team_id=_uuid(each["team"]),
        )
        for each in found["grants"] or ()
    ]
    member = found["member"]
    return access.hold(grants, account_role=member["role"] if member else None)


def _placed(
    actor: Actor,
    found: dict[str, Any],
    held: Held,
    *,
    scopes: frozenset[Scope],
    role: str | None = None,
) -> Actor:
    """Return the actor with what they are and hold in the workspace."""
    member = found["member"]
    member_id = uuid.UUID(member["id"]) if member else None
    teams = frozenset(uuid.UUID(each) for each in found["teams"] or ())
    service_account_id = _uuid(found["service"])
    is_key = actor.kind is ActorKind.API_KEY
    account_role = member["role"] if member and not is_key else None
    shut = access.shut_for(
        _rules(found["rules"] or ()),
        is_owner=held.is_owner,
        member_id=member_id,
        team_ids=teams,
        service_account_id=service_account_id,
    )
    return Actor(
        kind=actor.kind,
        id=actor.id,
        name=actor.name,
        email=actor.email,
        user_id=actor.user_id,
        role=role if is_key else held.role,
        role_name=access.role_title(role) if is_key and role else held.role_name,
        scopes=scopes,
        workspace=actor.workspace,
        pool=actor.pool,
        member_id=member_id,
        teams=teams,
        service_account_id=service_account_id,
        is_owner=held.is_owner,
        shut=shut,
        account_role=account_role,
        account_scopes=ACCOUNT_ROLE_SCOPES[account_role] if account_role else frozenset(),
    )


def _rules(rows: Iterable[list[Any]]) -> Iterable[Rule]:
    for kind, object_id, scope, member, team, service in rows:
        yield Rule(
            target=Target(Kind(kind), uuid.UUID(object_id)),
            scope=scope,
            member_id=_uuid(member),
            team_id=_uuid(team),
            service_account_id=_uuid(service),
        )


def _entrance(found: dict[str, Any], actor: Actor) -> Entrance:
    account = found["account"]
    account_id = uuid.UUID(account["id"])
    return Entrance(
        actor=actor,
        account=AccountRef(
            id=account_id,
            name=account["name"],
            created_at=_moment(account["created_at"]),
            archived_at=_moment(account["archived_at"]),
            delete_after=_moment(account["delete_after"]),
            require_mfa=account["require_mfa"],
            sso_required=account["sso_required"],
        ),
        workspace=actor.workspace or _workspace(found),
        door=Door(
            account_id=account_id,
            account_archived=account["archived_at"] is not None,
            workspace_archived=found["workspace"]["archived_at"] is not None,
            require_mfa=account["require_mfa"],
            sso_required=account["sso_required"],
            networks=access.read_networks(each["cidr"] for each in account["networks"]),
        ),
    )


def _workspace(found: dict[str, Any]) -> WorkspaceRef:
    workspace, account, limits = found["workspace"], found["account"], found["limits"]
    return WorkspaceRef(
        id=uuid.UUID(workspace["id"]),
        slug=workspace["slug"],
        name=workspace["name"],
        created_at=datetime.fromisoformat(workspace["created_at"]),
        account_id=uuid.UUID(account["id"]),
        account_name=account["name"],
        archived_at=_moment(workspace["archived_at"]),
        delete_after=_moment(workspace["delete_after"]),
        limits=Limits(
            max_concurrent_runs=limits["max_concurrent_runs"],
            events_per_minute=limits["events_per_minute"],
            task_runs_per_month=limits["task_runs_per_month"],
            retention_days=limits["retention_days"],
            suspended_reason=limits["suspended_reason"],
            hold=Hold.from_json(limits["hold"]) if limits["hold"] else None,
            managed_minutes_per_month=limits["managed_minutes_per_month"],
            managed_hold=(
                Hold.from_json(limits["managed_hold"]) if limits["managed_hold"] else None
            ),
            archived=workspace["archived_at"] is not None,
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def person_in_workspace(*, user_id: uuid.UUID, workspace: str) -> tuple[Actor, uuid.UUID]:
    """
    Return the person as an actor of the workspace, and the workspace's id.

    Raises: NotFound for outsiders, so that nobody learns which workspaces exist.
    """
    _, entrance = resolve_person(user_id=user_id, workspace=workspace)
    if entrance is None or entrance.workspace is None:
        raise NotFound("There is no such workspace.")
    return entrance.actor, entrance.workspace.id


def resolve_in_account(
    *, user_id: uuid.UUID, account_id: uuid.UUID
) -> tuple[Known | None, Entrance | None]:
    """Return the person and how they stand at the account's door, None for outsiders."""
    member = (
        Member.objects.for_account(account_id)
        .active()
        .filter(user_id=user_id)
        .select_related("account", "user")
        .first()
    )
    if member is None:
        return None, None
    user = member.user
    known = Known(id=user.id, email=user.email, name=user.name, password=user.password)
    actor = Actor(
        kind=ActorKind.USER,
        id=user.id,
        name=user.display_name,
        email=user.email,
        user_id=user.id,
        member_id=member.id,
        account_role=member.role,
        account_scopes=ACCOUNT_ROLE_SCOPES[member.role],
    )
    account = member.account
    return known, Entrance(actor=actor, account=account_ref(account), door=door_of(account))


def find_person(*, user_id: uuid.UUID) -> Known | None:
    """Return the person; None when they are gone, or their user is closed."""
    found = (
        get_user_model()
        .objects.filter(pk=user_id, is_active=True)
        .values_list("email", "name", "password")
        .first()
    )
    if found is None:
        return None
    email, name, password = found
    return Known(id=user_id, email=email, name=name, password=password)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWorkspace:
    """A workspace that somebody may enter, and what they hold there."""

    workspace: Workspace
    held: Held


def list_places(*, user_id: uuid.UUID) -> list[HeldWorkspace]:
    """
    Return the workspaces in which the person has a role, by name.

    By themselves, through a team, or because they own the account.
    """
    with user_scope(user_id):
        members = list(Member.objects.filter(user_id=user_id).active())
        teams = TeamMember.objects.filter(member__in=members).values_list("team_id", flat=True)
        assignments = (
            RoleAssignment.objects.filter(Q(member__in=members) | Q(team__in=list(teams)))
            .select_related("custom_role")
            .order_by("id")
        )
        grants: dict[uuid.UUID, list[Grant]] = {}
        for each in assignments:
            grants.setdefault(each.workspace_id, []).append(each.as_grant())
        account_roles = {member.account_id: member.role for member in members}
        owned = [key for key, role in account_roles.items() if role == access.OWNER]
        workspaces = (
            Workspace.objects.filter(Q(id__in=grants) | Q(account_id__in=owned))
            .select_related("account")
            .order_by("name", "id")
        )
        return [
            HeldWorkspace(
                workspace=workspace,
                held=access.hold(
                    grants.get(workspace.id, ()),
                    account_role=account_roles.get(workspace.account_id),
                ),
            )
            for workspace in workspaces
        ]


def list_memberships(*, user_id: uuid.UUID) -> list[Member]:
    """Return the person's active memberships with their accounts, by the account's name."""
    members = Member.objects.filter(user_id=user_id).active().select_related("account")
    return list(members.order_by("account__name", "account_id"))


def door_of_workspace(*, workspace_id: uuid.UUID) -> tuple[WorkspaceRef, Door]:
    """
    Return the workspace and what it asks of who comes in, for doors that open without a member.

    The caller is inside the workspace's scope. Raises: NotFound.
    """
    try:
        workspace = Workspace.objects.select_related(*WITH).get(pk=workspace_id)
    except Workspace.DoesNotExist:
        raise NotFound("There is no such workspace.") from None
    ref = to_ref(workspace)
    return ref, replace(door_of(workspace.account), workspace_archived=ref.archived_at is not None)


def door_of(account: Account) -> Door:
    """Return what the account asks of who comes in."""
    return Door(
        account_id=account.id,
        account_archived=account.archived_at is not None,
        require_mfa=account.require_mfa,
        sso_required=account.sso_required,
        networks=access.read_networks(each["cidr"] for each in account.allowed_networks),
    )
