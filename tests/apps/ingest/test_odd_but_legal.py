"""What senders may write though few do: it is taken, and what it says is kept."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from datetime import timedelta

import pytest
from django.test import Client

from apps.core.clock import utc_now
from tests.apps.ingest.doors.conftest import each_store, sender
from tests.apps.ingest.doors.otlp_bodies import (
    JSON,
    SPAN,
    TRACE,
    ago,
    as_json,
    as_protobuf,
    at,
    attributes,
    metric,
    record,
    request,
    span,
)
from tests.apps.ingest.hooks.conftest import make_hook
from tests.apps.ingest.hooks.test_presets import SECRET, slack

__all__ = ["each_store", "make_hook", "sender"]

pytestmark = pytest.mark.django_db
AT = (utc_now() - timedelta(minutes=1)).isoformat()
STRUCTURED = "application/cloudevents+json"


def send(sender, kind, *items, **resource):
    return sender.send(f"/otlp/v1/{kind}", as_json(kind, request(kind, list(items), **resource)))


def test_null_is_nothing_in_a_span(sender):
    told = dict.fromkeys(("parentSpanId", "status", "events", "links", "traceState", "attributes"))

    answer = send(sender, "traces", span(**told))

    assert answer.json() == {}
    (event,) = sender.events()
    assert event.payload["parent_span_id"] is None
    assert (event.payload["events"], event.payload["attributes"]) == ([], {})


def test_null_is_nothing_in_a_resource_a_metric_and_a_record(sender):
    measured = request("metrics", [metric("gauge", [at(5, 1.5) | {"attributes": None}])])
    (about,) = measured["resourceMetrics"]
    about["resource"]["attributes"] = None
    about["scopeMetrics"][0]["scope"] = None
    about["scopeMetrics"][0]["metrics"][0] |= {"unit": None, "description": None, "sum": None}

    answers = [
        sender.send("/otlp/v1/metrics", as_json("metrics", measured)),
        send(sender, "logs", record(attributes=None, traceId=None, severityText=None)),
    ]

    assert [each.json() for each in answers] == [{}, {}]
    assert [point.value for point in sender.points()] == [1.5]
    assert [line.message.partition("\n")[0] for line in sender.lines()] == ["it broke"]


def test_null_in_a_list_of_values_is_refused_alone(sender):
    bad = record(body={"arrayValue": {"values": [None]}})

    answer = send(sender, "logs", bad, record())

    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    assert len(sender.lines()) == 1


def test_a_null_beside_a_number_of_too_many_bits_is_told_by_the_number(sender):
    answer = send(sender, "traces", span(parentSpanId=None, endTimeUnixNano=2**70))

    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert sender.has_nothing()


@pytest.mark.parametrize("form", [as_json, as_protobuf])
def test_a_link_without_ids_is_kept_with_what_it_says(sender, form):
    links = [{"attributes": attributes(why="batch")}, {"traceId": TRACE, "spanId": SPAN}]
    media = JSON if form is as_json else "application/x-protobuf"

    sender.send("/otlp/v1/traces", form("traces", request("traces", [span(links=links)])), media)

    (event,) = sender.events()
    assert event.payload["links"] == [
        {"trace_id": None, "span_id": None, "attributes": {"why": "batch"}},
        {"trace_id": TRACE, "span_id": SPAN, "attributes": {}},
    ]


def test_an_event_of_a_span_may_lack_its_time(sender):
    send(sender, "traces", span(events=[{"name": "retry"}]))

    (event,) = sender.events()
    assert event.payload["events"] == [{"name": "retry", "at": None, "attributes": {}}]


@pytest.mark.parametrize("offset", [2**31, -(2**31) - 1, 10**18], ids=["more", "less", "far"])
def test_buckets_beyond_what_a_message_can_say_are_refused(sender, offset):
    side = {"offset": offset, "bucketCounts": ["1"]}
    point = at(5) | {"count": "1", "scale": 0, "zeroCount": "0", "positive": side}

    answer = send(
        sender,
        "metrics",
        metric("exponentialHistogram", [point], aggregationTemporality=1),
        metric("gauge", [at(5, 1.5)]),
    )

    assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "1"
    assert [each.value for each in sender.points()] == [1.5]


VALUES = [
    ({"stringValue": "s"}, "s"),
    ({"boolValue": False}, False),
    ({"intValue": "-9223372036854775808"}, -(2**63)),
    ({"doubleValue": 1.5}, 1.5),
    ({"doubleValue": "-Infinity"}, "-Infinity"),
    ({"bytesValue": "AAE="}, "AAE="),
    ({"arrayValue": {"values": [{"stringValue": "x"}, {}]}}, ["x", None]),
    ({"arrayValue": {}}, []),
    ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}, {"a": 1}),
    ({"kvlistValue": {}}, {}),
    ({}, None),
]
KINDS = [next(iter(value), "nothing") + f" {number}" for number, (value, _) in enumerate(VALUES)]


@pytest.mark.parametrize(("value", "kept"), VALUES, ids=KINDS)
@pytest.mark.parametrize("form", [as_json, as_protobuf])
def test_every_kind_of_attribute(sender, form, value, kept):
    told = span(attributes=[{"key": "k", "value": value}])
    media = JSON if form is as_json else "application/x-protobuf"

    sender.send("/otlp/v1/traces", form("traces", request("traces", [told])), media)

    (event,) = sender.events()
    assert event.payload["attributes"] == {"k": kept}


def cloudevent(**changes):
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": AT} | changes


@pytest.mark.parametrize("data", ["!!!", "aGk", "aGk=\n", "é", "aG k="])
def test_what_is_no_base64_is_refused(sender, data):
    answer = sender.send("/cloudevents", cloudevent(data_base64=data), STRUCTURED)

    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["rejected"][0]["field"] == "data_base64"
    assert sender.has_nothing()


@pytest.mark.parametrize("data", ["", "aGk=", "+/8="])
def test_base64_is_kept_as_it_is(sender, data):
    sender.send("/cloudevents", cloudevent(data_base64=data), STRUCTURED)

    assert sender.events()[0].payload["data_base64"] == data


@pytest.mark.parametrize("given", [1_764_000_000, "1764000000"], ids=["number", "text"])
def test_seconds_are_no_time_of_a_cloudevent(sender, given):
    answer = sender.send("/cloudevents", cloudevent(time=given), STRUCTURED)

    assert answer.json()["error"]["details"]["rejected"][0]["field"] == "time"
    assert sender.has_nothing()


@pytest.mark.parametrize("event_type", ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"])
def test_openlineage_of_every_type(sender, event_type):
    event = {
        "eventType": event_type,
        "eventTime": AT,
        "run": {"runId": "not a uuid", "facets": None},
        "job": {"namespace": "odd+scheme:/x", "name": "j", "facets": {"sql": 5}},
        "inputs": None,
    }

    answer = sender.send("/api/v1/lineage", event)

    assert answer.status_code == 201
    assert [each.name for each in sender.events()] == [f"openlineage.run.{event_type.lower()}"]


def test_slack_says_that_it_kept_deliveries_back(make_hook):
    hook = make_hook("SLACK", secret=SECRET)
    minute = int(time.time()) // 60 * 60
    body = {
        "token": "t",
        "type": "app_rate_limited",
        "team_id": "T1",
        "minute_rate_limited": minute,
        "api_app_id": "A1",
    }

    first = hook.deliver(*slack(body))
    again = hook.deliver(*slack(body))

    assert (first.json()["accepted"], again.json()["duplicates"]) == (1, 1)
    (event,) = hook.events()
    assert (event.name, event.resource_kind, event.resource_name) == (
        "slack.app_rate_limited",
        "app",
        "A1",
    )
    assert event.occurred_at.timestamp() == minute
    assert "token" not in event.payload


@pytest.mark.parametrize("media", ["application/vnd.x+json", "application/cloudevents+json"])
def test_json_by_another_name_is_read_of_anybody(make_hook, media):
    generic = make_hook("GENERIC")
    own = make_hook("CUSTOM", template='{"name": "a", "payload": {{ body | tojson }}}')

    answers = [each.deliver({"a": 1}, content_type=media) for each in (generic, own)]

    assert [each.status_code for each in answers] == [200, 200]
    assert [each.payload for each in own.events()] == [{"a": 1}, {"a": 1}]


def test_json_by_another_name_is_not_stripes(make_hook):
    hook = make_hook("STRIPE", secret=SECRET)

    assert hook.deliver({}, content_type="application/vnd.x+json").status_code == 415


def basic(secret):
    return "Basic " + b64encode(f"anybody:{secret}".encode()).decode()


@pytest.mark.parametrize("place", ["events", "ingest", "query-log"])
def test_the_key_may_stand_elsewhere_at_doors_of_a_workspace_too(sender, workspace, place):
    path = f"/api/v1/workspaces/{workspace.slug}/{place}"
    event = [{"name": "a", "occurred_at": AT}]
    body, media = {
        "events": (json.dumps(event), JSON),
        "ingest": (json.dumps({"events": event}), JSON),
        "query-log": (f"query,started_at\nselect 1,{AT}", "text/csv"),
    }[place]

    def post(**headers):
        return Client().generic("POST", path, body.encode(), content_type=media, headers=headers)

    refused = [
        post(),
        post(**{"X-API-Key": "hw_no"}),
        post(Authorization=basic("hw_no")),
        post(Authorization="Basic !"),
    ]
    assert [each.status_code for each in refused] == [401] * 4
    assert sender.has_nothing()
    assert post(**{"X-API-Key": sender.key}).json()["accepted"] == 1
    assert post(Authorization=basic(sender.key)).json()["duplicates"] == 1


def test_a_password_of_a_proxys_does_not_keep_out_who_is_signed_in(api, alice):
    client = api(alice)

    answer = client.client.post(
        f"{client.workspace_url}/events",
        json.dumps([{"name": "a", "occurred_at": AT}]),
        content_type=JSON,
        headers={"Authorization": basic("of the proxy")},
    )

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@pytest.mark.parametrize("credits", ["sNaN", "NaN", "-sNaN123", "Infinity", "1e999999999"])
def test_credits_that_are_no_number_are_refused_by_their_row(sender, workspace, credits):
    rows = f"query,started_at,credits\nselect 1,{AT},{credits}\nselect 2,{AT},0.5"

    answer = sender.send(
        f"/api/v1/workspaces/{workspace.slug}/query-log", rows.encode(), "text/csv"
    )

    assert answer.status_code == 200
    assert [each["line"] for each in answer.json()["rejected"]] == [2]
    assert [each.payload["credits"] for each in sender.events()] == [0.5]


def test_halves_of_characters_keep_no_row_of_ndjson_out(sender, workspace):
    line = f'{{"query": "select \'\\udce4.csv\'", "started_at": "{AT}"}}'

    answer = sender.send(
        f"/api/v1/workspaces/{workspace.slug}/query-log", line.encode(), "application/x-ndjson"
    )

    assert answer.json()["accepted"] == 1
    assert sender.events()[0].payload["text"] == "select '\ufffd.csv'"


def test_times_of_log_records_and_points(sender):
    """Zero stands for a time that was not given; the greatest of all lies in the year 2554."""
    send(sender, "logs", record(timeUnixNano="0", observedTimeUnixNano=ago(seconds=1)))
    answer = send(sender, "logs", record(timeUnixNano="0"), record(timeUnixNano=str(2**64 - 1)))

    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "2"
    assert len(sender.lines()) == 1
    assert set(sender.refused()) == {("otlp", "invalid_item"), ("otlp", "in_future")}


@pytest.mark.parametrize("path", ["traces", "metrics", "logs"])
@pytest.mark.parametrize("kind", ["traces", "metrics", "logs"])
def test_what_is_sent_to_the_door_beside_is_not_lost_silently(sender, kind, path):
    item = {"traces": span(), "metrics": metric("gauge", [at(5, 1.5)]), "logs": record()}[kind]

    answer = sender.send(f"/otlp/v1/{path}", as_json(kind, request(kind, [item])))

    if kind == path:
        assert (answer.status_code, sender.refused()) == (200, {})
        return
    assert answer.status_code == 400
    assert f"/otlp/v1/{kind}" in answer.content.decode()
    assert sender.has_nothing()
    assert sender.refused() == {("otlp", "invalid_request"): 1}


def test_fields_that_nobody_knows_are_none(sender):
    body = {"resourceProfiles": [], "later": 1} | request("logs", [record()])

    answer = sender.send("/otlp/v1/logs", as_json("logs", body))

    assert (answer.status_code, len(sender.lines())) == (200, 1)
