"""`POST /cloudevents`: binary, structured and batched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7

pytestmark = pytest.mark.django_db
PATH = "/cloudevents"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NOW = utc_now()
AT = (NOW - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")


def cloudevent(**changes):
    event = {
        "specversion": "1.0",
        "id": str(uuid7()),
        "source": "/shop/orders",
        "type": "com.example.order.placed",
        "time": AT,
        "data": {"amount": 12},
    } | changes
    return {name: value for name, value in event.items() if value is not None}


def binary(**changes):
    return {f"ce_{name}": value for name, value in cloudevent(**changes).items() if name != "data"}


def test_a_structured_event(sender):
    sent = cloudevent(subject="orders/17", traceparent="00-ab-cd-01", partition=3)

    answer = sender.send(PATH, sent, STRUCTURED + "; charset=utf-8")

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    (event,) = sender.events()
    assert (event.name, event.source) == ("com.example.order.placed", "cloudevents")
    assert event.occurred_at == NOW - timedelta(minutes=1)
    assert (event.resource_kind, event.resource_namespace, event.resource_name) == (
        "subject",
        "/shop/orders",
        "orders/17",
    )
    attributes = {name: str(value) for name, value in sent.items() if name != "data"}
    assert event.payload == {"cloudevent": attributes, "data": {"amount": 12}}


@pytest.mark.parametrize(
    ("content_type", "body", "payload"),
    [
        ("application/json", b'{"a": 1}', {"data": {"a": 1}}),
        ("application/vnd.x+json", b"[1]", {"data": [1]}),
        (None, b'{"a": 1}', {"data": {"a": 1}}),
        (None, b"\xff", {"data_base64": "/w=="}),
        ("text/plain", b"hello", {"data": "hello"}),
        ("application/octet-stream", b"\x00\x01", {"data_base64": "AAE="}),
        ("application/json", b"", {}),
    ],
)
def test_the_data_of_a_binary_event(sender, content_type, body, payload):
    answer = sender.send(PATH, body, content_type, **binary())

    assert answer.status_code == 200, answer.content
    (event,) = sender.events()
    found = {name: value for name, value in event.payload.items() if name != "cloudevent"}
    assert found == payload


def test_headers_are_unescaped(sender):
    sender.send(PATH, b"1", "application/json", **binary(), ce_subject="caf%C3%A9")

    assert sender.events()[0].resource_name == "café"


def test_a_batch_keeps_what_is_good(sender):
    bad = [
        cloudevent(type=None),
        cloudevent(specversion="2.0"),
        cloudevent(time="noon"),
        cloudevent(extension={"a": 1}),
        cloudevent(data_base64="AAE="),
        cloudevent(Upper="x"),
        cloudevent(headwayrunid="mine"),
        cloudevent(source="x" * 201),
        "text",
    ]

    answer = sender.send(PATH, [cloudevent(), *bad, cloudevent()], BATCH)

    assert answer.json()["accepted"] == 2
    fields = {each["index"]: each["field"] for each in answer.json()["rejected"]}
    assert list(fields.values()) == [
        *("type", "specversion", "time", "extension", "data_base64", "Upper", "headwayrunid"),
        *("source", None),
    ]
    assert sender.refused() == {("cloudevents", "invalid_item"): 9}


def test_the_same_id_of_the_same_source_is_the_same_event_whatever_it_says(sender):
    first = cloudevent()

    sender.send(PATH, first, STRUCTURED)
    again = sender.send(PATH, first | {"data": "other"}, STRUCTURED).json()
    elsewhere = sender.send(PATH, first | {"source": "/other"}, STRUCTURED).json()

    assert (again["accepted"], again["duplicates"]) == (0, 1)
    assert elsewhere["accepted"] == 1
    assert {str(event.payload["data"]) for event in sender.events()} == {"{'amount': 12}"}


def test_an_event_may_name_its_run(sender):
    run_id = uuid7()

    sender.send(PATH, cloudevent(headwayrunid=str(run_id)), STRUCTURED)

    assert sender.events()[0].run_id == run_id


def test_an_event_without_a_time_happened_when_it_came(sender):
    before = utc_now()

    sender.send(PATH, cloudevent(time=None), STRUCTURED)

    assert before <= sender.events()[0].occurred_at <= utc_now()


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"{}", 415, "unsupported_media"),
        ("application/cloudevents+avro", b"{}", 415, "unsupported_media"),
        (STRUCTURED, b"{", 400, "invalid_request"),
        (BATCH, b'{"a": 1}', 400, "invalid_request"),
        (STRUCTURED, b"{}", 400, "nothing_taken"),
    ],
)
def test_what_is_no_event_is_refused_and_counted(sender, content_type, body, status, code):
    answer = sender.send(PATH, body, content_type)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert sender.has_nothing()
    expected = "invalid_item" if code == "nothing_taken" else code
    assert sender.refused() == {("cloudevents", expected): 1}
