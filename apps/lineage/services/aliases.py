"""Two names for one thing, joined by hand, and parted again without loss."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from apps.core.errors import NotFound
from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.lineage.errors import AliasRefused
from apps.lineage.models import Alias, Resource
from apps.tenancy import audit

MOST: Final = 1_000  # in one workspace: each read of the graph looks at all of them


@joined
def make_alias(
    *,
    workspace_id: uuid.UUID,
    alias_id: uuid.UUID,
    target_id: uuid.UUID,
    created_by: dict[str, Any] | None,
    now: datetime,
) -> Alias:
    """
    Show what is known of `alias` as if it had been told of `target`.

    Raises: NotFound, AliasRefused when either stands for something else already.
    """
    # Locked in one order: of two people who join the same two either way, the second is refused.
    ids = sorted({alias_id, target_id})
    found = {
        row.id: row
        for row in Resource.objects.for_workspace(workspace_id)
        .filter(id__in=ids)
        .order_by("id")
        .select_for_update()
    }
    if alias_id not in found or target_id not in found:
        raise NotFound("There is no such resource in this workspace.")
    alias, target = found[alias_id], found[target_id]
    if alias_id == target_id:
        raise AliasRefused("A resource is itself already.", resource_id=str(alias_id))
    if alias.kind != target.kind:
        raise AliasRefused(
            f"A {alias.kind} and a {target.kind} cannot be one thing.", resource_id=str(alias_id)
        )
    known = list(
        Alias.objects.filter(workspace_id=workspace_id).filter(
            Q(alias_id__in=ids) | Q(target_id=alias_id)
        )
    )
    if any(each.alias_id == alias_id for each in known):
        raise AliasRefused("It is an alias already.", resource_id=str(alias_id))
    if any(each.alias_id == target_id for each in known):
        raise AliasRefused(
            "That is an alias itself: choose what it stands for.", resource_id=str(target_id)
        )
    if known:
        raise AliasRefused("Others are aliases of it: part them first.", resource_id=str(alias_id))
    if Alias.objects.filter(workspace_id=workspace_id).count() >= MOST:
        raise AliasRefused(f"The workspace has its {MOST:,} aliases already.")
    row = Alias.objects.create(
        id=uuid7(),
        workspace_id=workspace_id,
        alias=alias,
        target=target,
        created_at=now,
        created_by=created_by,
    )
    _record("alias.created", row, after=_told(row))
    return row


@joined
def take_alias_back(*, workspace_id: uuid.UUID, alias_id: uuid.UUID) -> Alias:
    """Let the two be two again; nothing that was told of either is lost. Raises: NotFound."""
    row = (
        Alias.objects.filter(workspace_id=workspace_id, id=alias_id)
        .select_related("alias", "target")
        .first()
    )
    if row is None:
        raise NotFound("There is no such alias in this workspace.")
    _record("alias.deleted", row, before=_told(row))
    Alias.objects.filter(workspace_id=workspace_id, id=alias_id).delete()
    return row


def _told(row: Alias) -> dict[str, object]:
    return {"alias": row.alias.label, "target": row.target.label, "kind": row.target.kind}


def _record(
    action: str,
    row: Alias,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="alias", id=row.id, name=row.alias.label),
        before=before,
        after=after,
        workspace_id=row.workspace_id,
    )
