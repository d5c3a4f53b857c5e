"""Refusals of this app."""

from __future__ import annotations

from apps.core.errors import DomainError


class QueryTooLarge(DomainError):
    """The metric query would answer with more series or points than one answer may hold."""

    code = "query_too_large"
    status = 400
