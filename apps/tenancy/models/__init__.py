"""Who pays, who belongs, who may: accounts, workspaces, members, roles, keys, what was changed."""

from django.db import models
from django.db.models.functions import Length

from apps.tenancy.models.accounts import (
    Account,
    AccountLimits,
    CustomRole,
    Invitation,
    Member,
    ServiceAccount,
    Team,
    TeamMember,
)
from apps.tenancy.models.audit import AuditEntry, AuditStream, PendingAuditEntry
from apps.tenancy.models.keys import ApiKey, ApiKeyQuerySet, RunKey
from apps.tenancy.models.workspaces import (
    ObjectRule,
    RoleAssignment,
    RoleAssignmentQuerySet,
    Workspace,
    WorkspaceLimits,
)

models.CharField.register_lookup(Length)

__all__ = [
    "Account",
    "AccountLimits",
    "ApiKey",
    "ApiKeyQuerySet",
    "AuditEntry",
    "AuditStream",
    "CustomRole",
    "Invitation",
    "Member",
    "ObjectRule",
    "PendingAuditEntry",
    "RoleAssignment",
    "RoleAssignmentQuerySet",
    "RunKey",
    "ServiceAccount",
    "Team",
    "TeamMember",
    "Workspace",
    "WorkspaceLimits",
]
