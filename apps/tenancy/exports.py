"""What of people and access goes into an export: no hash of any key or token."""

from __future__ import annotations

import uuid
from typing import Final

from apps.core.exports import Cursor, ExportKind, ExportPage, Source, export_of
from apps.tenancy.models import (
    Account,
    ApiKey,
    AuditEntry,
    CustomRole,
    Invitation,
    Member,
    ObjectRule,
    RoleAssignment,
    ServiceAccount,
    Team,
    TeamMember,
    Workspace,
)
from apps.tenancy.selectors.forgotten import forget_names

KEY = ("created_at", "id")
_AUDIT = (
    "id",
    "occurred_at",
    "workspace_id",
    "actor_kind",
    "actor_id",
    "actor_name",
    "on_behalf_of_id",
    "on_behalf_of_name",
    "action",
    "object_kind",
    "object_id",
    "object_name",
    "before",
    "after",
    "address",
    "user_agent",
    "request_id",
)


def _log(source: Source) -> ExportKind:
    """Return the log as the lists tell it: without the names of people who are gone."""
    fields = (*_AUDIT, "object_person_id")
    plain = export_of("audit", source, key=("occurred_at", "id"), fields=fields)

    def read(owner_id: uuid.UUID, after: Cursor | None, limit: int) -> ExportPage:
        page = plain.read(owner_id, after, limit)
        entries = [AuditEntry(**row) for row in page.rows]
        forget_names(entries)
        rows = [{name: getattr(entry, name) for name in _AUDIT} for entry in entries]
        return ExportPage(rows=rows, cursor=page.cursor)

    return ExportKind("audit", read)


WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "workspace",
        lambda owner: Workspace.objects.filter(pk=owner),
        key=KEY,
        fields=("id", "created_at", "account_id", "name", "slug", "archived_at"),
    ),
    export_of(
        "roles",
        lambda owner: RoleAssignment.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "member_id",
            "user__email",
            "team_id",
            "service_account_id",
            "role",
            "custom_role_id",
        ),
    ),
    export_of(
        "rules",
        lambda owner: ObjectRule.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "object_kind",
            "object_id",
            "scope",
            "member_id",
            "team_id",
            "service_account_id",
        ),
    ),
    export_of(
        "keys",
        lambda owner: ApiKey.objects.filter(workspace_id=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "name",
            "prefix",
            "scopes",
            "role",
            "pool",
            "created_by__email",
            "service_account_id",
            "expires_at",
            "last_used_at",
            "revoked_at",
        ),
    ),
    _log(lambda owner: AuditEntry.objects.filter(workspace_id=owner)),
)
ACCOUNT_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "account",
        lambda owner: Account.objects.filter(pk=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "name",
            "archived_at",
            "require_mfa",
            "sso_required",
            "allowed_networks",
        ),
    ),
    export_of(
        "members",
        lambda owner: Member.objects.for_account(owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "user_id",
            "user__email",
            "user__name",
            "role",
            "source",
            "deactivated_at",
            "last_seen_at",
        ),
    ),
    export_of(
        "teams",
        lambda owner: Team.objects.filter(account_id=owner),
        key=KEY,
        fields=("id", "created_at", "name", "description", "external_id"),
    ),
    export_of(
        "team_members",
        lambda owner: TeamMember.objects.filter(account_id=owner),
        key=KEY,
        fields=("id", "created_at", "team_id", "member_id"),
    ),
    export_of(
        "custom_roles",
        lambda owner: CustomRole.objects.filter(account_id=owner),
        key=KEY,
        fields=("id", "created_at", "name", "description", "based_on", "scopes"),
    ),
    export_of(
        "service_accounts",
        lambda owner: ServiceAccount.objects.filter(account_id=owner),
        key=KEY,
        fields=("id", "created_at", "name", "description", "disabled_at"),
    ),
    export_of(
        "invitations",
        lambda owner: Invitation.objects.filter(account_id=owner),
        key=KEY,
        fields=(
            "id",
            "created_at",
            "email",
            "account_role",
            "grants",
            "team_ids",
            "invited_by__email",
            "sent_at",
            "expires_at",
            "accepted_at",
            "revoked_at",
        ),
    ),
    _log(lambda owner: AuditEntry.objects.filter(account_id=owner)),
)
