"""Entries of the log, in bulk."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from apps.core.ids import uuid7
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry


def write_entry(workspace: WorkspaceRef, at: datetime, **columns: Any) -> AuditEntry:
    """One entry of the workspace's account."""
    (entry,) = write_entries(workspace, [at], **columns)
    return entry


def write_entries(
    workspace: WorkspaceRef, moments: list[datetime], **columns: Any
) -> list[AuditEntry]:
    """One entry for each moment, alike but for that."""
    own: dict[str, Any] = {
        "workspace_id": workspace.id,
        "actor_kind": "user",
        "actor_id": uuid.UUID(int=1),
        "actor_name": "Ann",
        "action": "pool.created",
        "object_kind": "pool",
        "object_id": "p1",
        "object_name": "default",
    }
    with account_scope(workspace.account_id):
        return AuditEntry.objects.bulk_create(
            AuditEntry(
                id=uuid7(at), account_id=workspace.account_id, occurred_at=at, **own | columns
            )
            for at in moments
        )
