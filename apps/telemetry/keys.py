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

from apps.telemetry.deltas import microseconds, moment

KEY_BYTES: Final = 24
Key = tuple[datetime, UUID]  # occurred_at, id

_time = struct.Struct(">q")
_key = struct.Struct(">q16s")


def pack(keys: Iterable[Key]) -> bytes:
    """Return the keys as bytes, in the order given."""
    pack_time = _time.pack
    return b"".join([pack_time(microseconds(at)) + id_.bytes for at, id_ in keys])


def unpack(data: bytes | memoryview) -> list[Key]:
    """Return the keys that `pack` was given."""
    return [(moment(at_us), UUID(bytes=id_)) for at_us, id_ in _key.iter_unpack(data)]
