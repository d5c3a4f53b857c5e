"""Refusals: what a caller can act on. Rendered once, by core.http.exception_handler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

Fields = Mapping[str, Sequence[str]]


class DomainError(Exception):
    """
    A refusal with a stable `code` (API, never changes) and a message for people.

    Subclasses set `code` and `status`; `retryable` says that the same request may succeed later.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, fields: Fields | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields
        self.details = details


class InvalidRequest(DomainError):
    """The request's form is wrong; `fields` says where."""

    code = "invalid_request"
    status = 400


class Unauthenticated(DomainError):
    """No valid session or API key came with the request."""

    code = "unauthenticated"
    status = 401


class PermissionDenied(DomainError):
    """The actor is known but lacks the scope; `details.scope` names it."""

    code = "permission_denied"
    status = 403


class NotFound(DomainError):
    """There is no such thing in this workspace (also said of another workspace's things)."""

    code = "not_found"
    status = 404


class IdempotencyKeyReused(DomainError):
    """The same Idempotency-Key came with another request body."""

    code = "idempotency_key_reused"
    status = 409


class BatchTooLarge(DomainError):
    """The request holds more bytes or items than one batch may."""

    code = "batch_too_large"
    status = 413


class UnsupportedMedia(DomainError):
    """The request's content type or encoding is not one that the route reads."""

    code = "unsupported_media"
    status = 415


class RateLimited(DomainError):
    """The class of requests is over its limit; `Retry-After` says when to come back."""

    code = "rate_limited"
    status = 429
    retryable = True
