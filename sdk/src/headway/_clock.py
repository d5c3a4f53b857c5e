"""Times as they travel: UTC, microseconds, `Z`."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ns() -> int:
    """Return the wall clock in nanoseconds; records keep this and are written out later."""
    return time.time_ns()


def iso_from_ns(moment_ns: int) -> str:
    """
    Return a wall clock reading as ISO 8601.

    >>> iso_from_ns(1_700_000_000_123_456_789)
    '2023-11-14T22:13:20.123456Z'
    """
    seconds, nanoseconds = divmod(moment_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds // 1000:06d}Z"


def iso(moment: datetime) -> str:
    """
    Return an aware datetime as ISO 8601 in UTC; a naive one is taken as local time.

    >>> from datetime import datetime, timedelta, timezone
    >>> iso(datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1))))
    '2026-03-01T08:30:00.000000Z'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
