"""Which of many things most likely has to do with how a run went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.runs.around import Candidate, Kind, classify, find_break, in_words, rank

UNTIL = datetime(2026, 11, 1, 12, tzinfo=UTC)


def candidate(minutes=10, **changes):
    return Candidate(
        **{
            "kind": Kind.EVENT,
            "at": UNTIL - timedelta(minutes=minutes),
            "title": "x",
            "weight": 0.5,
            "why": ["because"],
            "distance": 0,
        }
        | changes
    )


def titles(found):
    return [each.title for each in found]


def test_what_tells_more_is_nearer_in_time_and_in_steps_comes_first():
    found = rank(
        [
            candidate(title="telling", weight=0.9),
            candidate(title="less telling", weight=0.3),
            candidate(title="long ago", weight=0.9, minutes=300),
            candidate(title="upstream", weight=0.9, distance=2),
            candidate(title="elsewhere", weight=0.9, distance=None),
        ],
        until=UNTIL,
    )

    assert titles(found) == ["telling", "upstream", "elsewhere", "less telling", "long ago"]
    assert all(0 < each.score <= 1 for each in found)


def test_a_schema_of_last_evening_beats_small_talk_of_this_minute():
    found = rank(
        [
            candidate(title="schema", weight=0.95, minutes=240),
            candidate(title="talk", weight=0.2, minutes=1),
        ],
        until=UNTIL,
    )

    assert titles(found) == ["schema", "talk"]


def test_what_came_afterwards_is_no_cause():
    assert rank([candidate(minutes=-1)], until=UNTIL) == []


def test_the_same_thing_many_times_is_one_and_says_how_often():
    found = rank([candidate(minutes=n) for n in (30, 10, 20)], until=UNTIL)

    [only] = found
    assert only.count == 3
    assert only.at == UNTIL - timedelta(minutes=10)
    assert only.why == ["because", "10 min before", "on something that this run touches", "3 times"]


def test_each_says_where_it_stands():
    [near] = rank([candidate(distance=1, minutes=200)], until=UNTIL)
    [far] = rank([candidate(distance=None, minutes=1)], until=UNTIL)

    assert near.why[1:] == ["3 h before", "1 step upstream of it"]
    assert far.why[1:] == ["60 s before"]


def test_what_was_within_a_second_was_right_before():
    [at_once] = rank([candidate(distance=None, minutes=0)], until=UNTIL)

    assert at_once.why[1:] == ["right before"]


def test_the_order_of_candidates_makes_no_difference():
    some = [candidate(title=str(n), minutes=n % 3, distance=n % 2) for n in range(12)]
    again = [candidate(title=str(n), minutes=n % 3, distance=n % 2) for n in range(12)]

    assert titles(rank(some, until=UNTIL)) == titles(rank(reversed(again), until=UNTIL))


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"name": "query.executed", "verb": "SELECT"}, None),
        ({"name": "query.executed", "verb": "drop"}, Kind.QUERY),
        ({"name": "query.executed", "verb": "SELECT", "has_error": True}, Kind.QUERY),
        ({"name": "check.failed"}, Kind.CHECK),
        ({"name": "check.passed"}, None),
        ({"name": "check.passed", "on_resource": True}, Kind.EVENT),
        ({"name": "warehouse.outage"}, Kind.EVENT),
        ({"name": "github.push"}, Kind.DEPLOY),
        ({"name": "app.deployed"}, Kind.DEPLOY),
        ({"name": "schema.changed"}, Kind.SCHEMA),
        ({"name": "coffee.made"}, None),
        ({"name": "coffee.made", "by_this_run": True, "on_resource": True}, None),
        ({"name": "step.failed", "by_this_run": True}, Kind.EVENT),
    ],
)
def test_what_sort_of_event_it_is(event, kind):
    sort = classify(**{"on_resource": False, "by_this_run": False} | event)

    assert (sort.kind if sort else None) == kind


@pytest.mark.parametrize(
    ("by_a_run", "why"), [(True, "another run’s CREATE"), (False, "somebody else’s CREATE")]
)
def test_a_statement_says_whether_a_run_executed_it(by_a_run, why):
    sort = classify(
        name="query.executed",
        verb="create",
        on_resource=True,
        by_this_run=False,
        by_a_run=by_a_run,
    )

    assert sort.why == why


def points(*values):
    return [(UNTIL + timedelta(hours=n - len(values)), float(v)) for n, v in enumerate(values)]


SINCE = UNTIL - timedelta(hours=2)


def test_a_break_is_what_differs_from_what_is_usual():
    broke = find_break(points(100, 102, 98, 101, 99, 100, 12, 13), since=SINCE)

    assert (broke.value, broke.usual) == (12.0, 100.0)
    assert broke.in_words == "12 where 100 is usual (-88 %)"
    assert broke.weight == 0.85


@pytest.mark.parametrize(
    "values",
    [
        (100, 102, 98, 101, 99, 100, 101, 97),  # as usual
        (100, 12, 13),  # nothing is usual yet
        (7, 7, 7, 7, 7, 7, 7.1, 7),  # a constant that moved by little
        (1, 100, 3, 80, 2, 90, 60, 5),  # it is wild always
        (),
    ],
)
def test_what_is_no_break(values):
    assert find_break(points(*values), since=SINCE) is None


def test_one_earlier_break_does_not_make_the_next_usual():
    assert find_break(points(100, 101, 5000, 99, 100, 100, 100, 9), since=SINCE) is not None


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "0 s"), (59, "59 s"), (600, "10 min"), (7_200, "2 h")]
)
def test_spans_in_words(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words
