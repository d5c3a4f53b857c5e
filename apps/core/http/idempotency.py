"""`Idempotency-Key`: the second POST with the same key gets the first one's answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from hashlib import sha256
from typing import Any, TypeVar

import orjson
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.errors import IdempotencyKeyReused, InvalidRequest
from apps.core.http.json import dumps
from apps.core.models import IdempotentReply

View = TypeVar("View", bound=Callable[..., Response])
MAX_KEY_LENGTH = 200
KEPT = timedelta(days=1)


def idempotent(handler: View) -> View:
    """
    Wrap a view method that creates; inert when the header is absent.

    The reply is stored in the handler's own transaction: either both the thing and the answer
    exist, or neither. A concurrent twin waits on the unique key until the first one commits.
    """

    @wraps(handler)
    def wrapped(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if not key:
            return handler(view, request, *args, **kwargs)
        if len(key) > MAX_KEY_LENGTH:
            raise InvalidRequest(
                "The Idempotency-Key is too long.",
                fields={"Idempotency-Key": [f"At most {MAX_KEY_LENGTH} characters."]},
            )
        scope = _scope_of(request)
        try:
            content = dumps(request.data)
        except orjson.JSONEncodeError as error:
            raise InvalidRequest("The JSON is nested too deeply.") from error
        fingerprint = sha256(request.path.encode() + b"\n" + content).digest()
        with transaction.atomic():
            reply, is_first = IdempotentReply.objects.get_or_create(
                scope=scope, key=key, defaults={"request_hash": fingerprint}
            )
            if not is_first:
                if bytes(reply.request_hash) != fingerprint:
                    raise IdempotencyKeyReused("This Idempotency-Key came with another request.")
                return Response(reply.body, status=reply.status)
            response = handler(view, request, *args, **kwargs)
            reply.status = response.status_code
            reply.body = orjson.loads(dumps(response.data))
            reply.save(update_fields=["status", "body"])
            return response

    return wrapped  # type: ignore[return-value] # same signature, wraps() keeps it


def drop_old_replies(*, now: datetime) -> int:
    """Delete replies after a day; return how many. For loops."""
    gone, _ = IdempotentReply.objects.filter(created_at__lt=now - KEPT).delete()
    return gone


def _scope_of(request: Request) -> str:
    """Name whose key it is: what one actor was answered is not said to another."""
    workspace = getattr(request, "workspace", None)
    whose = f"{workspace.id if workspace else ''}{request.user.id}"
    return whose.replace("-", "")  # two ids fill the column
