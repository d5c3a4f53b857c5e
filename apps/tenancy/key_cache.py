"""
Remember who somebody is and what they may do for one second, so that it costs no query a request.

By the hash of an API key, or by a session and the place in the address. The second is the promise
that whoever is revoked, demoted or removed can do nothing more within one second, on every process:
it is counted from before the database was asked.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import replace
from threading import Lock

from django.db import transaction

from apps.tenancy.actors import Caller

REMEMBERED_SECONDS = 1.0
_MAX_ENTRIES = 10_000

_entries: dict[Hashable, Caller] = {}
_lock = Lock()


def find(key: Hashable) -> Caller | None:
    entry = _entries.get(key)
    if entry is None or time.monotonic() >= entry.asked_at + REMEMBERED_SECONDS:
        return None
    return entry


def remember(key: Hashable, caller: Caller) -> None:
    with _lock:
        if len(_entries) >= _MAX_ENTRIES:
            _entries.clear()
        _entries[key] = replace(caller, remembered_as=key)


def forget(key: Hashable) -> None:
    _entries.pop(key, None)


def forget_all() -> None:
    _entries.clear()


def forget_changed() -> None:
    """
    Let this process see at once what is being changed; the others do within the second.

    Now, for who reads on in the same transaction, and after the commit, because another thread may
    have asked before it. Of everybody: changes are rare, and a team or a role has many members.
    """
    forget_all()
    transaction.on_commit(forget_all)
