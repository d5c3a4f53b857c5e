"""Reads of workspaces."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from apps.core.errors import NotFound
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.models import (
    Workspace,
)
from apps.tenancy.selectors.limits import to_limits

WITH = ("account", "limits")


def to_ref(workspace: Workspace) -> WorkspaceRef:
    """Freeze a workspace that was read with its account and, inside its scope, its limits."""
    return WorkspaceRef(
        id=workspace.id,
        slug=workspace.slug,
        name=workspace.name,
        created_at=workspace.created_at,
        account_id=workspace.account_id,
        account_name=workspace.account.name,
        limits=to_limits(workspace.limits),
        archived_at=workspace.archived_at,
        delete_after=workspace.delete_after,
    )


def get_workspace(*, workspace_id: uuid.UUID) -> WorkspaceRef:
    """Return the workspace; the caller is inside its scope, or a loop."""
    try:
        return to_ref(Workspace.objects.select_related(*WITH).get(pk=workspace_id))
    except Workspace.DoesNotExist:
        raise NotFound("There is no such workspace.") from None


def account_ids_of(*, workspace_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return which account each of these workspaces belongs to."""
    found = Workspace.objects.filter(id__in=workspace_ids)
    return dict(found.values_list("id", "account_id"))


def list_account_workspaces(*, account_id: uuid.UUID) -> list[Workspace]:
    """Return the account's workspaces by name."""
    return list(Workspace.objects.filter(account_id=account_id).order_by("name", "id"))
