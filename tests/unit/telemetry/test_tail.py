"""The live tail: nothing twice, nothing lost that commits late, thinned out when it is too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.core.ids import uuid7
from apps.telemetry.tail import (
    COMMITS_WITHIN,
    LEAST_LOOK_BACK,
    LOOK_BACK,
    LOOKED_AT,
    SHOWN_AT_ONCE,
    SWEEP_EVERY,
    Tail,
)

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
    assert news.shown == flood[:: 1_000 // SHOWN_AT_ONCE]


def test_memory_ends_behind_the_horizon():
    tail = Tail(now=NOW)
    for second in range(200):
        now = NOW + timedelta(seconds=second)
        tail.look([key(second)], now=now)

    assert len(tail._seen) <= LOOK_BACK.total_seconds() + SWEEP_EVERY


def test_a_returning_reader_gets_what_was_missed():
    missed, came_late = key(-60), key(-100)
    tail = Tail(now=NOW, after=NOW - timedelta(seconds=90))

    assert tail.since(NOW) <= came_late[0]
    assert tail.look([missed, came_late], now=NOW).shown == [came_late, missed]


def test_nobody_returns_from_long_ago():
    assert Tail(now=NOW, after=NOW - timedelta(days=3)).since(NOW) == NOW - timedelta(minutes=5)


def moments(count):
    return [NOW + timedelta(seconds=step / 2) for step in range(count)]


def test_most_looks_go_back_as_far_as_commits_take_and_some_as_far_as_clocks():
    tail = Tail(now=NOW)
    backs = []
    for now in moments(2 * SWEEP_EVERY + 1):
        backs.append(now - tail.since(now))
        tail.look([], now=now)

    half = timedelta(seconds=0.5)
    assert [place for place, back in enumerate(backs) if back == LOOK_BACK] == [
        0,
        SWEEP_EVERY,
        2 * SWEEP_EVERY,
    ]
    assert set(backs) == {LOOK_BACK, COMMITS_WITHIN + half}


def test_no_time_lies_between_two_looks_however_long_one_waits():
    tail = Tail(now=NOW)
    tail.look([], now=NOW)

    assert tail.since(NOW + timedelta(seconds=9)) == NOW - COMMITS_WITHIN


def test_who_cannot_keep_up_looks_back_less_and_then_more_again():
    tail = Tail(now=NOW)
    tail.look([], now=NOW)
    behind = [tail.miss(now=now).behind for now in moments(9)]

    assert behind[:2] == [LOOK_BACK / 2, LOOK_BACK / 4]
    assert behind[-1] == LEAST_LOOK_BACK
    assert NOW - tail.since(NOW) == LEAST_LOOK_BACK
    news = [tail.look([], now=now) for now in moments(SWEEP_EVERY)]
    assert {each.behind for each in news} == {None}
    assert NOW - tail.since(NOW) >= COMMITS_WITHIN


def test_a_look_that_saw_only_the_newest_says_so_and_shows_them():
    tail = Tail(now=NOW)
    tail.look([], now=NOW)
    flood = [key(step / LOOKED_AT) for step in range(LOOKED_AT)]

    news = tail.look(flood, now=NOW + timedelta(seconds=1), is_whole=False)

    assert (len(news.shown), news.total) == (SHOWN_AT_ONCE, LOOKED_AT)
    assert news.behind == LOOK_BACK / 2


@pytest.mark.parametrize("ago", [1, 4, 29])
def test_what_comes_late_is_shown_with_the_next_sweep_at_the_latest(ago):
    tail = Tail(now=NOW)
    tail.look([], now=NOW)
    late = key(-ago)
    shown = []
    for now in moments(SWEEP_EVERY + 1)[1:]:
        found = [late] if late[0] >= tail.since(now) else []
        shown += tail.look(found, now=now).shown

    assert shown == [late]
