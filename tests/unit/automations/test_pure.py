from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from apps.automations.backoff import next_delay
from apps.automations.sentence import duration, sentence_of
from apps.automations.triggers import parse_trigger
from apps.automations.windows import Bucket, Frame, Row

AT = datetime(2026, 1, 1, tzinfo=UTC)


def after(seconds):
    return AT + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("attempt", "asked", "seconds"),
    [
        (1, None, 10),
        (2, None, 20),
        (5, None, 160),
        (1, 60, 60),
        (3, 5, 40),
        (1, 86_400, 600),
        (6, None, None),
        (6, 1, None),
        (5_000, None, None),
    ],
)
def test_waits_double_up_to_the_ceiling_and_six_tries(attempt, asked, seconds):
    wait = next_delay(attempt, asked_seconds=asked)

    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def take(bucket, *entries, needed=2, within=10):
    return [
        used and [at.second for at, _ in used]
        for second, number in entries
        for used in [
            bucket.take(
                (after(second), UUID(int=number)),
                needed=needed,
                within=timedelta(seconds=within),
            )
        ]
    ]


def test_a_threshold_counts_by_the_events_own_times():
    assert take(Bucket(), (0, 1), (10, 2)) == [None, [0, 10]]
    assert take(Bucket(), (0, 1), (11, 2), (20, 3)) == [None, None, [11, 20]]
    assert take(Bucket(), (10, 1), (0, 2)) == [None, [0, 10]]


def test_what_was_used_up_does_not_count_again():
    assert take(Bucket(), (0, 1), (1, 2), (2, 3), (3, 4)) == [None, [0, 1], None, [2, 3]]


def test_what_is_too_late_is_not_counted():
    assert take(Bucket(), (20, 1), (9, 2), (10, 3)) == [None, None, [10, 20]]


FRAME = Frame(within=timedelta(seconds=10), allow_late=timedelta(seconds=5), needed=1)


@pytest.mark.parametrize(
    ("second", "start"), [(0, None), (-1, None), (0.5, 0), (10, 0), (10.5, 10), (20, 10)]
)
def test_a_window_holds_its_end_and_not_its_start(second, start):
    found = FRAME.start_of(after(second), since=AT)

    assert found == (None if start is None else after(start))


def test_a_silent_key_is_forgotten_after_three_windows():
    row = Row(FRAME, "k", AT, [])
    window = row.count(after(3), UUID(int=1))
    opened = 0
    while window is not None:
        opened += 1
        window.close()
        window = row.follow(window, may_forget=True)

    assert opened == 4
    assert row.count(after(35), UUID(int=2)) is None  # in a window that was decided
    assert row.count(after(45), UUID(int=3)) is not None


def test_an_event_before_the_earliest_open_window_changes_nothing():
    row = Row(FRAME, "k", AT, [])
    row.count(after(25), UUID(int=1))

    assert row.count(after(5), UUID(int=2)) is None
    assert row.count(after(35), UUID(int=3)) is not None
    assert len(row.windows) == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 second"), (90, "90 seconds"), (60, "1 minute"), (5400, "90 minutes"),
     (3600, "1 hour"), (86_400, "1 day"), (172_800, "2 days")],
)  # fmt: skip
def test_durations_are_exact(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("trigger", "sentence"),
    [
        (
            {"type": "event", "match": {"name": ["a.*", "!a.test*"], "resource.kind": ["table"]}},
            "When a.* (but not a.test*) with resource.kind table happens, do nothing.",
        ),
        (
            {
                "type": "event",
                "match": {"payload.n": [1, "!2"]},
                "threshold": 3,
                "within_seconds": 300,
                "for_each": ["resource.name"],
            },
            "When any event with payload.n 1 and payload.n not 2 happens 3 times within 5 minutes"
            " for the same resource.name, do nothing.",
        ),
        (
            {
                "type": "absence",
                "after": {"name": ["load.started"]},
                "expect": {"name": ["load.finished", "load.skipped"]},
                "within_seconds": 3600,
            },
            "When load.started is not followed by load.finished or load.skipped within 1 hour,"
            " do nothing.",
        ),
        (
            {
                "type": "absence",
                "expect": {"name": ["table.updated"]},
                "within_seconds": 86_400,
                "threshold": 2,
                "for_each": ["resource.name"],
            },
            "When table.updated happens fewer than 2 times in 1 day for each resource.name,"
            " do nothing.",
        ),
    ],
)
def test_rules_read_as_sentences(trigger, sentence):
    assert sentence_of(parse_trigger(trigger), [], {}) == sentence


def test_actions_are_named():
    actions = [
        {"type": "run_deployment", "deployment_id": "d"},
        {"type": "cancel_run"},
        {"type": "notify", "channel_id": "gone"},
        {"type": "webhook"},
    ]
    trigger = parse_trigger({"type": "event", "match": {"name": ["x"]}})

    assert sentence_of(trigger, actions, {"d": "load/main"}) == (
        "When x happens, run load/main, cancel the run, notify a deleted channel"
        " and call a webhook."
    )
