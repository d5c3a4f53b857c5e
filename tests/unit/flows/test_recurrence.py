from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.flows.recurrence import BadRecurrenceError, Cron, Interval, take_due

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)


def local_times(expression, zone, after, count):
    """The next due times on the zone's own wall clock, with its offset."""
    cron = Cron(expression=expression, timezone=zone)
    moment = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    times = []
    for _ in range(count):
        moment = cron.next_after(moment)
        times.append(moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M %z"))
    return times


@pytest.mark.parametrize(
    ("zone", "after", "times"),
    [
        (NEW_YORK, "2026-03-07T12:00", ["03-08 03:00 -0400", "03-09 02:30 -0400"]),
        (BERLIN, "2026-03-28T12:00", ["03-29 03:00 +0200", "03-30 02:30 +0200"]),
    ],
)
def test_a_time_that_spring_skips_is_due_after_the_gap(zone, after, times):
    assert local_times("30 2 * * *", zone, after, 2) == times


@pytest.mark.parametrize(
    ("expression", "zone", "after", "times"),
    [
        ("30 1 * * *", NEW_YORK, "2026-10-31T12:00", ["11-01 01:30 -0400", "11-02 01:30 -0500"]),
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", ["10-25 02:30 +0200", "10-26 02:30 +0100"]),
    ],
)
def test_a_time_that_autumn_shows_twice_is_due_once_the_first_time(expression, zone, after, times):
    assert local_times(expression, zone, after, 2) == times


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        (NEW_YORK, datetime(2026, 3, 8, 7, tzinfo=UTC)),
        (NEW_YORK, datetime(2026, 11, 1, 6, tzinfo=UTC)),
        (BERLIN, datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (BERLIN, datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize(("expression", "minutes"), [("0 * * * *", 60), ("*/30 * * * *", 30)])
def test_frequent_expressions_keep_their_pace_through_a_change(zone, change, expression, minutes):
    cron = Cron(expression=expression, timezone=zone)
    times = [cron.next_after(change - timedelta(hours=3))]
    while times[-1] < change + timedelta(hours=3):
        times.append(cron.next_after(times[-1]))

    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=minutes)}


def test_an_interval_takes_no_notice_of_the_wall_clock():
    daily = Interval(every=timedelta(hours=24), anchor=datetime(2026, 3, 28, 8, tzinfo=UTC))

    following = daily.next_after(datetime(2026, 3, 29, 12, tzinfo=UTC))

    assert following == datetime(2026, 3, 30, 8, tzinfo=UTC)


def test_an_anchor_may_lie_ahead():
    interval = Interval(every=timedelta(hours=1), anchor=ANCHOR)

    assert interval.next_after(ANCHOR - timedelta(minutes=90)) == ANCHOR - timedelta(hours=1)


@given(
    seconds=st.integers(min_value=1, max_value=10_000_000),
    moment=st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        max_value=datetime(2090, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
)
def test_the_next_time_of_an_interval_is_later_by_at_most_itself(seconds, moment):
    interval = Interval(every=timedelta(seconds=seconds), anchor=ANCHOR)

    following = interval.next_after(moment)

    assert moment < following <= moment + interval.every
    assert (following - ANCHOR) % interval.every == timedelta(0)


@pytest.mark.parametrize("zone", [NEW_YORK, BERLIN, "UTC", "Australia/Lord_Howe"])
@pytest.mark.parametrize("expression", ["* * * * *", "30 2 * * *", "0 9 * * 1-5", "0 0 29 2 *"])
def test_the_next_time_is_always_later(zone, expression):
    cron = Cron(expression=expression, timezone=zone)

    for hours in range(0, 24 * 400, 97):
        moment = ANCHOR + timedelta(hours=hours, seconds=17)
        assert cron.next_after(moment) > moment


@pytest.mark.parametrize("expression", ["*/5 * * * *", "30 2 * * *", "0 9 * * 1", "0 0 29 2 *"])
@pytest.mark.parametrize("missed_for", [timedelta(minutes=7), timedelta(days=3), timedelta(17)])
def test_of_the_missed_times_the_latest_is_taken(expression, missed_for):
    cron = Cron(expression=expression, timezone=BERLIN)
    first = cron.next_after(ANCHOR)
    now = first + missed_for

    due = take_due(cron, next_at=first, now=now)

    expected = first
    while cron.next_after(expected) <= now:
        expected = cron.next_after(expected)
    assert due.due_at == [expected]
    assert due.next_at == cron.next_after(expected) > now


def test_a_clock_that_goes_backwards_takes_no_time_twice():
    interval = Interval(every=timedelta(minutes=1), anchor=ANCHOR)

    due = take_due(interval, next_at=ANCHOR + timedelta(minutes=5), now=ANCHOR)

    assert due.due_at == [ANCHOR + timedelta(minutes=5)]
    assert due.next_at == ANCHOR + timedelta(minutes=6)


@pytest.mark.parametrize(
    ("expression", "zone", "field"),
    [
        ("* * * *", "UTC", "cron"),
        ("* * * * * *", "UTC", "cron"),
        ("61 * * * *", "UTC", "cron"),
        ("0 0 31 2 *", "UTC", "cron"),
        ("@daily", "UTC", "cron"),
        ("", "UTC", "cron"),
        ("0 0 * * *", "Mars/Olympus", "timezone"),
        ("0 0 * * *", "../../etc/passwd", "timezone"),
        ("0 0 * * *", "", "timezone"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_field(expression, zone, field):
    with pytest.raises(BadRecurrenceError) as caught:
        Cron(expression=expression, timezone=zone)

    assert caught.value.field == field


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=-5), timedelta(days=4000)])
def test_absurd_intervals_are_refused(every):
    with pytest.raises(BadRecurrenceError) as caught:
        Interval(every=every, anchor=ANCHOR)

    assert caught.value.field == "interval_seconds"
