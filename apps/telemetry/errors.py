"""Refusals of this app."""

from __future__ import annotations

from apps.core.errors import DomainError, InvalidRequest


class QueryTooLarge(DomainError):
    """The metric query would answer with more series or points than one answer may hold."""

    code = "query_too_large"
    status = 400


class BadFormula(InvalidRequest):
    """The formula cannot be read, or its sides cannot meet; the message says where and why."""
