"""Take code in, and give it out."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING

import structlog
from django.db import DatabaseError, connection

from apps.compute import archive, bundle_store
from apps.compute.errors import BundleInvalid, BundleStoreAway
from apps.flows import selectors as flow_selectors
from apps.flows import services as flows
from apps.runs import selectors as runs
from apps.tenancy.isolation import workspace_scope

if TYPE_CHECKING:
    from apps.flows.models import CodeBundle

logger = structlog.get_logger(__name__)
UNUSED_FOR = timedelta(days=1)  # since the upload: time enough to deploy what was uploaded
DROPPED_AT_ONCE = 200
PAGE = 500  # deployments


def store_bundle(
    *, workspace_id: uuid.UUID, sha256: str, body: IO[bytes], size_bytes: int, now: datetime
) -> tuple[CodeBundle, bool]:
    """
    Keep a bundle's bytes and then note that they are kept; return its row, and whether it is new.

    Both or neither: there is no row without bytes, and bytes whose row could not be written are
    taken away again. Uploads of the same bundle take turns, so that one that fails cannot take away
    what the other has just stored. That is why the bytes travel inside the transaction, against the
    habit: it holds one lock, which only twins of this upload want.
    Raises: BundleInvalid, BundleStoreAway.
    """
    if archive.hash_of(body) != sha256:
        raise BundleInvalid("The bytes do not have the hash of the address.", reason="checksum")
    found = archive.inspect(body, size_bytes=size_bytes)
    if isinstance(found, archive.Fault):
        raise BundleInvalid(found.message, reason=found.reason)
    try:
        with workspace_scope(workspace_id):
            _take_turns(workspace_id, sha256)
            if not _is_whole(workspace_id, sha256):
                bundle_store.save(workspace_id, sha256, body)
            bundle, is_new = flows.record_bundle(
                workspace_id=workspace_id,
                sha256=sha256,
                size_bytes=found.size_bytes,
                files=found.files,
                now=now,
            )
    except (DatabaseError, BundleStoreAway):
        _take_away_unless_noted(workspace_id, sha256)
        raise
    if is_new:
        logger.info("bundle.stored", size_bytes=found.size_bytes, files=found.files)
    return bundle, is_new


def find_bundle(*, workspace_id: uuid.UUID, sha256: str) -> CodeBundle | None:
    """
    Return the bundle if its bytes can be had, else None: then it is to be uploaded (again).

    Raises: BundleStoreAway.
    """
    with workspace_scope(workspace_id):
        bundle = flow_selectors.find_bundle(workspace_id=workspace_id, sha256=sha256)
    if bundle is None or not bundle_store.is_kept(workspace_id, sha256):
        return None
    return bundle


def drop_unused_bundles(*, now: datetime) -> int:
    """
    Delete bundles older than a day that nobody can execute any more; return how many. For loops.

    In use is what a standing deployment names, and a deleted one whose runs have not all ended. A
    store that is away ends the round: the next one goes on.
    """
    _let_go_of_deleted()
    unused = flow_selectors.list_unused_bundles(before=now - UNUSED_FOR, limit=DROPPED_AT_ONCE)
    dropped = 0
    for bundle in unused:
        try:
            dropped += _drop(bundle.workspace_id, bundle.id, bundle.sha256)
        except BundleStoreAway as error:
            logger.warning("bundles.not_dropped", error=str(error.__cause__)[:500])
            break
    return dropped


def _let_go_of_deleted() -> None:
    after: uuid.UUID | None = None
    while page := flow_selectors.list_deleted_with_code(after=after, limit=PAGE):
        after = page[-1]
        busy = runs.deployments_with_unfinished_runs(deployment_ids=page)
        flows.let_go_of_code(deployment_ids=set(page) - busy)


def _drop(workspace_id: uuid.UUID, bundle_id: uuid.UUID, sha256: str) -> bool:
    # Bytes first, both under the locks of uploads and of deploys: whoever is killed in between
    # leaves an unused row without bytes, which is not found, and dropped by the next round.
    with workspace_scope(workspace_id):
        _take_turns(workspace_id, sha256)
        bundle = flows.lock_unused_bundle(workspace_id=workspace_id, bundle_id=bundle_id)
        if bundle is None:
            return False
        bundle_store.delete(workspace_id, sha256)
        flows.forget_bundle(bundle=bundle)
    return True


def _is_whole(workspace_id: uuid.UUID, sha256: str) -> bool:
    noted = flow_selectors.find_bundle(workspace_id=workspace_id, sha256=sha256) is not None
    return noted and bundle_store.is_kept(workspace_id, sha256)


def _take_turns(workspace_id: uuid.UUID, sha256: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"bundle:{workspace_id}:{sha256}"],
        )


def _take_away_unless_noted(workspace_id: uuid.UUID, sha256: str) -> None:
    # The caller raises what went wrong first; what cannot be tidied now is overwritten by the next
    # upload and offered by nobody until then.
    with suppress(DatabaseError, BundleStoreAway), workspace_scope(workspace_id):
        _take_turns(workspace_id, sha256)
        if flow_selectors.find_bundle(workspace_id=workspace_id, sha256=sha256) is None:
            bundle_store.delete(workspace_id, sha256)
