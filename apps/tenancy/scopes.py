"""Pure: every scope, and which built-in role has it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """One thing that somebody may do in a workspace; the text is API."""

    WORKSPACE_READ = "workspace:read"
    WORKSPACE_MANAGE = "workspace:manage"
    MEMBERS_READ = "members:read"
    MEMBERS_MANAGE = "members:manage"
    ROLES_MANAGE = "roles:manage"  # rules that narrow who may do what to one object
    AUDIT_READ = "audit:read"
    KEYS_MANAGE = "keys:manage"
    FLOWS_READ = "flows:read"
    DEPLOYMENTS_READ = "deployments:read"
    DEPLOYMENTS_WRITE = "deployments:write"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"  # start, retry
    RUNS_CANCEL = "runs:cancel"
    RUNS_REPORT = "runs:report"  # what an executor does: states, task runs, heartbeats
    POOLS_READ = "pools:read"
    POOLS_WRITE = "pools:write"
    LEASES_TAKE = "leases:take"
    TELEMETRY_READ = "telemetry:read"
    TELEMETRY_WRITE = "telemetry:write"
    TELEMETRY_MANAGE = "telemetry:manage"  # what people make of it: aliases of the world view
    AUTOMATIONS_READ = "automations:read"
    AUTOMATIONS_WRITE = "automations:write"
    CHANNELS_READ = "channels:read"
    CHANNELS_WRITE = "channels:write"
    USAGE_READ = "usage:read"


class AccountScope(StrEnum):
    """One thing that somebody may do for an account, which pays; the text is API."""

    ACCOUNT_READ = "account:read"
    ACCOUNT_MANAGE = "account:manage"  # rename, archive, hand over, delete
    MEMBERS_READ = "members:read"
    MEMBERS_MANAGE = "members:manage"  # invite, change roles, deactivate, remove
    TEAMS_MANAGE = "teams:manage"
    ROLES_MANAGE = "roles:manage"
    SERVICE_ACCOUNTS_MANAGE = "service_accounts:manage"
    WORKSPACES_CREATE = "workspaces:create"
    SSO_MANAGE = "sso:manage"
    SECURITY_MANAGE = "security:manage"  # who may come in: networks, second factors
    AUDIT_READ = "audit:read"
    BILLING_READ = "billing:read"  # plan, usage
    BILLING_MANAGE = "billing:manage"  # buy, change, end


SCOPE_NAMES = [scope.value for scope in Scope]
ACCOUNT_SCOPE_NAMES = [scope.value for scope in AccountScope]


class WorkspaceRole(StrEnum):
    """The built-in roles of a workspace."""

    OWNER = "OWNER"
    DEVELOPER = "DEVELOPER"
    RUNNER = "RUNNER"
    VIEWER = "VIEWER"
    AGENT = "AGENT"  # for keys; a person is not given it


# What needs one of these only looks: the rate class of queries.
READ_SCOPES = frozenset(scope for scope in Scope if scope.value.endswith(":read"))

# What everybody in a workspace may look at: not who changed what in it.
_LOOKS = READ_SCOPES - {Scope.AUDIT_READ}

ROLE_SCOPES: dict[WorkspaceRole, frozenset[Scope]] = {
    WorkspaceRole.OWNER: frozenset(Scope),
    WorkspaceRole.DEVELOPER: frozenset(Scope)
    - {Scope.WORKSPACE_MANAGE, Scope.MEMBERS_MANAGE, Scope.ROLES_MANAGE, Scope.AUDIT_READ},
    WorkspaceRole.RUNNER: _LOOKS | {Scope.RUNS_WRITE, Scope.RUNS_CANCEL},
    WorkspaceRole.VIEWER: _LOOKS,
    WorkspaceRole.AGENT: frozenset(
        {
            Scope.WORKSPACE_READ,
            Scope.LEASES_TAKE,
            Scope.RUNS_REPORT,
            Scope.RUNS_READ,
            Scope.DEPLOYMENTS_READ,
            Scope.POOLS_READ,
            Scope.TELEMETRY_WRITE,
        }
    ),
}


# What of an account can be read; anything else changes it.
ACCOUNT_READ_SCOPES = frozenset(scope for scope in AccountScope if scope.value.endswith(":read"))

# By the names of enums.AccountRole. Keys speak for a workspace and hold none of these.
ACCOUNT_ROLE_SCOPES: dict[str, frozenset[AccountScope]] = {
    "OWNER": frozenset(AccountScope),
    "ADMIN": frozenset(AccountScope) - {AccountScope.ACCOUNT_MANAGE, AccountScope.BILLING_MANAGE},
    "BILLING": frozenset(
        {
            AccountScope.ACCOUNT_READ,
            AccountScope.MEMBERS_READ,
            AccountScope.BILLING_READ,
            AccountScope.BILLING_MANAGE,
        }
    ),
    "MEMBER": frozenset({AccountScope.ACCOUNT_READ, AccountScope.MEMBERS_READ}),
}


def scopes_of(role: str) -> frozenset[Scope]:
    """Return what the role may do."""
    return ROLE_SCOPES[WorkspaceRole(role)]


def known_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of these names; those that are no more are left out."""
    stored = set(names)
    return frozenset(scope for scope in Scope if scope.value in stored)


def sorted_account_scopes(scopes: Iterable[AccountScope]) -> list[str]:
    """Return the scopes' texts in the order of their declaration."""
    held = set(scopes)
    return [scope.value for scope in AccountScope if scope in held]


def sorted_scopes(scopes: Iterable[Scope]) -> list[str]:
    """Return the scopes' texts in the order of their declaration."""
    held = set(scopes)
    return [scope.value for scope in Scope if scope in held]
