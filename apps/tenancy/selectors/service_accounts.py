"""Reads of members that are no people."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from apps.core.errors import NotFound
from apps.tenancy.models import ApiKey, RoleAssignment, ServiceAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """What is said of a service account's keys."""

    active: int = 0
    last_used_at: datetime | None = None


def list_service_accounts(*, account_id: uuid.UUID) -> QuerySet[ServiceAccount]:
    """Return the account's; within its scope."""
    return ServiceAccount.objects.filter(account_id=account_id).select_related("created_by")


def get_service_account(*, account_id: uuid.UUID, service_account_id: uuid.UUID) -> ServiceAccount:
    """Raises: NotFound."""
    found = list_service_accounts(account_id=account_id).filter(pk=service_account_id).first()
    if found is None:
        raise NotFound("There is no such service account.")
    return found


def key_facts(
    *, service_account_ids: Collection[uuid.UUID], now: datetime
) -> dict[uuid.UUID, KeyFacts]:
    """Return how many keys of each work, and when one of them was last used."""
    works = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    rows = (
        ApiKey.objects.filter(service_account_id__in=service_account_ids)
        .values("service_account_id")
        .annotate(active=Count("id", filter=works), used=Max("last_used_at"))
    )
    return {
        row["service_account_id"]: KeyFacts(active=row["active"], last_used_at=row["used"])
        for row in rows
    }


def assignments_of_service_accounts(
    *, service_account_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[RoleAssignment]]:
    """Return where each of them may do what, by the workspace's name."""
    rows = (
        RoleAssignment.objects.filter(service_account_id__in=service_account_ids)
        .select_related("workspace", "custom_role")
        .order_by("workspace__name", "workspace_id")
    )
    found: dict[uuid.UUID, list[RoleAssignment]] = defaultdict(list)
    for row in rows:
        if row.service_account_id is not None:
            found[row.service_account_id].append(row)
    return found
