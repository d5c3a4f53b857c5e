"""Gathered and repeated requests, with real commits and real threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry.models import Event, LogLine, MetricPoint, PendingBatch
from apps.telemetry.store.messages import send_with_copies
from apps.telemetry.store.wire import encode_rows
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db(transaction=True)
NOW = utc_now()


def event(**changes):
    return {"name": "e", "occurred_at": NOW.isoformat(), "id": str(uuid7())} | changes


def stored(workspace):
    with workspace_scope(workspace.id):
        return Event.objects.for_workspace(workspace.id).filter(name="e").count()


@pytest.fixture
def send(api, alice):
    """Send bodies from many threads at once and return the answers, in order."""
    key = make_key(alice, role="AGENT")

    def one(body):
        try:
            return api(key, alice.workspace).post("events", body).json()
        finally:
            connection.close()

    def all_at_once(bodies):
        with ThreadPoolExecutor(12) as pool:
            return list(pool.map(one, bodies))

    return all_at_once


def test_single_events_of_many_senders_are_each_answered_for(send, alice):
    answers = send([[event()] for _ in range(60)])

    assert [answer["accepted"] for answer in answers] == [1] * 60
    assert stored(alice.workspace) == 60
    with workspace_scope(alice.workspace.id):
        assert 1 <= PendingBatch.objects.count() <= 60


def test_the_bad_among_the_good_are_told_apart(send, alice):
    old = event(occurred_at="1926-01-01T00:00:00Z")
    bodies = [[event(), old, {"bad": 1}] if n % 3 == 0 else [event()] for n in range(45)]

    answers = send(bodies)

    for body, answer in zip(bodies, answers, strict=True):
        assert answer["accepted"] == 1
        refused = sorted((each["index"], each["code"]) for each in answer["rejected"])
        assert refused == ([] if len(body) == 1 else [(1, "too_old"), (2, "invalid_item")])
    assert stored(alice.workspace) == 45


def test_the_same_event_from_many_senders_is_stored_once(send, alice):
    same = event()

    answers = send([[same, event()] for _ in range(40)])

    assert sum(answer["accepted"] for answer in answers) == 41
    assert sum(answer["duplicates"] for answer in answers) == 39
    assert stored(alice.workspace) == 41


def test_a_repeated_batch_outside_of_a_tests_transaction(send, alice):
    batch = [event() for _ in range(100)]

    [first] = send([batch])
    [again] = send([[*batch, event()]])

    assert (first["accepted"], first["duplicates"]) == (100, 0)
    assert (again["accepted"], again["duplicates"]) == (1, 100)
    assert stored(alice.workspace) == 101


def test_a_large_batch_with_a_repeated_event_leaves_nothing_of_a_first_try(send, alice):
    known = event()
    send([[known]])
    batch = [event() for _ in range(50)]

    [answer] = send([[*batch, known, batch[7]]])

    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (50, 2, [])
    assert stored(alice.workspace) == 51
    with workspace_scope(alice.workspace.id):
        assert PendingBatch.objects.filter(consumer="rollup").count() == 2


def test_a_large_batch_of_all_kinds_in_one_message(api, alice):
    key, run_id, at = make_key(alice, role="AGENT"), str(uuid7()), NOW.isoformat()
    lines = [
        {"occurred_at": at, "level": "INFO", "message": f"line {n} ✓", "run_id": run_id}
        for n in range(20)
    ]
    points = [{"name": "rows", "occurred_at": at, "value": n} for n in range(20)]

    def send_mixed():
        batch = {"events": [event() for _ in range(20)], "logs": lines, "points": points}
        return api(key, alice.workspace).post("ingest", batch).json()

    first = send_mixed()  # makes the series, which takes a transaction with more in it
    again = send_mixed()

    assert (first["accepted"], first["duplicates"]) == (60, 0)
    assert (again["accepted"], again["duplicates"]) == (20, 40)
    with workspace_scope(alice.workspace.id):
        messages = LogLine.objects.for_workspace(alice.workspace.id).values_list("message")
        assert {text for (text,) in messages} == {line["message"] for line in lines}
        values = MetricPoint.objects.for_workspace(alice.workspace.id).values_list("value")
        assert sorted(value for (value,) in values) == list(range(20))


def test_after_a_message_that_was_cut_off_the_next_one_has_a_connection(alice):
    with pytest.raises(TypeError), connection.cursor() as cursor:
        send_with_copies(
            cursor, "SELECT %s; COPY telemetry_event FROM STDIN (FORMAT binary)", [1], [None]
        )

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert stored(alice.workspace) == 0


def test_after_a_failed_message_the_connection_serves_on(alice):
    rows = [(uuid7(), "x")] * 20  # two columns where the table has fourteen
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        send_with_copies(
            cursor,
            "SELECT %s; COPY telemetry_event FROM STDIN (FORMAT binary)",
            [1],
            [encode_rows(["uuid", "text"], rows)],
        )

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert stored(alice.workspace) == 0
