"""Ids made on this side: UUIDv7, so they sort by the time they were made."""

from __future__ import annotations

import os
import time

_RANDOM_BITS = (1 << 62) - 1
_VARIANT = 1 << 63

_last_tick = 0


def uuid7() -> str:
    """
    Return a new UUIDv7; ids of one thread grow strictly.

    Two threads may read the same tick; the 62 random bits keep their ids apart.

    >>> first, second = uuid7(), uuid7()
    >>> first < second, len(first), first[14]
    (True, 36, '7')
    """
    global _last_tick
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    tick = (milliseconds << 12) | ((nanoseconds << 12) // 1_000_000)
    if tick <= _last_tick:
        tick = _last_tick + 1
    _last_tick = tick
    tail = (int.from_bytes(os.urandom(8), "big") & _RANDOM_BITS) | _VARIANT
    digits = f"{tick >> 12:012x}7{tick & 0xFFF:03x}{tail:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
