"""When promises by the clock are due, through both changes of the clock in three zones."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.dispatch.promises import Clock, bits_of, days_of

EVERY_DAY = 127


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(wall, zone="UTC", days=EVERY_DAY):
    return Clock(time_of_day=time.fromisoformat(wall), weekdays=days, timezone=zone)


@pytest.mark.parametrize(
    ("wall", "zone", "after", "due"),
    [
        ("06:00", "UTC", "2026-03-01T05:59:59", "2026-03-01T06:00:00"),
        ("06:00", "UTC", "2026-03-01T06:00:00", "2026-03-02T06:00:00"),
        ("06:00", "Europe/Berlin", "2026-01-10T00:00:00", "2026-01-10T05:00:00"),
        ("06:00", "Europe/Berlin", "2026-07-10T00:00:00", "2026-07-10T04:00:00"),
        ("00:30", "Australia/Lord_Howe", "2026-01-10T00:00:00", "2026-01-10T13:30:00"),
        # Skipped in spring: the first moment after the gap.
        ("02:30", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-29T01:00:00"),
        ("02:30", "America/New_York", "2026-03-07T12:00:00", "2026-03-08T07:00:00"),
        ("02:15", "Australia/Lord_Howe", "2026-10-03T00:00:00", "2026-10-03T15:30:00"),
        # Shown twice in autumn: the first time, and not again.
        ("02:30", "Europe/Berlin", "2026-10-24T12:00:00", "2026-10-25T00:30:00"),
        ("02:30", "Europe/Berlin", "2026-10-25T00:30:00", "2026-10-26T01:30:00"),
        ("01:30", "America/New_York", "2026-10-31T12:00:00", "2026-11-01T05:30:00"),
        ("01:30", "America/New_York", "2026-11-01T05:30:00", "2026-11-02T06:30:00"),
        ("01:45", "Australia/Lord_Howe", "2026-04-04T00:00:00", "2026-04-04T14:45:00"),
        ("01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00", "2026-04-05T15:15:00"),
    ],
)
def test_the_next_due_time_follows_the_clock_on_the_wall(wall, zone, after, due):
    assert clock(wall, zone).next_after(at(after)) == at(due)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("wall", ["00:00", "01:45", "02:15", "02:30", "06:00", "23:59"])
def test_a_year_has_each_day_once(zone, wall):
    daily, due, days = clock(wall, zone), at("2025-12-31T12:00:00"), []
    while len(days) < 365:
        due = daily.next_after(due)
        days.append(due.astimezone(ZoneInfo(zone)).date())

    assert days == [days[0] + timedelta(days=n) for n in range(365)]


def test_only_the_named_weekdays_are_due():
    workdays = clock("06:00", days=bits_of(["MON", "TUE", "WED", "THU", "FRI"]))

    assert workdays.next_after(at("2026-03-06T07:00:00")) == at("2026-03-09T06:00:00")


@pytest.mark.parametrize(
    ("due", "since"),
    [
        ("2026-03-10T18:00:00", "2026-03-10T00:00:00"),  # of its day
        ("2026-03-10T12:00:00", "2026-03-10T00:00:00"),
        ("2026-03-10T06:00:00", "2026-03-09T18:00:00"),  # or of the twelve hours before
        ("2026-03-10T00:30:00", "2026-03-09T12:30:00"),
    ],
)
def test_what_counts_is_of_the_day_or_of_the_twelve_hours_before(due, since):
    assert clock("06:00").counts_from(at(due)) == at(since)


def test_weekdays_have_names():
    assert days_of(EVERY_DAY) == ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
    assert bits_of(["SUN", "SUN", "MON"]) == 65
