"""Use cases of the world view."""

from apps.lineage.services.aliases import make_alias, take_alias_back
from apps.lineage.services.build import Built, build_world, name_resources, workspaces_with_work
from apps.lineage.services.erase import erase_workspace
from apps.lineage.services.retention import drop_old

__all__ = [
    "Built",
    "build_world",
    "drop_old",
    "erase_workspace",
    "make_alias",
    "name_resources",
    "take_alias_back",
    "workspaces_with_work",
]
