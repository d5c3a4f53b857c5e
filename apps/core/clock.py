"""The one place that reads the wall clock; services are handed `now`."""

from datetime import UTC, datetime
from typing import Final

# What callers may ask about. Beyond it lie the ends of Python's calendar, where a step of any kind
# (to UTC, to a whole bucket, back by an overlap) overflows.
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(UTC)


def is_sensible(moment: datetime) -> bool:
    """Say whether one can calculate with a moment that somebody sent."""
    return moment.tzinfo is not None and EARLIEST <= moment <= LATEST


def read_moment(text: str) -> datetime:
    """
    Return an ISO 8601 moment that somebody sent, in UTC.

    Raises: ValueError for anything else, and for moments outside EARLIEST … LATEST.
    """
    moment = datetime.fromisoformat(text)
    if not is_sensible(moment):
        raise ValueError("not a moment that one can calculate with")
    return moment.astimezone(UTC)
