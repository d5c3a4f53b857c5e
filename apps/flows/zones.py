"""Pure: the wall clock of a time zone, and what is no time at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Further than any clock is ever set at once: Samoa once left out a whole day.
FAR = timedelta(hours=25)


class BadRecurrenceError(ValueError):
    """The times cannot be understood; `field` names the input that is to blame."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


# Files beside the zones: what the server's own clock shows, and other ways to count seconds.
_NO_ZONES = ("localtime", "Factory", "posixrules", "posix/", "right/")


def find_zone(name: str) -> ZoneInfo:
    """Return the zone; refuse one that nobody knows."""
    if name.startswith(_NO_ZONES):
        raise _unknown(name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _unknown(name) from error


def _unknown(name: str) -> BadRecurrenceError:
    return BadRecurrenceError("timezone", f"No time zone is called {name!r}.")


def wall_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock on the wall shows, without its zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def is_steady(moment: datetime, zone: ZoneInfo) -> bool:
    """Say whether the zone's clock is not set anew anywhere near `moment`."""
    before, after = (moment - FAR).astimezone(zone), (moment + FAR).astimezone(zone)
    return before.utcoffset() == after.utcoffset()


def moments_of(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """
    Return when the wall shows `wall`, in UTC: once, never in spring's gap, twice in autumn.

    >>> [at.hour for at in moments_of(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Berlin"))]
    [0, 1]
    >>> moments_of(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin"))
    []
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return [first]
    # In a gap the two come out the other way round.
    return [first, second] if first < second else []


def first_moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """
    Return the first time at which the wall shows `wall`, or the first one after the gap it is in.

    >>> first_moment_of(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    found = moments_of(wall, zone)
    return found[0] if found else _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    # The clock is set between these two, which are as far apart as it is set.
    late, early = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    before = early.astimezone(zone).utcoffset()
    low, high = early, late
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return (low + timedelta(seconds=1)).replace(microsecond=0)
