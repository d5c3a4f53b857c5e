"""Pure: how long to wait before trying an action again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

MAX_ATTEMPTS: Final = 6
BASE: Final = timedelta(seconds=10)
CEILING: Final = timedelta(minutes=10)
_MAX_DOUBLINGS: Final = 20


def next_delay(attempt: int, *, asked_seconds: int | None = None) -> timedelta | None:
    """
    Return the wait after failed attempt number `attempt` (1-based); None: give up.

    10 s, doubling up to 10 minutes; longer when the receiver asked for it, up to that ceiling.
    """
    if attempt >= MAX_ATTEMPTS:
        return None
    wait = BASE * (1 << min(attempt - 1, _MAX_DOUBLINGS))
    return min(max(wait, timedelta(seconds=asked_seconds or 0)), CEILING)
