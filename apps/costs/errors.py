"""What is refused."""

from __future__ import annotations

from apps.core.errors import DomainError, NotFound


class PriceNotFound(NotFound):
    """There is no such price in this workspace."""


class PriceExists(DomainError):
    """The workspace has a price of this pattern, unit and day already: change that one."""

    code = "price_exists"
    status = 409


class CostsLimit(DomainError):
    """The workspace has as many prices as it may; `details.limit` says how many."""

    code = "costs_limit"
    status = 409
