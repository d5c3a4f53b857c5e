"""Rules of RFC 5545: what python-dateutil says of them, asked from anywhere, at little cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.flows.recurrence import times_between
from apps.flows.rrule import Rule
from apps.flows.zones import BadRecurrenceError

ANCHOR = datetime(2026, 1, 31, 8, 15, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)

RULES = [
    "FREQ=YEARLY",
    "FREQ=YEARLY;INTERVAL=3;BYMONTH=1,5,9;BYMONTHDAY=-1",
    "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=YEARLY;BYYEARDAY=1,100,-1;BYHOUR=6,18",
    "FREQ=YEARLY;BYWEEKNO=1,20,53;BYDAY=TU",
    "FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYSETPOS=4",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;BYMINUTE=0",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,3SU;WKST=SU",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU",
    "FREQ=WEEKLY;INTERVAL=3;WKST=WE;BYDAY=MO,FR;BYSETPOS=1",
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=10;BYMONTH=3,4",
    "FREQ=DAILY;BYDAY=SA,SU;BYHOUR=0,12;BYMINUTE=5,55",
    "FREQ=HOURLY;INTERVAL=7",
    "FREQ=HOURLY;BYHOUR=9,10,11;BYDAY=MO",
    "FREQ=MINUTELY;INTERVAL=17",
    "FREQ=MINUTELY;INTERVAL=90;BYMONTH=2",
    "FREQ=DAILY;COUNT=5",
    "FREQ=MONTHLY;BYDAY=2WE;COUNT=40",
]


def rule(text: str, *, anchor: datetime = ANCHOR, timezone: str = "UTC") -> Rule:
    return Rule(text=text, anchor=anchor, timezone=timezone)


def naively(text: str, after: datetime, count: int) -> list[datetime]:
    """What dateutil itself says when it counts from the first time on."""
    walls = rrulestr(text, dtstart=ANCHOR.replace(tzinfo=None))
    found = walls.xafter(after.replace(tzinfo=None), count=count)
    return [each.replace(tzinfo=UTC) for each in found]


@pytest.mark.parametrize("text", RULES)
@settings(max_examples=4, deadline=None)
@given(days=st.integers(min_value=-40, max_value=400), seconds=st.integers(0, 86_399))
def test_times_are_those_of_the_rule_wherever_one_looks_from(text, days, seconds):
    moment = ANCHOR + timedelta(days=days, seconds=seconds)

    found = list(islice(times_between(rule(text), after=moment, until=FAR), 6))

    assert found == naively(text, moment, 6)


def test_a_rule_ends_with_its_count():
    times = times_between(rule("FREQ=DAILY;COUNT=3"), after=ANCHOR - timedelta(days=9), until=FAR)

    assert list(times) == [ANCHOR + timedelta(days=n) for n in range(3)]


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("20260202", 3),  # a day: all of it
        ("20260202T091500", 3),  # on the wall
        ("20260202T091459", 2),
        ("20260202T081500Z", 3),
        ("20260202T081459Z", 2),
    ],
)
def test_a_rule_ends_with_its_until(until, days):
    daily = rule(f"FREQ=DAILY;UNTIL={until}", timezone="Europe/Berlin")

    times = list(times_between(daily, after=ANCHOR - timedelta(days=9), until=FAR))

    assert times == [ANCHOR + timedelta(days=n) for n in range(days)]


def test_a_rule_is_read_on_the_wall_of_its_zone():
    daily = rule("FREQ=DAILY", timezone="America/New_York")

    (after,) = islice(times_between(daily, after=datetime(2026, 7, 1, tzinfo=UTC), until=FAR), 1)

    assert after == datetime(2026, 7, 1, 7, 15, tzinfo=UTC)  # 03:15 in summer as in winter


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "NAME=VALUE"),
        ("FREQ", "NAME=VALUE"),
        ("FREQ=", "NAME=VALUE"),
        ("FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("INTERVAL=2", "FREQ must be"),
        ("FREQ=SECONDLY", "interval"),
        ("FREQ=FORTNIGHTLY", "FREQ must be"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=99999999999999", "INTERVAL"),
        ("FREQ=DAILY;COUNT=1001", "COUNT"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "both"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20271341", "UNTIL"),
        ("FREQ=DAILY;WKST=XX", "WKST"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR"),
        ("FREQ=DAILY;BYHOUR=1,,2", "BYHOUR"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "place"),
        ("FREQ=MONTHLY;BYDAY=54MO", "place"),
        ("FREQ=MONTHLY;BYDAY=Monday", "BYDAY"),
        ("FREQ=DAILY;BYEASTER=1", "BYEASTER"),
        ("FREQ=DAILY;BYSECOND=1", "BYSECOND"),
        ("FREQ=MONTHLY;BYSETPOS=1", "choose from"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "YEARLY"),
        ("FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,20,40", "48"),
        ("FREQ=DAILY;UNTIL=20200101", "never due"),
        # Each of these dateutil would look for up to the year 9999.
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never due"),
        ("FREQ=MINUTELY;BYMONTHDAY=31;BYMONTH=4", "BYMONTHDAY|never due"),
        ("FREQ=MINUTELY;BYSETPOS=2;BYMINUTE=5", "BYSETPOS"),
        ("FREQ=MINUTELY;INTERVAL=60;BYMINUTE=7", "never due"),
        ("FREQ=HOURLY;INTERVAL=24;BYHOUR=7", "never due"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=2", "never due"),
        ("FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1", "never due"),
    ],
)
def test_what_is_no_rule_is_refused(text, says):
    with pytest.raises(BadRecurrenceError, match=says) as caught:
        rule(text)

    assert caught.value.field == "rrule"


@pytest.mark.parametrize("year", [1969, 2201])
def test_absurd_anchors_are_refused(year):
    with pytest.raises(BadRecurrenceError) as caught:
        rule("FREQ=DAILY", anchor=datetime(year, 1, 1, tzinfo=UTC))

    assert caught.value.field == "anchor_at"


@pytest.mark.parametrize("text", ["FREQ=MINUTELY", "FREQ=HOURLY;INTERVAL=5", "FREQ=DAILY;BYDAY=MO"])
def test_asking_long_after_the_beginning_takes_no_walk_from_there(text, monkeypatch):
    old = rule(text, anchor=datetime(1970, 1, 2, tzinfo=UTC))
    steps = 0
    moments = Rule._moments

    def counted(self, wall):
        nonlocal steps
        steps += 1
        return moments(self, wall)

    monkeypatch.setattr(Rule, "_moments", counted)
    began = old._nearer_start(datetime(2026, 6, 1))  # noqa: DTZ001 - a wall has no zone

    following = old.next_after(datetime(2026, 6, 1, tzinfo=UTC))

    assert following is not None
    assert following - datetime(2026, 6, 1, tzinfo=UTC) <= timedelta(days=7)
    assert datetime(2026, 6, 1) - began < timedelta(days=3)  # noqa: DTZ001
    assert steps == 1
