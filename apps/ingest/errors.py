"""Refusals of the front doors."""

from __future__ import annotations

from apps.core.errors import DomainError


class NothingTaken(DomainError):
    """Everything in the request was refused for good; `details.rejected` says what and why."""

    code = "nothing_taken"
    status = 400


class PartlyTaken(DomainError):
    """Some of the request was refused for good; the rest is stored, so nothing need be repeated."""

    code = "partly_taken"
    status = 400


class ComeBack(DomainError):
    """Over the rate limit, for senders that drop what a 429 refuses; `Retry-After` says when."""

    code = "come_back"
    status = 503
    retryable = True
