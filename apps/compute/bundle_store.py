"""
Where the bytes of bundles are: the storage `bundles` of the settings, a folder or S3.

Its weather becomes one refusal that may be tried again.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.core.files import File
from django.core.files.storage import Storage, storages

from apps.compute.errors import BundleStoreAway


def save(workspace_id: uuid.UUID, sha256: str, body: IO[bytes]) -> None:
    """Keep the bytes, over what may be there of an interrupted attempt."""
    body.seek(0)
    key = _key(workspace_id, sha256)
    with _weather():
        kept = _storage().save(key, File(body, name=key))
    assert kept == key, "the storage must overwrite: what is called by its hash has one content"


def open_bundle(workspace_id: uuid.UUID, sha256: str) -> IO[bytes] | None:
    """Return the bytes as a file, or None when they are not there."""
    key = _key(workspace_id, sha256)
    with _weather():
        if not _storage().exists(key):
            return None
        return _storage().open(key, "rb")


def is_kept(workspace_id: uuid.UUID, sha256: str) -> bool:
    with _weather():
        return _storage().exists(_key(workspace_id, sha256))


def delete(workspace_id: uuid.UUID, sha256: str) -> None:
    with _weather():
        _storage().delete(_key(workspace_id, sha256))


def delete_some(workspace_id: uuid.UUID, *, limit: int) -> int:
    """Delete up to `limit` bundles of the workspace, those without a row too; return how many."""
    with _weather():
        try:
            _, names = _storage().listdir(str(workspace_id))
        except FileNotFoundError:
            return 0
        for name in names[:limit]:
            _storage().delete(f"{workspace_id}/{name}")
        return len(names[:limit])


def _storage() -> Storage:
    return storages["bundles"]


def _key(workspace_id: uuid.UUID, sha256: str) -> str:
    return f"{workspace_id}/{sha256}.zip"


@contextmanager
def _weather() -> Iterator[None]:
    try:
        yield
    except _kinds() as error:
        raise BundleStoreAway("The bundles cannot be reached; try again in a moment.") from error


def _kinds() -> tuple[type[BaseException], ...]:
    # PERF: botocore takes longer to import than Django, and a folder never needs it.
    vendor = sys.modules.get("botocore.exceptions")
    if vendor is None:
        return (OSError,)
    return (OSError, vendor.BotoCoreError, vendor.ClientError)
