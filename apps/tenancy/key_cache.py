"""
Remember who is behind an API key for one second, so that a busy sender costs no query a request.

The second is the promise that a revoked key stops working everywhere within one second.
"""

from __future__ import annotations

import time
from threading import Lock

from apps.tenancy.actors import Actor

REMEMBERED_SECONDS = 1.0
_MAX_ENTRIES = 10_000

_entries: dict[str, tuple[float, Actor]] = {}
_lock = Lock()


def find(secret_hash: str) -> Actor | None:
    entry = _entries.get(secret_hash)
    if entry is None or entry[0] < time.monotonic():
        return None
    return entry[1]


def remember(secret_hash: str, actor: Actor) -> None:
    with _lock:
        if len(_entries) >= _MAX_ENTRIES:
            _entries.clear()
        _entries[secret_hash] = (time.monotonic() + REMEMBERED_SECONDS, actor)


def forget(secret_hash: str) -> None:
    _entries.pop(secret_hash, None)


def forget_all() -> None:
    """For tests: each starts with nobody remembered."""
    _entries.clear()
