"""Refusals of this app."""

from __future__ import annotations

from apps.core.errors import DomainError, InvalidRequest


class QueryTooLarge(DomainError):
    """The metric query would answer with more series or points than one answer may hold."""

    code = "query_too_large"
    status = 400


class BadFormula(InvalidRequest):
    """The formula cannot be read, or its sides cannot meet; the message says where and why."""


class SearchTooSlow(DomainError):
    """Not even the newest part could be searched in time: the database is busy. Try again."""

    code = "search_too_slow"
    status = 503
    retryable = True
