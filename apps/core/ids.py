"""UUIDv7 made in Python, so that no database version is required to know them (RFC 9562 §5.7)."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from hashlib import blake2b
from threading import Lock
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = (1 << 74) - 1
_LAST_MS = 253_402_300_799_999  # the end of year 9999, with which `datetime` ends
_COUNTER_STEP = 1 << 50  # leaves 24 bits of counter above 50 random ones within one millisecond

_lock = Lock()
_last_ms = 0
_last_tail = 0


def _assemble(milliseconds: int, tail: int) -> UUID:
    """Put 48 bits of time and 74 bits of `tail` around the version and variant bits."""
    high, low = tail >> 62, tail & ((1 << 62) - 1)
    return UUID(int=(milliseconds & ((1 << 48) - 1)) << 80 | _VERSION | high << 64 | _VARIANT | low)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def uuid7(at: datetime | None = None) -> UUID:
    """
    Return a new UUIDv7, by the wall clock or for the moment `at`.

    Ids made by one process without `at` grow strictly, also within one millisecond.
    """
    global _last_ms, _last_tail
    fresh = int.from_bytes(os.urandom(10), "big") & _RANDOM_BITS
    if at is not None:
        return _assemble(_milliseconds(at), fresh)
    now = time.time_ns() // 1_000_000
    with _lock:
        if now > _last_ms:
            # The top bit starts at 0, so that the counter has room before it would overflow.
            _last_ms, _last_tail = now, fresh >> 1
        else:
            _last_tail += _COUNTER_STEP | (fresh >> 30)
            if _last_tail > _RANDOM_BITS:
                _last_ms, _last_tail = _last_ms + 1, fresh >> 1
        return _assemble(_last_ms, _last_tail)


def derived_uuid7(at: datetime, *parts: str) -> UUID:
    """Return the UUIDv7 that belongs to these parts at this moment: the same input, the same id."""
    digest = blake2b("\x1f".join(parts).encode(), digest_size=10).digest()
    microseconds = at.microsecond % 1000
    tail = int.from_bytes(digest, "big") ^ microseconds
    return _assemble(_milliseconds(at), tail & _RANDOM_BITS)


def uuid7_floor(at: datetime) -> UUID:
    """Return the smallest UUIDv7 of the millisecond of `at`; bounds of partitions and ranges."""
    return _assemble(_milliseconds(at), 0)


def uuid7_time(value: UUID) -> datetime:
    """
    Return the moment that the id carries, to the millisecond.

    Somebody may make up an id of a year that no calendar has: the last moment stands for it.
    """
    return datetime.fromtimestamp(min(value.int >> 80, _LAST_MS) / 1000, tz=UTC)
