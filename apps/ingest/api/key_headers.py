"""Where a sender's API key stands: some clients can set no header but their own."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error

from django.http import HttpRequest

from apps.tenancy.keys import is_well_formed


def key_header(request: HttpRequest) -> str:
    """Return the key as `Bearer …`, wherever the client can put one; empty when there is none."""
    header = request.headers.get("Authorization", "")
    if not header and (key := request.headers.get("X-API-Key", "")):
        return f"Bearer {key}"
    kind, _, packed = header.partition(" ")
    if kind.lower() != "basic":
        return header
    # Senders that know user names and passwords only: the key is the password. What is no key may
    # be a proxy's own, in front of somebody who is signed in.
    try:
        password = b64decode(packed, validate=True).decode().partition(":")[2]
    except (Base64Error, ValueError):
        return ""
    return f"Bearer {password}" if is_well_formed(password) else ""
