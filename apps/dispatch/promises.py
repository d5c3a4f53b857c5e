"""
Pure: when a promise by the clock is due, and which runs count for it.

A promise names a wall time in a zone on some weekdays. A time that the clock skips in spring is
due at the first moment after the gap; one that it shows twice in autumn is due the first time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from apps.flows.zones import find_zone, first_moment_of

DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time of the day on some weekdays; `weekdays` has a bit for each, Monday's the lowest."""

    time_of_day: time
    weekdays: int
    timezone: str

    def next_after(self, moment: datetime) -> datetime:
        """Return the first due time later than `moment`, in UTC."""
        zone = find_zone(self.timezone)
        day = moment.astimezone(zone).date() - timedelta(days=1)
        while True:
            if self.weekdays >> day.weekday() & 1:
                due = first_moment_of(datetime.combine(day, self.time_of_day), zone)
                if due > moment:
                    return due.astimezone(UTC)
            day += timedelta(days=1)

    def counts_from(self, due: datetime) -> datetime:
        """
        Return since when a run counts for `due`: of its day, or of the twelve hours before.

        So what came too late yesterday does not count today, and a promise for soon after midnight
        is kept by what began before.
        """
        zone = find_zone(self.timezone)
        midnight = datetime.combine(due.astimezone(zone).date(), time())
        return min(first_moment_of(midnight, zone), due - HALF_A_DAY)


def bits_of(days: Iterable[str]) -> int:
    """
    Return weekdays by their names as bits.

    >>> bits_of(["MON", "WED"]), days_of(5)
    (5, ['MON', 'WED'])
    """
    return sum({1 << DAYS.index(day) for day in days})


def days_of(bits: int) -> list[str]:
    """Return the names of weekdays, Monday first."""
    return [day for position, day in enumerate(DAYS) if bits >> position & 1]
