"""Know which code was uploaded."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.core.transactions import joined
from apps.flows.models import CodeBundle


@joined
def record_bundle(
    *, workspace_id: uuid.UUID, sha256: str, size_bytes: int, files: int, now: datetime
) -> tuple[CodeBundle, bool]:
    """Note that the bytes of a bundle are kept; return its row, and whether it is new."""
    return CodeBundle.objects.for_workspace(workspace_id).get_or_create(
        workspace_id=workspace_id,
        sha256=sha256,
        defaults={"size_bytes": size_bytes, "files": files, "created_at": now},
    )
