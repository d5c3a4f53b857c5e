"""
Lists of an account's people: a page costs the same few queries, whoever is on it.

Callers are inside `account_scope`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.core.errors import NotFound
from apps.identity import selectors as identity
from apps.tenancy.enums import AccountRole, BuiltInRole, MemberSource
from apps.tenancy.models import ApiKey, Member, RoleAssignment, TeamMember, Workspace
from apps.tenancy.models.accounts import MemberQuerySet

ACTIVE, DEACTIVATED = "active", "deactivated"
MEMBER_STATES = (ACTIVE, DEACTIVATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFilter:
    """What a list of members is narrowed to; None: not by this."""

    q: str = ""
    role: str | None = None
    team: uuid.UUID | None = None
    state: str | None = None
    workspace: uuid.UUID | None = None
    mfa: bool | None = None
    unseen_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What somebody holds in one workspace, and through what."""

    id: uuid.UUID
    slug: str
    name: str
    role: str | None
    role_name: str
    custom_role_id: uuid.UUID | None = None
    assignment_id: uuid.UUID | None = None
    via: Via | None = None  # the team that it comes from


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One member as lists show them."""

    member: Member
    mfa: bool
    workspaces: list[Place] = field(default_factory=list)
    teams: list[Via] = field(default_factory=list)

    @property
    def sso(self) -> bool:
        return self.member.source in {MemberSource.SSO, MemberSource.SCIM}


def list_account_members(
    *, account_id: uuid.UUID, only: MemberFilter | None = None
) -> QuerySet[Member]:
    """Return the account's members; `member_rows` adds what belongs to those of a page."""
    only = only or MemberFilter()
    found: MemberQuerySet = Member.objects.for_account(account_id).select_related("user")
    if only.role is not None:
        found = found.filter(role=only.role)
    if only.state == ACTIVE:
        found = found.active()
    elif only.state == DEACTIVATED:
        found = found.exclude(deactivated_at=None, user__is_active=True)
    for word in only.q.split():
        found = found.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    if only.team is not None:
        found = found.filter(
            Exists(TeamMember.objects.filter(member=OuterRef("pk"), team_id=only.team))
        )
    if only.workspace is not None:
        found = found.filter(_in_workspace(only.workspace))
    if only.mfa is not None:
        has = Q(user__in=identity.with_second_factor().values("pk"))
        found = found.filter(has if only.mfa else ~has)
    if only.unseen_since is not None:
        found = found.filter(
            Q(last_seen_at__lt=only.unseen_since)
            | Q(last_seen_at=None, created_at__lt=only.unseen_since)
        )
    return found


def _in_workspace(workspace_id: uuid.UUID) -> Q:
    here = RoleAssignment.objects.filter(workspace_id=workspace_id)
    teams = TeamMember.objects.filter(member=OuterRef("pk"), team__in=here.values("team_id"))
    return (
        Q(role=AccountRole.OWNER) | Q(Exists(here.filter(member=OuterRef("pk")))) | Q(Exists(teams))
    )


def member_rows(members: Sequence[Member]) -> list[MemberRow]:
    """Return the members with their workspaces, teams and second factors: five queries."""
    ids = [member.id for member in members]
    teams: dict[uuid.UUID, list[Via]] = defaultdict(list)
    in_teams: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    memberships = TeamMember.objects.filter(member_id__in=ids).select_related("team")
    for each in memberships.order_by("team__name", "team_id"):
        teams[each.member_id].append(Via(id=each.team_id, name=each.team.name))
        in_teams[each.team_id].append(each.member_id)
    places: dict[uuid.UUID, list[Place]] = defaultdict(list)
    assignments = RoleAssignment.objects.filter(
        Q(member_id__in=ids) | Q(team_id__in=list(in_teams))
    ).select_related("workspace", "custom_role", "team")
    for assignment in assignments.order_by("workspace__name", "workspace_id", "id"):
        if assignment.member_id is not None:
            places[assignment.member_id].append(_place(assignment))
        elif assignment.team_id is not None:
            for member_id in in_teams[assignment.team_id]:
                places[member_id].append(_place(assignment))
    user_ids = [member.user_id for member in members]
    factors = set(
        identity.with_second_factor().filter(pk__in=user_ids).values_list("pk", flat=True)
    )
    return [
        MemberRow(
            member=member,
            mfa=member.user_id in factors,
            workspaces=places[member.id],
            teams=teams[member.id],
        )
        for member in members
    ]


def _place(assignment: RoleAssignment) -> Place:
    team = assignment.team
    return Place(
        id=assignment.workspace_id,
        slug=assignment.workspace.slug,
        name=assignment.workspace.name,
        role=assignment.role,
        role_name=role_name(assignment),
        custom_role_id=assignment.custom_role_id,
        assignment_id=None if team else assignment.id,
        via=Via(id=team.id, name=team.name) if team else None,
    )


def role_name(assignment: RoleAssignment) -> str:
    """Return what people call the role; for rows read with `custom_role`."""
    if assignment.custom_role is not None:
        return assignment.custom_role.name
    return str(BuiltInRole(str(assignment.role)).label)


def get_account_member(*, account_id: uuid.UUID, member_id: uuid.UUID) -> Member:
    """Raises: NotFound."""
    member = list_account_members(account_id=account_id).filter(pk=member_id).first()
    if member is None:
        raise NotFound("There is no such member.")
    return member


def count_keys_of(*, account_id: uuid.UUID, user_id: uuid.UUID, now: datetime) -> int:
    """Return how many usable personal keys the person has in the account's workspaces."""
    keys = ApiKey.objects.usable(now).filter(
        workspace__account_id=account_id, created_by_id=user_id, service_account=None
    )
    return keys.count()


def unseen_since(days: int, now: datetime) -> datetime:
    return now - timedelta(days=days)


def find_workspace_id(*, account_id: uuid.UUID, slug: str) -> uuid.UUID | None:
    """Return the id of the account's workspace of this slug, if there is one."""
    found = Workspace.objects.filter(account_id=account_id, slug=slug)
    return found.values_list("id", flat=True).first()
