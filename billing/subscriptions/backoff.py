"""Pure: how long to wait before asking Stripe again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

BASE: Final = timedelta(seconds=15)
CEILING: Final = timedelta(hours=1)
_MAX_DOUBLINGS: Final = 20


def next_delay(attempt: int) -> timedelta:
    """Return the wait after failed attempt number `attempt` (1-based): 15 s, doubled up to 1 h."""
    return min(BASE * (1 << min(attempt - 1, _MAX_DOUBLINGS)), CEILING)
