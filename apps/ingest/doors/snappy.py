"""
Snappy's block format, unpacked within bounds. Pure.

https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

from apps.ingest.doors.protobuf import WireError, varint


class TooLargeError(ValueError):
    """It says that it unpacks to more than is allowed; nothing was unpacked."""


def unpack(data: bytes, most: int) -> bytes:
    """
    Return the unpacked block.

    Raises: WireError for what is no block, TooLargeError for one of more than `most` bytes.
    """
    size, at = varint(data, 0)
    if size > most:
        raise TooLargeError(f"The block unpacks to {size} bytes.")
    out = bytearray()
    end = len(data)
    while at < end:
        tag = data[at]
        at += 1
        kind = tag & 3
        if kind == 0:
            length = tag >> 2
            if length >= 60:
                width = length - 59
                length = int.from_bytes(_take(data, at, width), "little")
                at += width
            length += 1
            out += _take(data, at, length)
            at += length
        else:
            if kind == 1:
                length = (tag >> 2 & 7) + 4
                offset = (tag >> 5) << 8 | _take(data, at, 1)[0]
                at += 1
            else:
                width = 2 if kind == 2 else 4
                length = (tag >> 2) + 1
                offset = int.from_bytes(_take(data, at, width), "little")
                at += width
            if not 0 < offset <= len(out):
                raise WireError("A copy reaches before the block.")
            start = len(out) - offset
            if offset >= length:
                out += out[start : start + length]
            else:  # it repeats what it is about to write
                part = bytes(out[start:])
                out += (part * (length // offset + 1))[:length]
        if len(out) > size:
            raise WireError("The block is longer than it says.")
    if len(out) != size:
        raise WireError("The block ends too early.")
    return bytes(out)


def _take(data: bytes, at: int, size: int) -> bytes:
    part = data[at : at + size]
    if len(part) != size:
        raise WireError("The block is cut short.")
    return part
