"""Use cases of accounts, workspaces, members and keys."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest, PermissionDenied
from apps.core.transactions import joined
from apps.tenancy import key_cache, selectors
from apps.tenancy.actors import Actor, Hold, PlanLimits, RunRef, WorkspaceRef
from apps.tenancy.enums import AccountRole, ActorKind, BuiltInRole
from apps.tenancy.errors import LastOwner, PlanLimit, QuotaExceeded, ScopeNotHeld
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.keys import SHOWN_LENGTH, hash_secret, new_secret
from apps.tenancy.models import (
    Account,
    AccountLimits,
    ApiKey,
    Member,
    RoleAssignment,
    RunKey,
    Workspace,
    WorkspaceLimits,
)
from apps.tenancy.scopes import Scope, scopes_of, sorted_scopes
from apps.tenancy.slugs import slugify

logger = structlog.get_logger(__name__)
MAX_DISPLAY_NAME = 100  # names hold 120 characters, and a workspace's says more than its owner's
LAST_USED_STEP = timedelta(minutes=1)


@transaction.atomic
def create_account_for_new_user(
    *, user_id: uuid.UUID, display_name: str, now: datetime
) -> WorkspaceRef:
    """Give somebody who signed up an account of their own with a first workspace."""
    display_name = display_name[:MAX_DISPLAY_NAME]
    account = Account.objects.create(name=display_name, created_at=now)
    Member.objects.create(account=account, user_id=user_id, role=AccountRole.OWNER)
    return create_workspace(
        account_id=account.id,
        user_id=user_id,
        name=f"{display_name}’s workspace",
        slug=slugify(display_name),
        now=now,
    )


@transaction.atomic
def create_workspace(
    *,
    account_id: uuid.UUID,
    user_id: uuid.UUID,
    name: str,
    now: datetime,
    slug: str | None = None,
) -> WorkspaceRef:
    """
    Make a workspace in the account; its maker becomes its owner.

    Raises: PlanLimit.
    """
    member = Member.objects.get(account_id=account_id, user_id=user_id)
    limits = _lock_limits(account_id)
    present = Workspace.objects.filter(account_id=account_id)
    _refuse_beyond("workspaces", limits.max_workspaces if limits else None, present.count)
    workspace = Workspace.objects.create(
        account_id=account_id, name=name, slug=_free_slug(slug or slugify(name)), created_at=now
    )
    with workspace_scope(workspace.id):
        WorkspaceLimits.objects.create(workspace=workspace, **_columns(limits))
        RoleAssignment.objects.create(
            workspace=workspace, member=member, user_id=user_id, role=BuiltInRole.OWNER
        )
        logger.info("workspace.created", workspace_id=str(workspace.id))
        return selectors.get_workspace(workspace_id=workspace.id)


@transaction.atomic
def create_workspace_for(
    *, actor: Actor, account_id: uuid.UUID | None, name: str, now: datetime
) -> WorkspaceRef:
    """
    Make a workspace in an account where the person is owner or admin.

    Raises: PermissionDenied when there is none, PlanLimit.
    """
    owned = None
    if actor.user_id is not None and actor.workspace is None:
        owned = selectors.find_owned_account_id(user_id=actor.user_id, account_id=account_id)
    if owned is None or actor.user_id is None:
        raise PermissionDenied("Only an owner or admin of the account may create workspaces.")
    return create_workspace(account_id=owned, user_id=actor.user_id, name=name, now=now)


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
    # The account's row is what makers of workspaces lock: none is made from the old limits.
    Account.objects.select_for_update().get(pk=account_id)
    present = AccountLimits.objects.filter(account_id=account_id)
    if present.filter(**_as_filter(wanted)).exists():
        return False
    AccountLimits.objects.update_or_create(account_id=account_id, defaults=wanted)
    columns = _columns(AccountLimits(account_id=account_id, **wanted))
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


def _columns(limits: AccountLimits | None) -> dict[str, Any]:
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


def _lock_limits(account_id: uuid.UUID) -> AccountLimits | None:
    # Counting and adding must not interleave with somebody else's: one at a time per account.
    Account.objects.select_for_update().get(pk=account_id)
    return AccountLimits.objects.filter(account_id=account_id).first()


def _refuse_beyond(what: str, limit: int | None, count: Callable[[], int]) -> None:
    if limit is None or (present := count()) < limit:
        return
    raise PlanLimit(
        f"Your plan allows {limit} {what if limit > 1 else what[:-1]}; choose a larger one.",
        what=what,
        limit=limit,
        used=present,
    )


def refuse_while_held(*, workspace_id: uuid.UUID, managed: bool) -> None:
    """
    Let nobody start by hand what a schedule would have to wait for; `managed`: in such a pool.

    Raises: QuotaExceeded while the plan's amount is used up.
    """
    hold = selectors.get_limits(workspace_id=workspace_id).hold_of(managed=managed)
    if hold is not None:
        raise QuotaExceeded(
            hold.reason,
            meter=hold.meter,
            used=hold.used,
            limit=hold.limit,
            resets_at=hold.resets_at,
        )


def _free_slug(wanted: str) -> str:
    taken = set(
        Workspace.objects.filter(Q(slug=wanted) | Q(slug__startswith=f"{wanted}-")).values_list(
            "slug", flat=True
        )
    )
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


@transaction.atomic
def rename_workspace(*, workspace_id: uuid.UUID, name: str) -> WorkspaceRef:
    """Change the shown name; the slug stays, because addresses carry it."""
    Workspace.objects.filter(pk=workspace_id).update(name=name)
    return selectors.get_workspace(workspace_id=workspace_id)


@transaction.atomic
def add_member(
    *, workspace_id: uuid.UUID, account_id: uuid.UUID, user_id: uuid.UUID, role: str
) -> RoleAssignment:
    """
    Give a person a role in the workspace, and membership of its account when they lack it.

    Raises: PlanLimit.
    """
    limits = _lock_limits(account_id)
    members = Member.objects.filter(account_id=account_id)
    member = members.filter(user_id=user_id).first()
    if member is None:
        _refuse_beyond("users", limits.max_users if limits else None, members.count)
        member = Member.objects.create(
            account_id=account_id, user_id=user_id, role=AccountRole.MEMBER
        )
    assignment, _ = RoleAssignment.objects.update_or_create(
        workspace_id=workspace_id, member=member, defaults={"role": role, "user_id": user_id}
    )
    return assignment


def _refuse_more_than_held(actor: Actor, wanted: Collection[Scope], message: str) -> None:
    missing = frozenset(wanted) - actor.scopes
    if missing:
        raise ScopeNotHeld(message, missing=sorted_scopes(missing))


@transaction.atomic
def change_role(*, actor: Actor, assignment: RoleAssignment, role: str) -> RoleAssignment:
    """
    Give the member another role.

    Raises: LastOwner when nobody would own the workspace any more; ScopeNotHeld when the actor
    lacks what the role may do, before or after: a key for members must not make an owner.
    """
    if role == BuiltInRole.AGENT:
        raise InvalidRequest(
            "A person cannot be an agent.", fields={"role": ["For API keys only."]}
        )
    wanted = scopes_of(role) | scopes_of(assignment.role)
    _refuse_more_than_held(actor, wanted, "Nobody manages members who may do more than they.")
    if role != BuiltInRole.OWNER:
        _keep_an_owner(assignment)
    RoleAssignment.objects.filter(pk=assignment.pk).update(role=role)
    assignment.role = role
    return assignment


@transaction.atomic
def remove_member(*, actor: Actor, assignment: RoleAssignment) -> None:
    """
    Take the member's role in this workspace away; account membership stays.

    Raises: LastOwner, ScopeNotHeld when the member may do more than the actor.
    """
    held = scopes_of(assignment.role)
    _refuse_more_than_held(actor, held, "Nobody manages members who may do more than they.")
    _keep_an_owner(assignment)
    RoleAssignment.objects.filter(pk=assignment.pk).delete()


def _keep_an_owner(leaving: RoleAssignment) -> None:
    # Locks all owners' rows: two owners who remove each other at once would leave nobody.
    owners = list(
        RoleAssignment.objects.for_workspace(leaving.workspace_id).owners().select_for_update()
    )
    if [owner.pk for owner in owners] == [leaving.pk]:
        raise LastOwner("A workspace keeps at least one owner. Make somebody else owner first.")


@transaction.atomic
def create_api_key(
    *,
    actor: Actor,
    workspace_id: uuid.UUID,
    name: str,
    role: str | None,
    scopes: Collection[Scope],
    expires_at: datetime | None,
    pool: str = "",
) -> tuple[ApiKey, str]:
    """
    Make a key and return it with its secret, which cannot be had again.

    Either `role` (its scopes are copied) or `scopes` is given. A key that ends makes no key that
    outlives it: whoever found it would otherwise keep what it could do. `pool` binds an agents' key
    to the pool of this name.
    Raises: ScopeNotHeld when the maker lacks one of them, InvalidRequest for a later end, and for a
    pool with any other role.
    """
    if pool and role != BuiltInRole.AGENT:
        raise InvalidRequest(
            "Only an agents' key serves a pool.", fields={"pool": ["For the role AGENT only."]}
        )
    wanted = scopes_of(role) if role else frozenset(scopes)
    _refuse_more_than_held(actor, wanted, "A key may not do more than its maker.")
    if actor.kind is ActorKind.API_KEY:
        own_end = ApiKey.objects.filter(pk=actor.id).values_list("expires_at", flat=True).get()
        if own_end is not None and (expires_at is None or expires_at > own_end):
            raise InvalidRequest(
                "A key may not outlive its maker.",
                fields={"expires_at": [f"Must not be after {own_end.isoformat()}."]},
            )
    secret = new_secret()
    key = ApiKey.objects.create(
        workspace_id=workspace_id,
        name=name,
        prefix=secret[:SHOWN_LENGTH],
        secret_hash=hash_secret(secret),
        scopes=sorted_scopes(wanted),
        role=role,
        pool=pool,
        created_by_id=actor.user_id,
        expires_at=expires_at,
    )
    logger.info("api_key.created", key_id=str(key.id), workspace_id=str(workspace_id))
    return key, secret


@transaction.atomic
def revoke_api_key(*, key: ApiKey, now: datetime) -> None:
    """End the key; other processes notice within the second that they remember keys for."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    transaction.on_commit(lambda: key_cache.forget(key.secret_hash))


def note_key_use(*, workspace_id: uuid.UUID, key_id: uuid.UUID, now: datetime) -> None:
    """Remember when the key was last used, at most once a minute and key."""
    with workspace_scope(workspace_id):
        ApiKey.objects.filter(pk=key_id).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
        ).update(last_used_at=now)


RUN_KEY_FLUSH = timedelta(minutes=5)  # what a run's process has to send its last reports
RUN_KEYS_KEPT = timedelta(days=1)  # after their end, for whoever wonders


@joined
def create_run_key(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, epoch: int, expires_at: datetime | None = None
) -> str:
    """
    Make a key for one execution of the run and return its secret, which cannot be had again.

    Those of earlier executions end at once. It ends by `end_run_keys` when the lease does;
    `expires_at` is for who knows an earlier time.
    Each call makes one more: whoever repeats a launch does not know the first one's secret.
    """
    revoke_run_keys(workspace_id=workspace_id, run_id=run_id, below_epoch=epoch)
    secret = new_secret()
    RunKey.objects.create(
        workspace_id=workspace_id,
        run_id=run_id,
        epoch=epoch,
        secret_hash=hash_secret(secret),
        expires_at=expires_at,
    )
    return secret


@joined
def revoke_run_keys(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    below_epoch: int | None = None,
    now: datetime | None = None,
) -> int:
    """End the run's keys at once, or only those of its superseded executions; return how many."""
    keys = RunKey.objects.of_run(workspace_id, run_id).filter(revoked_at=None)
    if below_epoch is not None:
        keys = keys.filter(epoch__lt=below_epoch)
    hashes = list(keys.values_list("secret_hash", flat=True))
    if hashes:
        RunKey.objects.filter(secret_hash__in=hashes).update(revoked_at=now or utc_now())
        for each in hashes:
            transaction.on_commit(partial(key_cache.forget, each))
    return len(hashes)


@joined
def end_run_keys(*, runs: Collection[RunRef], now: datetime) -> None:
    """Let the keys of these executions end soon: their leases are over, their reports not yet."""
    ends_at = now + RUN_KEY_FLUSH
    for each in runs:
        RunKey.objects.filter(run_id=each.run_id, epoch__lte=each.epoch).filter(
            Q(expires_at=None) | Q(expires_at__gt=ends_at)
        ).update(expires_at=ends_at)


@joined
def drop_ended_run_keys(*, now: datetime) -> int:
    """Delete keys of runs that ended a day ago; return how many. For loops."""
    before = now - RUN_KEYS_KEPT
    dropped, _ = RunKey.objects.filter(
        Q(expires_at__lt=before) | Q(revoked_at__lt=before), created_at__lt=before
    ).delete()
    return dropped
