"""JSON text that jsonb can hold: checked and, where needed, cleaned, mostly without parsing it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

MAX_DEPTH: Final = 100

# What jsonb refuses or blows up: the NUL escape, and great exponents (numbers become numeric:
# six characters `1e308` come back as 309 digits, `1e131071` as 131,072). And what nobody reads
# back: Python takes no integer of more than 4,300 digits.
_NUL = b"\\u0000"
# PERF: a regular expression for the exponents took as long as decoding the item. Mapped to their
# kind, bytes can be searched for the two shapes that a great exponent has.
_KIND = bytes(
    ord("0") if chr(byte) in "0123456789"
    else ord("e") if chr(byte) in "eE"
    else ord("+") if chr(byte) in "+-"
    else ord(" ")
    for byte in range(256)
)  # fmt: skip
_LARGEST: Final = 2**63
_MANY_DIGITS = b"0" * 100
_TOGETHER: Final = 250  # texts that are copied to be looked at
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class UnstorableJSONError(ValueError):
    """The text cannot be kept; the message says why."""


def without_nul(text: str) -> str:
    """Replace NUL, which Postgres text cannot hold."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def storable(data: bytes) -> bytes:
    """
    Return well-formed JSON as jsonb can hold it: the same bytes in all but rare cases.

    NUL becomes the replacement character, numbers beyond 1e±99 become text.
    Raises: UnstorableJSONError for nesting deeper than MAX_DEPTH or a number beyond a double.
    """
    if len(data) > 2 * MAX_DEPTH and _nested_deeper(data, MAX_DEPTH):
        raise UnstorableJSONError(f"Nested deeper than {MAX_DEPTH} levels.")
    if not _holds_odd_shapes(data):
        return data
    try:
        return orjson.dumps(_cleaned(msgspec.json.decode(data)))
    except (msgspec.DecodeError, orjson.JSONEncodeError) as error:
        raise UnstorableJSONError("A number is out of range.") from error


def all_storable(texts: Sequence[bytes]) -> bool:
    """
    Whether `storable` returns each of these as it is; it may when this says no, never the reverse.

    PERF: one look at all of them together. One by one, calls cost more than the looking.
    """
    if any(len(data) > 2 * MAX_DEPTH and _may_be_deeper(data, MAX_DEPTH) for data in texts):
        return False
    # Between two texts a byte of no kind, so that no shape reaches from one into the next.
    return not any(
        _holds_odd_shapes(b"\n".join(texts[start : start + _TOGETHER]))
        for start in range(0, len(texts), _TOGETHER)
    )


def holds_nul(data: bytes) -> bool:
    """Whether the text may hold the NUL escape; a false alarm is possible, a miss is not."""
    return _NUL in data


def _holds_odd_shapes(data: bytes) -> bool:
    kinds = data.translate(_KIND)
    return b"0e000" in kinds or b"0e+000" in kinds or _MANY_DIGITS in kinds or _NUL in data


def _may_be_deeper(data: bytes, depth: int) -> bool:
    return data.count(b"{") + data.count(b"[") > depth


def _nested_deeper(data: bytes, depth: int) -> bool:
    if not _may_be_deeper(data, depth):
        return False
    level = 0
    for byte in _STRINGS.sub(b"", data):
        if byte in b"{[":
            level += 1
            if level > depth:
                return True
        elif byte in b"}]":
            level -= 1
    return False


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return without_nul(value)
    if isinstance(value, float) and value and not 1e-99 < abs(value) < 1e99:
        return repr(value)
    if isinstance(value, int) and not -_LARGEST < value < _LARGEST:
        # The encoder knows 64 bits; true and false are far from here.
        return orjson.Fragment(str(value)) if abs(value) < 10**99 else str(value)
    if isinstance(value, dict):
        return {without_nul(name): _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value
