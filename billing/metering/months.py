"""Pure: calendar months in UTC, the periods that usage is counted in, and where one is heading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from apps.core.clock import EARLIEST, LATEST

_TEXT = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
TREND_DAYS = 7  # a week, so that week-ends weigh as much as they do in the month


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One calendar month. `until` is the first day of the next one."""

    since: date

    @classmethod
    def of(cls, moment: datetime) -> Month:
        return cls(moment.astimezone(UTC).date().replace(day=1))

    @classmethod
    def read(cls, text: str) -> Month:
        """
        Return the month written as `2026-11`.

        Raises: ValueError.
        """
        found = _TEXT.fullmatch(text)
        if found is None or not EARLIEST.year <= int(found[1]) < LATEST.year:
            raise ValueError("not a month")
        return cls(date(int(found[1]), int(found[2]), 1))

    @property
    def until(self) -> date:
        return (self.since + timedelta(days=31)).replace(day=1)

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.since, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.until, time(), UTC)

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=n) for n in range((self.until - self.since).days)]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m}"


def forecast(by_day: Mapping[date, int], *, month: Month, now: datetime) -> int | None:
    """
    Return what the month will have come to at its end; None before it began.

    What is used, plus for the time that is left the pace of the last seven days (or of as many as
    the month has): a month that stands still since a week does not grow on paper.
    """
    used = sum(by_day.values())
    if now >= month.ends_at:
        return used
    if now <= month.starts_at:
        return None
    since = max(month.starts_at, _midnight(now) - timedelta(days=TREND_DAYS - 1))
    recent = sum(quantity for day, quantity in by_day.items() if day >= since.date())
    # Half a day at least: ten minutes after midnight of the first say nothing about a month.
    pace = recent / max(now - since, timedelta(hours=12)).total_seconds()
    return used + round(pace * (month.ends_at - now).total_seconds())


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)
