"""Reads of accounts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.tenancy.actors import AccountRef
from apps.tenancy.enums import AccountRole
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import (
    Account,
    AccountLimits,
    ApiKey,
    CustomRole,
    Invitation,
    Member,
    RoleAssignment,
    ServiceAccount,
    Team,
    Workspace,
)
from apps.tenancy.selectors.account_members import role_name


def account_ref(account: Account) -> AccountRef:
    return AccountRef(
        id=account.id,
        name=account.name,
        created_at=account.created_at,
        archived_at=account.archived_at,
        delete_after=account.delete_after,
        require_mfa=account.require_mfa,
        sso_required=account.sso_required,
    )


def find_account(*, account_id: uuid.UUID) -> AccountRef | None:
    """Return the account, or None when it is gone."""
    account = Account.objects.filter(pk=account_id).first()
    return None if account is None else account_ref(account)


def list_account_ids(*, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Return up to `limit` ids of accounts beyond `after`, in their order; for loops."""
    accounts = Account.objects.order_by("id").values_list("id", flat=True)
    return list((accounts.filter(id__gt=after) if after else accounts)[:limit])


def account_size(*, account_id: uuid.UUID) -> tuple[int, int]:
    """Return how many active users and how many workspaces the account has."""
    return (
        Member.objects.filter(account_id=account_id, deactivated_at=None).count(),
        Workspace.objects.filter(account_id=account_id).count(),
    )


def find_owned_account_id(*, user_id: uuid.UUID, account_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return the account in which the person may make workspaces: the given one, or the oldest."""
    memberships = Member.objects.active().filter(user_id=user_id, role__in=["OWNER", "ADMIN"])
    if account_id is not None:
        memberships = memberships.filter(account_id=account_id)
    return memberships.order_by("created_at", "id").values_list("account_id", flat=True).first()


def belongs_elsewhere(*, user_id: uuid.UUID, account_id: uuid.UUID) -> bool:
    """Say whether the person is also a member of any other account."""
    return Member.objects.filter(user_id=user_id).exclude(account_id=account_id).exists()


COUNTED = (
    "members",
    "deactivated",
    "invitations",
    "teams",
    "workspaces",
    "service_accounts",
    "roles",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """An account as its people see it: their role, how many of what, seats."""

    account: AccountRef
    role: str
    counts: dict[str, int]
    seats_used: int
    seats_limit: int | None


def list_accounts_of(*, user_id: uuid.UUID) -> list[tuple[AccountRef, str]]:
    """Return the accounts in which the person is active, with their role there, by name."""
    mine = Member.objects.active().filter(user_id=user_id).select_related("account")
    return [
        (account_ref(member.account), member.role)
        for member in mine.order_by("account__name", "account_id")
    ]


def summarise_account(*, account: AccountRef, role: str, now: datetime) -> AccountSummary:
    """Return the account with its numbers, in one query and one for the limit."""
    with account_scope(account.id):
        numbers = (
            Account.objects.filter(pk=account.id)
            .annotate(
                members_count=_count(Member, deactivated_at=None),
                deactivated_count=_count(Member, deactivated_at__isnull=False),
                invitations_count=_count(
                    Invitation, accepted_at=None, revoked_at=None, expires_at__gt=now
                ),
                teams_count=_count(Team),
                workspaces_count=_count(Workspace),
                service_accounts_count=_count(ServiceAccount),
                roles_count=_count(CustomRole),
                seats_kept=_count_of(Invitation.objects.all().taking_seats(now)),
            )
            .values("seats_kept", *(f"{name}_count" for name in COUNTED))
            .get()
        )
    limit = (
        AccountLimits.objects.filter(account_id=account.id)
        .values_list("max_users", flat=True)
        .first()
    )
    return AccountSummary(
        account=account,
        role=role,
        counts={name: numbers[f"{name}_count"] for name in COUNTED},
        seats_used=numbers["members_count"] + numbers["seats_kept"],
        seats_limit=limit,
    )


def _count(model: type[models.Model], **only: object) -> Coalesce:
    return _count_of(model._default_manager.filter(**only))


def _count_of(found: QuerySet[Any]) -> Coalesce:
    rows = found.filter(account=OuterRef("pk")).order_by()
    counted = rows.values("account").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRow:
    """A workspace in the account's list; the role is the asking person's own."""

    workspace: Workspace
    role: str | None
    role_name: str | None
    people: int
    keys: int


def list_workspaces_of_account(
    *, account_id: uuid.UUID, user_id: uuid.UUID, all_of_it: bool, archived: bool | None
) -> QuerySet[Workspace]:
    """Return the account's workspaces, or those in which the person has a role."""
    found = Workspace.objects.filter(account_id=account_id)
    if archived is not None:
        found = found.filter(archived_at__isnull=not archived)
    if not all_of_it:
        found = found.filter(
            Exists(
                RoleAssignment.objects.filter(workspace=OuterRef("pk")).filter(
                    Q(user_id=user_id) | Q(team__memberships__user_id=user_id)
                )
            )
        )
    return found


def workspace_rows(
    workspaces: Sequence[Workspace], *, user_id: uuid.UUID, account_role: str, now: datetime
) -> list[WorkspaceRow]:
    """Return them with the asking person's role and how many may enter; four queries for all."""
    ids = [workspace.id for workspace in workspaces]
    assigned = RoleAssignment.objects.filter(workspace_id__in=ids)
    mine: dict[uuid.UUID, RoleAssignment] = {}
    own = assigned.filter(Q(user_id=user_id) | Q(team__memberships__user_id=user_id))
    for assignment in own.select_related("custom_role").order_by("member_id"):
        mine.setdefault(assignment.workspace_id, assignment)
    people = _count_people(ids)
    usable = ApiKey.objects.usable(now).filter(workspace_id__in=ids).order_by()
    keys = dict(
        usable.values("workspace_id").annotate(n=Count("pk")).values_list("workspace_id", "n")
    )
    owns = account_role == AccountRole.OWNER
    return [
        WorkspaceRow(
            workspace=each,
            role="OWNER" if owns else (mine[each.id].role if each.id in mine else None),
            role_name="Owner" if owns else (role_name(mine[each.id]) if each.id in mine else None),
            people=people.get(each.id, 0),
            keys=keys.get(each.id, 0),
        )
        for each in workspaces
    ]


_PEOPLE = """
    SELECT workspace_id, count(*) FROM (
        SELECT workspace_id, member_id FROM tenancy_roleassignment
        WHERE workspace_id = ANY(%(ids)s) AND member_id IS NOT NULL
        UNION
        SELECT r.workspace_id, t.member_id FROM tenancy_roleassignment AS r
        JOIN tenancy_teammember AS t ON t.team_id = r.team_id
        WHERE r.workspace_id = ANY(%(ids)s)
    ) AS holders GROUP BY workspace_id
"""


def _count_people(workspace_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return how many members have a role in each, by themselves or through a team."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, {"ids": list(workspace_ids)})
        return dict(cursor.fetchall())
