"""How services own transactions without a savepoint for every call among themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")


def joined(service: Callable[P, R]) -> Callable[P, R]:
    """
    Run the service in the caller's transaction, or in one of its own when there is none.

    PERF: `atomic` inside `atomic` is two round trips for a savepoint. The price: a caller that
    catches a refusal goes on in the same transaction, so refuse before the first write.
    """

    @wraps(service)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return service(*args, **kwargs)
        with transaction.atomic():
            return service(*args, **kwargs)

    return inside
