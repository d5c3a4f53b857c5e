"""Let go of what a deleted workspace had."""

from __future__ import annotations

import uuid
from typing import Final

from apps.core.erasure import erase_rows
from apps.ingest.models import EventSchema, EventSchemaVersion, Refused, SeenDelivery, Webhook

_TABLES: Final = (Refused, SeenDelivery, Webhook, EventSchemaVersion, EventSchema)


def erase_workspace(*, workspace_id: uuid.UUID, limit: int) -> int:
    """Delete up to `limit` rows of the workspace; return how many."""
    return erase_rows(_TABLES, workspace_id=workspace_id, limit=limit)
