"""Pure: what an API key looks like: 256 random bits, recognisable, checkable without a query."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

PREFIX = "hw_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY_LENGTH = 43  # 62**43 > 2**256
_CHECK_LENGTH = 6  # 62**6 > 2**32
SHOWN_LENGTH = len(PREFIX) + 4  # what lists show, to tell keys apart


# What scanners look for, as docs/keys.md says; `is_well_formed` then sees to the checksum.
PATTERN = rf"\b{PREFIX}[0-9A-Za-z]{{{_BODY_LENGTH + _CHECK_LENGTH}}}\b"
_FIND = re.compile(PATTERN, re.ASCII)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_LENGTH)


def new_secret(prefix: str = PREFIX) -> str:
    """Return a fresh key: `hw_`, 43 base-62 digits of 256 random bits, 6 of their CRC-32."""
    body = _base62(secrets.randbits(256), _BODY_LENGTH)
    return prefix + body + _checksum(body)


def is_well_formed(secret: str, prefix: str = PREFIX) -> bool:
    """Say whether the text can be a key at all; most guesses end here, without a query."""
    if not secret.startswith(prefix) or len(secret) != len(prefix) + _BODY_LENGTH + _CHECK_LENGTH:
        return False
    body, check = secret[len(prefix) : -_CHECK_LENGTH], secret[-_CHECK_LENGTH:]
    return body.isascii() and secrets.compare_digest(_checksum(body).encode(), check.encode())


def find_secrets(text: str) -> list[str]:
    """Return every key in the text whose checksum is right."""
    return [found for found in _FIND.findall(text) if is_well_formed(found)]


def hash_secret(secret: str) -> str:
    """Return the hex SHA-256 that is stored; a slow hash would add nothing to 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
