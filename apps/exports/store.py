"""Where the bytes of exports are: the storage `exports` of the settings, a folder or S3."""

from __future__ import annotations

import uuid
from typing import IO

from django.core.files import File
from django.core.files.storage import Storage, storages


def save(key: str, body: IO[bytes]) -> None:
    body.seek(0)
    kept = _storage().save(key, File(body, name=key))
    assert kept == key, "the storage must overwrite: what is at a key was left by a killed worker"


def open_file(key: str) -> IO[bytes]:
    """Raises: FileNotFoundError."""
    return _storage().open(key, "rb")


def delete_all(job_id: uuid.UUID, *, but: str = "") -> None:
    """Delete what an export left in the storage, also what a killed worker left unnoted."""
    try:
        _, names = _storage().listdir(str(job_id))
    except FileNotFoundError:
        return
    for name in names:
        if (key := f"{job_id}/{name}") != but:
            _storage().delete(key)


def _storage() -> Storage:
    return storages["exports"]
