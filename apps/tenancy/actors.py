"""Who asks, and in which workspace: small frozen facts that requests carry."""

from __future__ import annotations

import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.tenancy import access
from apps.tenancy.access import Door, SessionFacts, Shut, Target
from apps.tenancy.enums import ActorKind
from apps.tenancy.scopes import AccountScope, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why no new runs may start, and until when unless somebody does something about it."""

    reason: str  # for people
    meter: str
    used: int  # when the hold began
    limit: int
    resets_at: datetime

    def to_json(self) -> dict[str, object]:
        return {
            "reason": self.reason,
            "meter": self.meter,
            "used": self.used,
            "limit": self.limit,
            "resets_at": self.resets_at.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Hold:
        return cls(**stored | {"resets_at": datetime.fromisoformat(stored["resets_at"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLimits:
    """What a plan allows an account; None means no limit, or that the plan says nothing of it."""

    max_users: int | None = None
    max_workspaces: int | None = None
    events_per_minute: int | None = None
    task_runs_per_month: int | None = None
    managed_minutes_per_month: int | None = None
    retention_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The plan's limits that the product enforces; None means no limit."""

    max_concurrent_runs: int | None
    events_per_minute: int | None
    task_runs_per_month: int | None  # of the account, over all its workspaces
    retention_days: int
    suspended_reason: str
    hold: Hold | None
    managed_minutes_per_month: int | None = None  # of the account, over all its workspaces
    managed_hold: Hold | None = None  # for runs of managed pools only
    archived: bool = False  # nothing starts, whatever the plan allows

    def hold_of(self, *, managed: bool) -> Hold | None:
        """Return why no new run may start, of a managed pool or of any other; None if it may."""
        return self.hold or (self.managed_hold if managed else None)

    def hold_reason(self, *, managed: bool) -> str:
        """Say the same as text; empty while new runs may start."""
        hold = self.hold_of(managed=managed)
        return hold.reason if hold else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRef:
    """A workspace as requests carry it: read once, passed on by value."""

    id: uuid.UUID
    slug: str
    name: str
    created_at: datetime
    account_id: uuid.UUID
    account_name: str
    limits: Limits
    archived_at: datetime | None = None  # it is read-only since then
    delete_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRef:
    """An account as requests carry it."""

    id: uuid.UUID
    name: str
    created_at: datetime | None = None
    archived_at: datetime | None = None  # nothing of it may be changed since then
    delete_after: datetime | None = None
    require_mfa: bool = False
    sso_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRef:
    """One execution of one run."""

    run_id: uuid.UUID
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """
    A person, an API key or a run. `scopes` and `role` are those in the workspace of the request.

    `user_id` is the person, or the maker of the key (None when that person is gone, and for the
    key of a service account, which `service_account_id` then names). What may be done is asked of
    `apps.tenancy.access`.
    """

    kind: ActorKind
    id: uuid.UUID
    name: str
    email: str | None
    user_id: uuid.UUID | None
    role: str | None = None  # built-in; None when no single one says it all
    role_name: str = ""
    scopes: frozenset[Scope] = frozenset()
    workspace: WorkspaceRef | None = None  # an API key's own; None for a person
    pool: str = ""  # with an agents' key that serves this pool only: its name
    run: RunRef | None = None  # with the key of a run: nothing but this run is open to it
    # Whom rules and teams name: the person's membership of the account (of a personal key: its
    # maker's), or the service account that the key is of.
    member_id: uuid.UUID | None = None
    teams: frozenset[uuid.UUID] = frozenset()
    service_account_id: uuid.UUID | None = None
    is_owner: bool = False  # of the workspace: whom rules do not narrow
    shut: frozenset[Shut] = frozenset()  # objects that rules close to this actor, and for what
    account_role: str | None = None  # of a person, in the account of the request
    account_scopes: frozenset[AccountScope] = frozenset()

    @property
    def is_authenticated(self) -> bool:
        """What DRF and its throttles ask."""
        return True

    def may(self, scope: Scope | AccountScope, *targets: Target) -> bool:
        return access.may(self, scope, *targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What was resolved of somebody who is at a workspace's door, or an account's."""

    actor: Actor
    door: Door
    account: AccountRef
    workspace: WorkspaceRef | None = None  # None at an account's


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """
    Who sends a request, before they are let in anywhere.

    `asked_at` is by the monotonic clock: what is known of them was true then.
    """

    actor: Actor  # a person's holds no scopes yet: those belong to a place
    asked_at: float
    entrance: Entrance | None = None  # of the place in the address; None when they have none there
    session: SessionFacts | None = None  # None for keys
    remembered_as: Hashable | None = None  # in memory; None of what the database just said
