"""Know which code was uploaded."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from apps.core.transactions import joined
from apps.flows.models import CodeBundle, Deployment
from apps.flows.services.versions import bundle_is_in_use


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


@joined
def lock_unused_bundle(*, workspace_id: uuid.UUID, bundle_id: uuid.UUID) -> CodeBundle | None:
    """
    Return the bundle if nothing that may run names it, and let nothing until the commit; else None.

    None as well while a deploy is about to name it. For loops.
    """
    # Two statements: the second one sees a deployment that came while the first one locked.
    bundle = (
        CodeBundle.objects.for_workspace(workspace_id)
        .select_for_update(skip_locked=True)
        .filter(pk=bundle_id)
        .first()
    )
    if bundle is None or bundle_is_in_use(bundle):
        return None
    return bundle


@joined
def forget_bundle(*, bundle: CodeBundle) -> None:
    """Take the row of a locked, unused bundle away; its bytes are gone. For loops."""
    bundle.delete()


@joined
def let_go_of_code(*, deployment_ids: Collection[uuid.UUID]) -> int:
    """Let deleted deployments name no bundle any more; return how many did. For loops."""
    return (
        Deployment.objects.filter(id__in=deployment_ids, deleted_at__isnull=False)
        .exclude(bundle=None)
        .update(bundle=None, requirements=[], cpu_units=None, memory_mb=None)
    )
