"""Who has what in an account: what its security page says."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q

from apps.tenancy.enums import AccountRole
from apps.tenancy.models import Account, ApiKey, Invitation, Member, Workspace
from apps.tenancy.networks import is_inside, read_network
from apps.tenancy.selectors.account_members import MemberFilter, list_account_members

UNSEEN: Final = timedelta(days=90)
LOOKED_BACK: Final = timedelta(days=7)
MOST_CUT_OFF: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFacts:
    members: int
    owners: list[Member]
    without_mfa: int
    inactive: int
    deactivated: int
    invitations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCounts:
    """How many keys work, and which of them somebody should look at."""

    active: int
    stale: int  # not used for 90 days
    endless: int
    orphaned: int  # personal ones of people who are not in the account any more; they do nothing
    service: int  # held by service accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceKeys:
    id: uuid.UUID
    slug: str
    name: str
    counts: KeyCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityFacts:
    people: PeopleFacts
    keys: KeyCounts
    workspaces: list[WorkspaceKeys]
    require_mfa: bool
    sso_required: bool
    allowed_networks: int


def get_security(*, account_id: uuid.UUID, now: datetime) -> SecurityFacts:
    """Return the summary; the caller is inside the account's scope."""
    account = Account.objects.get(pk=account_id)
    counted = _count_keys(account_id, now)
    workspaces = Workspace.objects.filter(account_id=account_id).order_by("name", "id")
    nothing = KeyCounts(active=0, stale=0, endless=0, orphaned=0, service=0)
    return SecurityFacts(
        people=_people(account_id, now),
        keys=KeyCounts(
            active=sum(each.active for each in counted.values()),
            stale=sum(each.stale for each in counted.values()),
            endless=sum(each.endless for each in counted.values()),
            orphaned=sum(each.orphaned for each in counted.values()),
            service=sum(each.service for each in counted.values()),
        ),
        workspaces=[
            WorkspaceKeys(id=found, slug=slug, name=name, counts=counted.get(found, nothing))
            for found, slug, name in workspaces.values_list("id", "slug", "name")
        ],
        require_mfa=account.require_mfa,
        sso_required=account.sso_required,
        allowed_networks=len(account.allowed_networks),
    )


def _people(account_id: uuid.UUID, now: datetime) -> PeopleFacts:
    def count(**only: object) -> int:
        wanted = MemberFilter(state="active", **only)  # type: ignore[arg-type] # its own fields
        return list_account_members(account_id=account_id, only=wanted).count()

    deactivated = MemberFilter(state="deactivated")
    owners = list_account_members(
        account_id=account_id, only=MemberFilter(state="active", role=AccountRole.OWNER.value)
    )
    return PeopleFacts(
        members=count(),
        owners=list(owners.order_by("created_at", "id")[:100]),
        without_mfa=count(mfa=False),
        inactive=count(unseen_since=now - UNSEEN),
        deactivated=list_account_members(account_id=account_id, only=deactivated).count(),
        invitations=Invitation.objects.filter(account_id=account_id).open(now).count(),
    )


def _count_keys(account_id: uuid.UUID, now: datetime) -> dict[uuid.UUID, KeyCounts]:
    keys = ApiKey.objects.filter(workspace__account_id=account_id).usable(now)
    here = Member.objects.for_account(account_id).active().values("user_id")
    rows = (
        keys.order_by()
        .values("workspace_id")
        .annotate(
            active=Count("id"),
            stale=Count("id", filter=Q(id__in=keys.stale(now).values("id"))),
            endless=Count("id", filter=Q(expires_at=None)),
            orphaned=Count(
                "id",
                filter=Q(service_account=None) & (Q(created_by=None) | ~Q(created_by_id__in=here)),
            ),
            service=Count("id", filter=Q(service_account__isnull=False)),
        )
    )
    return {
        row["workspace_id"]: KeyCounts(
            active=row["active"],
            stale=row["stale"],
            endless=row["endless"],
            orphaned=row["orphaned"],
            service=row["service"],
        )
        for row in rows
    }


def get_allowed_networks(*, account_id: uuid.UUID) -> list[dict[str, str]]:
    """Return what the account admits; nothing means everything."""
    found = Account.objects.values_list("allowed_networks", flat=True).get(pk=account_id)
    return list(found)


def list_cut_off(*, account_id: uuid.UUID, cidrs: Sequence[str], now: datetime) -> list[ApiKey]:
    """Return keys that came, within seven days, from where these networks admit nobody."""
    if not cidrs:
        return []
    networks = [read_network(cidr) for cidr in cidrs]
    recent = (
        ApiKey.objects.filter(workspace__account_id=account_id)
        .usable(now)
        .filter(last_used_at__gte=now - LOOKED_BACK, last_used_from__isnull=False)
        .select_related("workspace", "service_account")
        .order_by("-last_used_at", "-id")
    )
    outside = (key for key in recent if not is_inside(str(key.last_used_from), networks))
    return [key for key, _ in zip(outside, range(MOST_CUT_OFF), strict=False)]
