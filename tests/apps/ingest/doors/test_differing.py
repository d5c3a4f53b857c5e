"""Duplicates that say something else: taken as duplicates, and shown."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.ingest.services import doors
from tests.apps.ingest.doors.otlp_bodies import JSON, at, counter, request
from tests.apps.ingest.doors.test_prometheus import sample, series, write

pytestmark = pytest.mark.django_db
NOW = utc_now()
DIFFERS = "duplicate_differs"


def event(**changes):
    return {
        "id": str(uuid7()),
        "name": "order.placed",
        "occurred_at": NOW.isoformat(),
        "payload": {"amount": 7},
    } | changes


def lineage(**changes):
    return {
        "eventType": "COMPLETE",
        "eventTime": NOW.isoformat(),
        "run": {"runId": "0198a5a0-0000-7000-8000-000000000001"},
        "job": {"namespace": "n", "name": "j"},
    } | changes


@pytest.fixture
def events_path(sender):
    return f"/api/v1/workspaces/{sender.workspace.slug}/events"


@pytest.mark.parametrize("others", [0, 40], ids=["few", "many"])
def test_another_payload_is_a_duplicate_and_a_sample(sender, events_path, others):
    first = event()
    sender.send(events_path, [first, *[event() for _ in range(others)]])

    answer = sender.send(
        events_path, [*[event() for _ in range(others)], first | {"payload": {"amount": 8}}]
    )

    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": others,
        "duplicates": 1,
        "rejected": [],
        "commands": [],
        "lost": [],
    }
    assert sender.refused() == {("native", DIFFERS): 1}
    (shown,) = sender.samples()
    assert shown["field"] == "payload"
    assert json.loads(shown["item"])["payload"] == {"amount": 8}
    assert [each.payload["amount"] for each in sender.events()].count(8) == 0


def test_the_same_again_is_no_sample(sender, events_path):
    batch = [event(), event()]
    for _ in range(2):
        assert sender.send(events_path, batch).status_code == 200

    assert sender.refused() == {}


def test_a_cloudevent_of_one_source_and_id_with_other_data(sender):
    about = {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "t",
        "time": NOW.isoformat(),
    }
    for data in (1, 1, 2):
        answer = sender.send("/cloudevents", about | {"data": data}, "application/cloudevents+json")
        assert answer.status_code == 200

    assert sender.refused() == {("cloudevents", DIFFERS): 1}


def test_a_run_that_is_known_by_now_is_no_difference(sender):
    parent = uuid7()
    sent = lineage(run={"runId": str(parent)})
    sender.send("/api/v1/lineage", sent)
    report = {
        "run_id": str(parent),
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": NOW.isoformat(),
        "flow_name": "load",
    }
    path = f"/api/v1/workspaces/{sender.workspace.slug}/ingest"
    assert sender.send(path, {"runs": [report]}).json()["rejected"] == []
    doors._met.clear()  # as a second would

    again = sender.send("/api/v1/lineage", sent)

    assert again.json()["duplicates"] == 1
    assert sender.refused() == {}


def test_another_value_of_a_series_at_one_time_is_shown(sender):
    for value in (1.0, 1.0, 2.0):
        assert write(sender, series([sample(value)])).status_code == 204

    assert sender.refused() == {("prometheus", DIFFERS): 1}
    assert sender.samples()[0]["field"] == "value"


def test_another_running_total_at_one_time_is_shown(sender):
    moment = at(5, 3.0)
    for value in (3.0, 3.0, 4.0):
        body = json.dumps(request("metrics", [counter([moment | {"asDouble": value}])])).encode()
        assert sender.send("/otlp/v1/metrics", body, JSON).json() == {}

    assert sender.refused() == {("otlp", DIFFERS): 1}


def test_what_is_refused_and_what_differs_keep_their_places(sender, events_path):
    first = event()
    sender.send(events_path, [first])
    bad = event(occurred_at=(NOW - timedelta(days=400)).isoformat())

    answer = sender.send(events_path, [bad, {"name": ""}, first | {"name": "order.paid"}])

    assert {each["index"] for each in answer.json()["rejected"]} == {0, 1}
    assert sender.refused()[("native", DIFFERS)] == 1
    told = next(each for each in sender.samples() if "order.paid" in each["item"])
    assert told["field"] == "name"
