"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models

from apps.core.erasure import erase_rows
from apps.lineage.models import (
    Alias,
    Facet,
    KnownRun,
    Reading,
    Relation,
    Resource,
    SchemaSighting,
    SchemaVersion,
    Touch,
)

_KEYED: Final[tuple[tuple[type[models.Model], tuple[str, ...]], ...]] = (
    (Touch, ("run_id", "role", "resource_id")),
    (KnownRun, ("run_id",)),
    (Facet, ("resource_id", "name")),
    (SchemaVersion, ("resource_id", "hash")),
    (SchemaSighting, ("resource_id", "day", "hash")),
    (Reading, ("resource_id", "measure", "hour")),
)


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace; return how many."""
    if rows := erase_rows((Alias, Relation), workspace_id=workspace_id, limit=limit):
        return rows
    for model, key in _KEYED:
        if rows := erase_rows((model,), workspace_id=workspace_id, limit=limit, key=key):
            return rows
    return erase_rows((Resource,), workspace_id=workspace_id, limit=limit)
