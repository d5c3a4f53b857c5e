"""Pure: how long to wait before trying a mail again."""

from datetime import timedelta

MAX_ATTEMPTS = 8
_BASE = timedelta(seconds=20)
_CEILING = timedelta(hours=1)


def next_delay(attempts: int) -> timedelta | None:
    """Return the wait after `attempts` failed tries: 20 s doubling up to an hour; None: give up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return min(_BASE * (1 << (attempts - 1)), _CEILING)
