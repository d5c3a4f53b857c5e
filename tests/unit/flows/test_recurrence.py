from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.ids import uuid7
from apps.flows.enums import MissedPolicy
from apps.flows.recurrence import (
    BadRecurrenceError,
    Cron,
    Interval,
    Once,
    jitter,
    take_due,
    times_between,
)
from apps.flows.rrule import Rule

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
        ("0 0 * * *", "localtime", "timezone"),
        ("0 0 * * *", "posix/Europe/Berlin", "timezone"),
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


KINDS = [
    Cron(expression="*/5 * * * *", timezone=BERLIN),
    Cron(expression="30 2 * * *", timezone=NEW_YORK),
    Cron(expression="0 9 L * *", timezone="Australia/Lord_Howe"),
    Interval(every=timedelta(minutes=7), anchor=ANCHOR),
    Rule(text="FREQ=WEEKLY;BYDAY=MO,TH", anchor=ANCHOR, timezone=BERLIN),
    Rule(text="FREQ=MINUTELY;INTERVAL=11", anchor=ANCHOR, timezone="Australia/Lord_Howe"),
    Rule(text="FREQ=DAILY;COUNT=200", anchor=ANCHOR, timezone=NEW_YORK),
    Once(at=ANCHOR + timedelta(days=40)),
]


@pytest.mark.parametrize("recurrence", KINDS, ids=str)
@pytest.mark.parametrize("missed_for", [timedelta(0), timedelta(hours=13), timedelta(days=9)])
@pytest.mark.parametrize(("policy", "cap"), [("ALL", 1), ("ALL", 7), ("LATEST", 7), ("SKIP", 7)])
def test_what_was_missed_is_made_up_for_as_the_policy_says(recurrence, missed_for, policy, cap):
    first = recurrence.next_after(ANCHOR + timedelta(days=3))
    now = first + missed_for
    passed = [first, *times_between(recurrence, after=first, until=now)]

    due = take_due(recurrence, next_at=first, now=now, policy=MissedPolicy(policy), cap=cap)

    late = passed[-1] <= now - timedelta(minutes=1)
    expected = {"ALL": passed[-cap:], "LATEST": passed[-1:], "SKIP": [] if late else passed[-1:]}
    assert due.due_at == expected[policy]
    assert due.next_at == recurrence.next_after(now)


def test_making_up_for_a_year_of_minutes_costs_no_walk_through_it():
    cron, asked = Cron(expression="* * * * *", timezone=BERLIN), 0
    now = ANCHOR + timedelta(days=365)

    class Counted:
        def next_after(self, moment):
            nonlocal asked
            asked += 1
            return cron.next_after(moment)

    due = take_due(Counted(), next_at=ANCHOR, now=now, policy=MissedPolicy.ALL, cap=100)

    assert due.due_at == [now - timedelta(minutes=n) for n in reversed(range(100))]
    assert asked < 200


def test_a_single_time_is_due_once():
    once = Once(at=ANCHOR)

    due = take_due(once, next_at=ANCHOR, now=ANCHOR + timedelta(days=3))

    assert (due.due_at, due.next_at) == ([ANCHOR], None)
    assert once.next_after(ANCHOR) is None


YEARLONG = [
    Cron(expression="0 */2 * * *", timezone=BERLIN),
    Cron(expression="30 2 * * *", timezone="Australia/Lord_Howe"),
    Interval(every=timedelta(minutes=7), anchor=ANCHOR),
    Rule(text="FREQ=WEEKLY;BYDAY=MO,TH", anchor=ANCHOR, timezone=BERLIN),
    Rule(text="FREQ=HOURLY;INTERVAL=5", anchor=ANCHOR, timezone="Australia/Lord_Howe"),
    Once(at=ANCHOR + timedelta(days=40)),
]


@pytest.mark.parametrize("recurrence", YEARLONG, ids=str)
def test_a_year_of_a_scheduler_is_each_time_once(recurrence):
    """A year in steps of hours that do not fit into a day: no time lost, none twice."""
    now, end = ANCHOR, ANCHOR + timedelta(days=365)
    next_at, taken = recurrence.next_after(now), []
    while now < end and next_at is not None:
        now = min(now + timedelta(hours=31), end)
        if next_at <= now:
            due = take_due(
                recurrence, next_at=next_at, now=now, policy=MissedPolicy.ALL, cap=10_000
            )
            taken += due.due_at
            next_at = due.next_at

    assert taken == list(times_between(recurrence, after=ANCHOR, until=end))
    assert all(earlier < later for earlier, later in pairwise(taken))


def test_jitter_is_spread_and_the_same_for_all_who_ask():
    schedule_id, hour = uuid7(), timedelta(hours=1)
    times = [ANCHOR + n * hour for n in range(500)]

    drawn = [jitter(schedule_id=schedule_id, due_at=at, most_seconds=600) for at in times]
    elsewhere = [
        jitter(schedule_id=schedule_id, due_at=at.astimezone(ZoneInfo(BERLIN)), most_seconds=600)
        for at in times
    ]

    assert drawn == elsewhere
    assert all(timedelta(0) <= each < timedelta(minutes=10) for each in drawn)
    assert len(set(drawn)) > 490
    assert {each // timedelta(minutes=2) for each in drawn} == set(range(5))
    assert jitter(schedule_id=schedule_id, due_at=ANCHOR, most_seconds=0) == timedelta(0)
