"""What doors refused, for people who wonder where their data is."""

from __future__ import annotations

import uuid
from datetime import date

from apps.ingest.models import RefusalQuerySet, Refused

LATEST_FIRST = ("-last_at", "-id")


def list_refusals(
    *,
    workspace_id: uuid.UUID,
    door: str | None = None,
    code: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> RefusalQuerySet:
    """Return what was refused by day, door and code; `since` and `until` are days, both counted."""
    found = Refused.objects.for_workspace(workspace_id)
    if door is not None:
        found = found.filter(door=door)
    if code is not None:
        found = found.filter(code=code)
    if since is not None:
        found = found.filter(day__gte=since)
    if until is not None:
        found = found.filter(day__lte=until)
    return found
