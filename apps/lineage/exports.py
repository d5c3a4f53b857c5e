"""What of the world goes into an export: things, how they and runs touched, what people joined."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from apps.lineage.models import Alias, Relation, Resource, Touch

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "world_resources",
        lambda owner: Resource.objects.for_workspace(owner),
        key=("label", "id"),
        fields=("id", "kind", "namespace", "name", "label", "first_seen", "last_seen", "count"),
    ),
    export_of(
        "world_relations",
        lambda owner: Relation.objects.filter(workspace_id=owner),
        key=("from_id", "id"),
        fields=("id", "from_id", "role", "to_id", "first_seen", "last_seen", "count"),
    ),
    export_of(
        "world_touches",
        lambda owner: Touch.objects.filter(workspace_id=owner),
        key=("run_id", "role", "resource_id"),
        fields=("run_id", "role", "resource_id", "first_seen", "last_seen", "count"),
    ),
    export_of(
        "world_aliases",
        lambda owner: Alias.objects.filter(workspace_id=owner),
        key=("created_at", "id"),
        fields=("id", "alias_id", "target_id", "created_at", "created_by"),
    ),
)
