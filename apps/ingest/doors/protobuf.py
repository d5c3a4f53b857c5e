"""
Protobuf's wire format, as far as messages have to be taken apart without knowing all of them. Pure.

What a request holds is counted here before a library makes objects of it: 50 MB of empty messages
would be gigabytes of those. https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_SIZE: Final = {FIXED64: 8, FIXED32: 4}


class WireError(ValueError):
    """The bytes are no protobuf message."""


def fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """
    Yield (field number, wire type, value) of a message: an int for varints, else bytes.

    Raises: WireError where it is cut short or malformed.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if not number:
            raise WireError("A field has the number 0.")
        if wire == VARINT:
            value, at = varint(data, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, at = varint(data, at)
        elif wire in _SIZE:
            size = _SIZE[wire]
        else:
            raise WireError(f"A field has the wire type {wire}.")
        if size > end - at:
            raise WireError("A field is cut short.")
        yield number, wire, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that stands at `at`, and where the next thing begins."""
    try:
        byte = data[at]
        if byte < 0x80:
            return byte, at + 1
        value = byte & 0x7F
        for shift in range(7, 70, 7):
            at += 1
            byte = data[at]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at + 1
    except IndexError:
        raise WireError("A number is cut short.") from None
    raise WireError("A number has more than ten bytes.")


def signed(value: int) -> int:
    """Return the number that stands as `sint32` or `sint64`: the last bit is its sign."""
    return (value >> 1) ^ -(value & 1)


def messages(data: bytes, number: int) -> Iterator[bytes]:
    """Yield the messages in a repeated field; others are skipped."""
    for found, wire, value in fields(data):
        if found == number:
            if wire != BYTES or not isinstance(value, bytes):
                raise WireError(f"Field {number} is no message.")
            yield value


def encode_varint(value: int) -> bytes:
    """Return the number as it is written."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_field(number: int, value: int | bytes) -> bytes:
    """Return a varint or a length-delimited field."""
    if isinstance(value, int):
        return encode_varint(number << 3 | VARINT) + encode_varint(value)
    return encode_varint(number << 3 | BYTES) + encode_varint(len(value)) + value
