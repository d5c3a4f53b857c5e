"""Take code in, and give it out."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime
from typing import IO, TYPE_CHECKING

import structlog
from django.db import DatabaseError, connection

from apps.compute import archive, bundle_store
from apps.compute.errors import BundleInvalid, BundleStoreAway
from apps.flows import selectors as flow_selectors
from apps.flows import services as flows
from apps.tenancy.isolation import workspace_scope

if TYPE_CHECKING:
    from apps.flows.models import CodeBundle

logger = structlog.get_logger(__name__)


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
