"""
Pure: may somebody do something, to what; if not, why not; and who may come in at all.

Every decision on access is made here: views, services, streams and what the UI shows as disabled
ask the same functions. What they decide on was resolved by selectors.access.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal, Protocol

from apps.core.errors import DomainError, PermissionDenied
from apps.tenancy.errors import (
    AccountArchived,
    AddressNotAllowed,
    MfaRequired,
    ObjectRestricted,
    SsoRequired,
    WorkspaceArchived,
)
from apps.tenancy.scopes import (
    ROLE_SCOPES,
    AccountScope,
    Scope,
    WorkspaceRole,
    known_scopes,
    scopes_of,
)

Network = IPv4Network | IPv6Network
OWNER: Final = "OWNER"


class Kind(StrEnum):
    """What rules can narrow, by the names of enums.ObjectKind."""

    POOL = "POOL"
    DEPLOYMENT = "DEPLOYMENT"
    BLOCK = "BLOCK"


# For which scopes a rule may narrow an object: those that somebody asks about. A rule that nobody
# asks about would be a promise that nobody keeps.
NARROWABLE: Final[Mapping[Kind, frozenset[Scope]]] = {
    Kind.POOL: frozenset(
        {
            Scope.RUNS_WRITE,  # start or retry a run there
            Scope.RUNS_CANCEL,
            Scope.DEPLOYMENTS_WRITE,  # put a deployment there, change one that is there
            Scope.POOLS_WRITE,
            Scope.LEASES_TAKE,
        }
    ),
    Kind.DEPLOYMENT: frozenset({Scope.RUNS_WRITE, Scope.RUNS_CANCEL, Scope.DEPLOYMENTS_WRITE}),
    Kind.BLOCK: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Target:
    """One object that rules may narrow."""

    kind: Kind
    id: uuid.UUID


def pool(pool_id: uuid.UUID) -> Target:
    return Target(Kind.POOL, pool_id)


def deployment(deployment_id: uuid.UUID) -> Target:
    return Target(Kind.DEPLOYMENT, deployment_id)


def run_targets(
    *, deployment_id: uuid.UUID | None, pool_id: uuid.UUID | None
) -> tuple[Target, ...]:
    """Return what a run, or a deployment, stands under: its deployment and its pool, if any."""
    return (
        *((deployment(deployment_id),) if deployment_id else ()),
        *((pool(pool_id),) if pool_id else ()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Names one for whom an object stays open for a scope; the others are thereby shut out."""

    target: Target
    scope: str
    member_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    service_account_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One role that somebody has in a workspace, by themselves or through a team."""

    role: str | None  # built-in; None: one of the account's own, whose scopes these are
    name: str = ""  # of a role of the account's own
    custom_scopes: Collection[str] = ()
    team_id: uuid.UUID | None = None

    @property
    def scopes(self) -> frozenset[Scope]:
        return scopes_of(self.role) if self.role else known_scopes(self.custom_scopes)

    @property
    def title(self) -> str:
        return role_title(self.role) if self.role else self.name


def role_title(role: str) -> str:
    """Return what people call a built-in role."""
    return role.capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What somebody holds in a workspace: the union of all their grants there."""

    scopes: frozenset[Scope] = frozenset()
    role: str | None = None  # the built-in one that says it all, if one does
    role_name: str = ""
    is_owner: bool = False  # whom rules do not narrow


NOTHING: Final = Held()


def hold(grants: Iterable[Grant], *, account_role: str | None = None) -> Held:
    """Unite the grants; an owner of the account owns all its workspaces."""
    held = [*grants]
    if account_role == OWNER:
        held.append(Grant(role=OWNER))
    if not held:
        return NOTHING
    scopes = frozenset[Scope]().union(*(grant.scopes for grant in held))
    whole = [grant for grant in held if grant.scopes == scopes]
    named = next((grant for grant in whole if grant.role), None)
    titles = sorted({grant.title for grant in whole})[:1] or sorted({g.title for g in held})
    return Held(
        scopes=scopes,
        role=named.role if named else None,
        role_name=named.title if named else ", ".join(titles),
        is_owner=any(grant.role == OWNER for grant in held),
    )


Shut = tuple[Target, str]  # an object, and the scope for which it is not open


def shut_for(
    rules: Iterable[Rule],
    *,
    is_owner: bool,
    member_id: uuid.UUID | None = None,
    team_ids: Collection[uuid.UUID] = (),
    service_account_id: uuid.UUID | None = None,
) -> frozenset[Shut]:
    """Return which objects are not open to somebody for which scopes; to owners all are."""
    if is_owner:
        return frozenset()
    narrowed: set[Shut] = set()
    named: set[Shut] = set()
    for rule in rules:
        place = (rule.target, rule.scope)
        narrowed.add(place)
        if (
            (rule.member_id is not None and rule.member_id == member_id)
            or (rule.team_id is not None and rule.team_id in team_ids)
            or (
                rule.service_account_id is not None
                and rule.service_account_id == service_account_id
            )
        ):
            named.add(place)
    return frozenset(narrowed - named)


class Asker(Protocol):
    """What is asked of an actor."""

    @property
    def scopes(self) -> frozenset[Scope]: ...

    @property
    def account_scopes(self) -> frozenset[AccountScope]: ...

    @property
    def shut(self) -> frozenset[Shut]: ...


@dataclass(frozen=True, slots=True)
class _Anybody:
    scopes: frozenset[Scope] = frozenset()
    account_scopes: frozenset[AccountScope] = frozenset()
    shut: frozenset[Shut] = frozenset()


# Headway itself: a loop, a deadline; and who has left.
HEADWAY: Final[Asker] = _Anybody(scopes=frozenset(Scope), account_scopes=frozenset(AccountScope))
NOBODY: Final[Asker] = _Anybody()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why not; `code` is API, the message is for people."""

    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}

    def error(self) -> DomainError:
        error = _ERRORS[self.code](self.message)
        error.details = dict(self.details)
        return error


_ERRORS: Final[Mapping[str, type[DomainError]]] = {
    each.code: each
    for each in (
        PermissionDenied,
        ObjectRestricted,
        MfaRequired,
        SsoRequired,
        AddressNotAllowed,
        AccountArchived,
        WorkspaceArchived,
    )
}


def may(actor: Asker, scope: Scope | AccountScope, *targets: Target) -> bool:
    """Say whether the actor may do this, to each of the targets."""
    if isinstance(scope, AccountScope):
        return scope in actor.account_scopes
    return scope in actor.scopes and not any(
        (target, scope.value) in actor.shut for target in targets
    )


def is_open(actor: Asker, scope: Scope, *targets: Target) -> bool:
    """Say whether no rule shuts the actor out, whatever scopes they hold."""
    return not any((target, scope.value) in actor.shut for target in targets)


def why_not(actor: Asker, scope: Scope | AccountScope, *targets: Target) -> Refusal | None:
    """Return why the actor may not do this to one of the targets; None when they may."""
    if may(actor, scope, *targets):
        return None
    if isinstance(scope, AccountScope):
        return Refusal(
            code=PermissionDenied.code,
            message=f"This needs the scope {scope.value} in the account.",
            details={"scope": scope.value},
        )
    if scope not in actor.scopes:
        return Refusal(
            code=PermissionDenied.code,
            message=f"This needs the scope {scope.value}.",
            details={"scope": scope.value},
        )
    return _restricted(actor, scope, targets)


def _restricted(actor: Asker, scope: Scope, targets: Iterable[Target]) -> Refusal:
    target = next(target for target in targets if (target, scope.value) in actor.shut)
    return Refusal(
        code=ObjectRestricted.code,
        message=(
            f"Only those whom the rules of this {target.kind.value.lower()} name may use"
            f" {scope.value} on it."
        ),
        details={
            "scope": scope.value,
            "object_kind": target.kind.value,
            "object_id": str(target.id),
        },
    )


def require(actor: Asker, scope: Scope | AccountScope, *targets: Target) -> None:
    """Raises: PermissionDenied, naming the scope; ObjectRestricted, naming the object too."""
    refusal = why_not(actor, scope, *targets)
    if refusal is not None:
        raise refusal.error()


def require_open(actor: Asker, scope: Scope, *targets: Target) -> None:
    """Raises: ObjectRestricted when a rule shuts the actor out, whatever scopes they hold."""
    if not is_open(actor, scope, *targets):
        raise _restricted(actor, scope, targets).error()


def may_body(
    actor: Asker, scopes: Iterable[Scope], *targets: Target
) -> dict[str, Literal[True] | dict[str, str]]:
    """Return what the actor may do to an object, as its answer says it: true, or why not."""
    return {
        scope.value: True if refusal is None else refusal.as_json()
        for scope in sorted(scopes)
        for refusal in [why_not(actor, scope, *targets)]
    }


def refuse_opening(opened: Iterable[Shut]) -> None:
    """
    Let nobody give others, or themselves by another name, what rules close to them.

    `opened` is what would be open that is closed to who gives it.
    Raises: ObjectRestricted, naming one of the objects.
    """
    first = min(opened, key=lambda each: (each[0].kind, each[0].id, each[1]), default=None)
    if first is None:
        return
    target, scope = first
    raise Refusal(
        code=ObjectRestricted.code,
        message=(
            f"Rules close a {target.kind.value.lower()} to you for {scope}, and this would open it."
        ),
        details={"scope": scope, "object_kind": target.kind.value, "object_id": str(target.id)},
    ).error()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """What a browser's session proves."""

    mfa: bool = False
    sso_account_id: uuid.UUID | None = None  # whose identity provider vouched at sign-in
    signed_in_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What an account, and the workspace, ask of who comes in."""

    account_id: uuid.UUID
    account_archived: bool = False
    workspace_archived: bool = False
    require_mfa: bool = False
    sso_required: bool = False
    networks: tuple[Network, ...] = ()


def read_networks(cidrs: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks; addresses within one may have bits set beyond its mask."""
    return tuple(ip_network(cidr, strict=False) for cidr in cidrs)


def is_inside(address: str, networks: Collection[Network]) -> bool:
    """Say whether the address lies in one of the networks; what is no address lies in none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found.version == network.version and found in network for network in networks)


def admission(
    door: Door,
    *,
    session: SessionFacts | None,
    address: str | None,
    writes: bool,
    is_account_owner: bool = False,
) -> Refusal | None:
    """
    Return why somebody may not come in; None when they may.

    `session` is None for keys, of which no sign-in is asked; `address` None for the keys of runs,
    which our own machines hold. What is archived can be read and not changed.
    """
    details = {"account_id": str(door.account_id)}
    if door.networks and address is not None and not is_inside(address, door.networks):
        return Refusal(
            code=AddressNotAllowed.code,
            message="The account admits nobody from this network address.",
            details=details | {"address": address},
        )
    if session is not None and session.sso_account_id != door.account_id:
        # Whoever came through the account's own provider was asked there for what it wants.
        if door.sso_required and not breaks_glass(
            door, session=session, is_account_owner=is_account_owner
        ):
            return Refusal(
                code=SsoRequired.code,
                message="The account asks its members to sign in through its identity provider.",
                details=details,
            )
        if door.require_mfa and not session.mfa:
            return Refusal(
                code=MfaRequired.code,
                message="The account asks its members for a second factor; sign in with one.",
                details=details,
            )
    if writes and door.account_archived:
        return Refusal(
            code=AccountArchived.code,
            message="The account is archived; it can be looked at, not changed.",
            details=details,
        )
    if writes and door.workspace_archived:
        return Refusal(
            code=WorkspaceArchived.code,
            message="The workspace is archived; it can be looked at, not changed.",
        )
    return None


def breaks_glass(door: Door, *, session: SessionFacts, is_account_owner: bool) -> bool:
    """
    Say whether this is an owner who comes in past the identity provider that the account asks for.

    They may, by a sign-in of their own, with their second factor if they have one: else an account
    whose provider is broken could be repaired by nobody. Not by the provider of another account.
    """
    return door.sso_required and is_account_owner and session.sso_account_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A role of an account's own against the built-in one that it is based on."""

    adds: frozenset[Scope]
    lacks: frozenset[Scope]


def difference(scopes: Iterable[str], based_on: str) -> Difference:
    """Say what the scopes add to a built-in role, and what they lack of it."""
    held, base = known_scopes(scopes), ROLE_SCOPES[WorkspaceRole(based_on)]
    return Difference(adds=held - base, lacks=base - held)
