"""
Keys of events as bytes: what a pending batch holds for those who read the events themselves.

Pure. Each key is 24 bytes: microseconds since 1970 as a big-endian integer, then the id.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.telemetry.deltas import EPOCH, MICROSECOND, moment

KEY_BYTES: Final = 24
Key = tuple[datetime, UUID]  # occurred_at, id

_key = struct.Struct(">q16s")


def pack(keys: Iterable[Key]) -> list[bytes]:
    """Return each key as bytes; joined they are what `unpack` reads."""
    pack_key = _key.pack
    return [pack_key((at - EPOCH) // MICROSECOND, id_.bytes) for at, id_ in keys]


def unpack(data: bytes | memoryview) -> list[Key]:
    """Return the keys whose bytes, as `pack` makes them, are joined here."""
    return [(moment(at_us), UUID(bytes=id_)) for at_us, id_ in _key.iter_unpack(data)]
