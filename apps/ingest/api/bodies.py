"""Bodies as they were sent: not too long, and all of it."""

from __future__ import annotations

from django.http import HttpRequest

from apps.core.errors import InvalidRequest
from apps.ingest import limits
from apps.ingest.decode import too_many_bytes


def sent_body(request: HttpRequest) -> bytes:
    """
    Return the request's body.

    Raises: BatchTooLarge for one that is announced as too long, unread, so that nobody fills our
    memory by announcing less. InvalidRequest for the beginning of one, left by a sender who broke
    off: the protobuf of half a batch is a batch, and half a file of rows ends in half a row.
    """
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    if announced > limits.SENT_BYTES:
        raise too_many_bytes()
    body = request.body
    if len(body) < announced:
        raise InvalidRequest(f"The body ends after {len(body):,} of {announced:,} bytes.")
    return body
