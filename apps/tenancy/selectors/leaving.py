"""What it would mean if a person deleted themselves."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db.models import Count, Q
from django.utils.module_loading import import_string

from apps.tenancy.enums import AccountRole
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Account, ApiKey, Member, Workspace


class Fate(StrEnum):
    """What becomes of an account when one of its people deletes themselves."""

    LEFT = "LEFT"  # it goes on without them
    DELETED = "DELETED"  # there was nobody else
    BLOCKED = "BLOCKED"  # something has to be settled first


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFate:
    id: uuid.UUID
    name: str
    fate: Fate
    members: int  # with the person
    workspaces: tuple[str, ...]
    code: str | None = None  # why it is blocked
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a person would leave, and lose."""

    accounts: tuple[AccountFate, ...]
    keys: int

    @property
    def obstacles(self) -> tuple[AccountFate, ...]:
        return tuple(each for each in self.accounts if each.fate is Fate.BLOCKED)


def preview_leaving(*, user_id: uuid.UUID) -> Leaving:
    """Return what would be lost, and what stands in the way."""
    memberships = (
        Member.objects.filter(user_id=user_id)
        .select_related("account")
        .order_by("account__name", "account_id")
    )
    accounts: list[AccountFate] = []
    keys = 0
    for membership in memberships:
        account = membership.account
        workspaces = list(
            Workspace.objects.filter(account_id=account.id)
            .order_by("name", "id")
            .values_list("id", "name")
        )
        accounts.append(_fate(membership, account, tuple(name for _, name in workspaces)))
        for workspace_id, _ in workspaces:
            with workspace_scope(workspace_id):
                keys += ApiKey.objects.filter(
                    workspace_id=workspace_id,
                    created_by_id=user_id,
                    service_account=None,
                    revoked_at=None,
                ).count()
    return Leaving(accounts=tuple(accounts), keys=keys)


def _fate(membership: Member, account: Account, workspaces: tuple[str, ...]) -> AccountFate:
    counts = Member.objects.filter(account_id=account.id).aggregate(
        members=Count("pk"),
        others=Count("pk", filter=~Q(pk=membership.pk)),
        other_owners=Count(
            "pk",
            filter=~Q(pk=membership.pk)
            & Q(role=AccountRole.OWNER, deactivated_at=None, user__is_active=True),
        ),
    )

    def fate(what: Fate, code: str | None = None, message: str | None = None) -> AccountFate:
        return AccountFate(
            id=account.id,
            name=account.name,
            fate=what,
            members=counts["members"],
            workspaces=workspaces,
            code=code,
            message=message,
        )

    if counts["others"]:
        if membership.role == AccountRole.OWNER and not counts["other_owners"]:
            return fate(
                Fate.BLOCKED,
                "sole_owner",
                "You are its only owner, and it has other members: hand it over first, or delete"
                " it.",
            )
        return fate(Fate.LEFT)
    if account.delete_after is None:
        for path in settings.ACCOUNT_OBSTACLES:
            if obstacle := import_string(path)(account_id=account.id):
                return fate(Fate.BLOCKED, *obstacle)
    return fate(Fate.DELETED)
