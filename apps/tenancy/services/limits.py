"""What a plan allows: written by billing, refused here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from apps.identity import selectors as identity
from apps.tenancy import key_cache, selectors
from apps.tenancy.actors import Hold, PlanLimits
from apps.tenancy.errors import PlanLimit, QuotaExceeded, WorkspaceArchived
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import (
    Account,
    AccountLimits,
    Invitation,
    Member,
    Workspace,
    WorkspaceLimits,
)

logger = structlog.get_logger(__name__)


@transaction.atomic
def set_limits(
    *,
    account_id: uuid.UUID,
    limits: PlanLimits,
    hold: Hold | None,
    managed_hold: Hold | None = None,
) -> bool:
    """
    Write what the plan allows to the account and to all its workspaces; return whether it is new.

    `managed_hold` keeps back new runs of managed pools only, `hold` all.
    `retention_days` None leaves each workspace's own.
    """
    wanted = {
        "max_users": limits.max_users,
        "max_workspaces": limits.max_workspaces,
        "events_per_minute": limits.events_per_minute,
        "task_runs_per_month": limits.task_runs_per_month,
        "managed_minutes_per_month": limits.managed_minutes_per_month,
        "retention_days": limits.retention_days,
        "hold": hold.to_json() if hold else None,
        "managed_hold": managed_hold.to_json() if managed_hold else None,
    }
    key_cache.forget_changed()  # limits are remembered with the workspace
    # The account's row is what makers of workspaces lock: none is made from the old limits.
    Account.objects.select_for_update().get(pk=account_id)
    present = AccountLimits.objects.filter(account_id=account_id)
    if present.filter(**_as_filter(wanted)).exists():
        return False
    AccountLimits.objects.update_or_create(account_id=account_id, defaults=wanted)
    columns = columns_of(AccountLimits(account_id=account_id, **wanted))
    workspaces = Workspace.objects.filter(account_id=account_id).order_by("id")
    for workspace_id in list(workspaces.values_list("id", flat=True)):
        with workspace_scope(workspace_id):
            WorkspaceLimits.objects.filter(workspace_id=workspace_id).update(**columns)
    logger.info(
        "limits.set",
        account_id=str(account_id),
        held=hold is not None,
        managed_held=managed_hold is not None,
    )
    return True


def _as_filter(wanted: Mapping[str, object]) -> dict[str, object]:
    return {
        f"{name}__isnull" if value is None else name: True if value is None else value
        for name, value in wanted.items()
    }


def columns_of(limits: AccountLimits | None) -> dict[str, Any]:
    """Return what of an account's limits stands in each of its workspaces' rows."""
    if limits is None:
        return {}
    columns: dict[str, Any] = {
        "events_per_minute": limits.events_per_minute,
        "task_runs_per_month": limits.task_runs_per_month,
        "managed_minutes_per_month": limits.managed_minutes_per_month,
        "hold": limits.hold,
        "managed_hold": limits.managed_hold,
    }
    if limits.retention_days is not None:
        columns["retention_days"] = limits.retention_days
    return columns


def lock_limits(account_id: uuid.UUID) -> AccountLimits | None:
    # Counting and adding must not interleave with somebody else's: one at a time per account.
    Account.objects.select_for_update().get(pk=account_id)
    return AccountLimits.objects.filter(account_id=account_id).first()


def refuse_beyond(what: str, limit: int | None, count: Callable[[], int]) -> None:
    if limit is None or (present := count()) < limit:
        return
    raise PlanLimit(
        f"Your plan allows {limit} {what if limit > 1 else what[:-1]}; choose a larger one.",
        what=what,
        limit=limit,
        used=present,
    )


def seats_used(
    account_id: uuid.UUID,
    now: datetime,
    *,
    besides: uuid.UUID | None = None,
    joining: uuid.UUID | None = None,
) -> int:
    """
    Return how many seats are taken: active members, and who is invited and not a member yet.

    Not the invitation `besides`, nor any to an address of the person `joining`.
    """
    members = Member.objects.for_account(account_id).filter(deactivated_at=None).count()
    with account_scope(account_id):
        invited = Invitation.objects.filter(account_id=account_id).taking_seats(now)
        if besides is not None:
            invited = invited.exclude(pk=besides)
        if joining is not None:
            theirs = identity.list_confirmed_addresses(user_ids=[joining])
            invited = invited.exclude(email__in=theirs)
        return members + invited.count()


def refuse_seat(
    account_id: uuid.UUID,
    now: datetime,
    *,
    besides: uuid.UUID | None = None,
    joining: uuid.UUID | None = None,
) -> None:
    """
    Let one more person in only where the plan has a seat; locks the account's row.

    `besides`: the invitation that is about to become the person; `joining`: the person, who comes
    another way and for whom an invitation may hold a seat.
    Raises: PlanLimit.
    """
    limits = lock_limits(account_id)
    refuse_beyond(
        "users",
        limits.max_users if limits else None,
        lambda: seats_used(account_id, now, besides=besides, joining=joining),
    )


def refuse_while_held(*, workspace_id: uuid.UUID, managed: bool) -> None:
    """
    Let nobody start by hand what a schedule would have to wait for; `managed`: in such a pool.

    Raises: QuotaExceeded while the plan's amount is used up, WorkspaceArchived.
    """
    limits = selectors.get_limits(workspace_id=workspace_id)
    if limits.archived:
        raise WorkspaceArchived("The workspace is archived: nothing of it runs.")
    hold = limits.hold_of(managed=managed)
    if hold is not None:
        raise QuotaExceeded(
            hold.reason,
            meter=hold.meter,
            used=hold.used,
            limit=hold.limit,
            resets_at=hold.resets_at,
        )
