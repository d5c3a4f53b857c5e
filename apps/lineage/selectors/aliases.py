"""Which resources people said are one."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet

from apps.lineage.models import Alias


@dataclass(slots=True)
class Aliases:
    """All aliases of a workspace (there are at most `services.aliases.MOST`)."""

    target_of: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    aliases_of: dict[uuid.UUID, list[uuid.UUID]] = field(default_factory=lambda: defaultdict(list))

    def one(self, resource_id: uuid.UUID) -> uuid.UUID:
        """Return what the resource is shown as."""
        return self.target_of.get(resource_id, resource_id)

    def all(self, resource_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
        """Return the resources with all their aliases."""
        found: list[uuid.UUID] = []
        for resource_id in resource_ids:
            found.append(resource_id)
            found += self.aliases_of.get(resource_id, ())
        return found


def aliases_in(*, workspace_id: uuid.UUID) -> Aliases:
    """Return the workspace's aliases, for reads that follow relations."""
    found = Aliases()
    rows = Alias.objects.filter(workspace_id=workspace_id).order_by("alias_id")
    for alias_id, target_id in rows.values_list("alias_id", "target_id"):
        found.target_of[alias_id] = target_id
        found.aliases_of[target_id].append(alias_id)
    return found


def list_aliases(*, workspace_id: uuid.UUID) -> QuerySet[Alias]:
    """Return aliases with both their resources."""
    return Alias.objects.filter(workspace_id=workspace_id).select_related("alias", "target")
