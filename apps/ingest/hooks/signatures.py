"""
Is a delivery from whom it says it is? HMAC signatures, as each service writes them. Pure.

SECURITY: compared in constant time, over the body's bytes as they came. A signature that covers a
time is good for five minutes.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from datetime import datetime, timedelta
from typing import Final

from apps.ingest.errors import BadSignature, StaleDelivery

TOLERANCE: Final = timedelta(minutes=5)
MOST_SIGNATURES: Final = 10  # in one header: while a secret is replaced there are two


def hex_digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def check_hex(given: str, *, secret: str, signed: bytes) -> None:
    """Raises: BadSignature unless `given` is the HMAC-SHA256 in hex, `sha256=` before it or not."""
    if not given:
        raise BadSignature("The delivery is not signed.")
    if not _same(given.strip().removeprefix("sha256=").lower(), hex_digest(secret, signed)):
        raise BadSignature("The signature is not this webhook's.")


def check_secret(given: str, *, secret: str) -> None:
    """Raises: BadSignature unless the header holds the secret itself."""
    if not given:
        raise BadSignature("The delivery lacks the header with the secret.")
    if not _same(given, secret):
        raise BadSignature("The header does not hold this webhook's secret.")


def check_timed(header: str, *, secret: str, body: bytes, now: datetime) -> None:
    """
    Check `t=<seconds>,v1=<hex>` over "<seconds>.<body>": Stripe's signature, and Headway's own.

    Raises: BadSignature, StaleDelivery.
    """
    parts = [each.strip().partition("=") for each in header.split(",", 20)]
    times = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"][:MOST_SIGNATURES]
    if len(times) != 1 or not given:
        raise BadSignature("The delivery is not signed.")
    at = _seconds(times[0])
    expected = hex_digest(secret, times[0].encode() + b"." + body)
    if not any(_same(each, expected) for each in given):
        raise BadSignature("The signature is not this webhook's.")
    _check_age(at, now)


def check_slack(*, given: str, at: str, secret: str, body: bytes, now: datetime) -> None:
    """Check `v0=<hex>` over "v0:<seconds>:<body>". Raises: BadSignature, StaleDelivery."""
    if not given or not at:
        raise BadSignature("The delivery is not signed.")
    moment = _seconds(at)
    if not _same(given, f"v0={hex_digest(secret, b'v0:' + at.encode() + b':' + body)}"):
        raise BadSignature("The signature is not this webhook's.")
    _check_age(moment, now)


def check_standard(
    header: str, *, key: str, at: str, secret: str, body: bytes, now: datetime
) -> None:
    """
    Check `v1,<base64> …` over "<id>.<seconds>.<body>": standardwebhooks.com.

    Raises: BadSignature, StaleDelivery.
    """
    given = [each[3:] for each in header.split()[:MOST_SIGNATURES] if each.startswith("v1,")]
    if not given or not key:
        raise BadSignature("The delivery is not signed.")
    moment = _seconds(at)
    signed = f"{key}.{at}.".encode(errors="replace") + body
    expected = b64encode(hmac.new(_standard_key(secret), signed, hashlib.sha256).digest()).decode()
    if not any(_same(each, expected) for each in given):
        raise BadSignature("The signature is not this webhook's.")
    _check_age(moment, now)


def _standard_key(secret: str) -> bytes:
    """`whsec_` and base64; what is not that is taken as it is."""
    try:
        return b64decode(secret.removeprefix("whsec_"), validate=True)
    except (Base64Error, ValueError):
        return secret.encode()


def _same(given: str, expected: str) -> bool:
    # As bytes: what is no ASCII is merely another text.
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise BadSignature("The signature's time is no time.")
    return int(text)


def _check_age(at: int, now: datetime) -> None:
    if abs(now.timestamp() - at) > TOLERANCE.total_seconds():
        raise StaleDelivery("The signature is of another time than now: over five minutes away.")
