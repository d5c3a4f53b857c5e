"""The live tail: nothing twice, nothing lost that commits late, thinned out when it is too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apps.core.ids import uuid7
from apps.telemetry.tail import LOOK_BACK, SHOWN_AT_ONCE, Tail

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def key(seconds):
    return (NOW + timedelta(seconds=seconds), uuid7())


def test_what_was_there_before_is_not_shown():
    tail = Tail(now=NOW)

    assert tail.look([key(-1), key(-20)], now=NOW).shown == []


def test_what_comes_is_shown_once_and_oldest_first():
    tail = Tail(now=NOW)
    tail.look([], now=NOW)
    first, second = key(1), key(2)

    news = tail.look([second, first], now=NOW + timedelta(seconds=2))
    again = tail.look([second, first], now=NOW + timedelta(seconds=3))

    assert news.shown == [first, second]
    assert again.shown == []


def test_a_late_commit_is_shown_though_later_ones_were():
    tail = Tail(now=NOW)
    tail.look([], now=NOW)
    early, late = key(1), key(5)
    tail.look([late], now=NOW + timedelta(seconds=5))

    news = tail.look([late, early], now=NOW + timedelta(seconds=9))

    assert news.shown == [early]


def test_a_flood_is_thinned_evenly_and_counted():
    tail = Tail(now=NOW)
    tail.look([], now=NOW)
    flood = [key(step / 1_000) for step in range(1_000)]

    news = tail.look(flood, now=NOW + timedelta(seconds=1))

    assert (len(news.shown), news.total) == (SHOWN_AT_ONCE, 1_000)
    assert news.shown == flood[::5]


def test_memory_ends_behind_the_horizon():
    tail = Tail(now=NOW)
    for second in range(200):
        now = NOW + timedelta(seconds=second)
        tail.look([key(second)], now=now)

    assert len(tail._seen) <= LOOK_BACK.total_seconds() + 1
    assert tail.since == NOW + timedelta(seconds=199) - LOOK_BACK


def test_a_returning_reader_gets_what_was_missed():
    missed, came_late = key(-60), key(-100)
    tail = Tail(now=NOW, after=NOW - timedelta(seconds=90))

    assert tail.since <= came_late[0]
    assert tail.look([missed, came_late], now=NOW).shown == [came_late, missed]


def test_nobody_returns_from_long_ago():
    assert Tail(now=NOW, after=NOW - timedelta(days=3)).since == NOW - timedelta(minutes=5)
