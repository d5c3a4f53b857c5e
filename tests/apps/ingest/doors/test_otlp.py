"""`POST /otlp/v1/…`: both encodings, partial success, and what spans and records become."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from apps.core.ids import uuid7
from apps.ingest import limits
from tests.apps.ingest.doors.otlp_bodies import (
    ENCODINGS,
    JSON,
    NOW,
    PROTOBUF,
    SPAN,
    TRACE,
    ago,
    as_json,
    as_protobuf,
    attribute,
    attributes,
    record,
    request,
    span,
)

pytestmark = pytest.mark.django_db
TRACES, LOGS = "/otlp/v1/traces", "/otlp/v1/logs"
EACH = pytest.mark.parametrize("encoding", ENCODINGS)


def send(sender, kind, encoding, items, **resource):
    body = ENCODINGS[encoding](kind, request(kind, items, **resource))
    return sender.send(f"/otlp/v1/{kind}", body, encoding)


def partial_of(answer):
    """What was refused, and why, of either encoding."""
    if answer.headers["Content-Type"] == JSON:
        found = answer.json().get("partialSuccess", {})
        return int(found.get("rejectedSpans", 0)), found.get("errorMessage", "")
    found = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return found.rejected_spans, found.error_message


@EACH
def test_a_span_becomes_an_event_at_its_end(sender, encoding):
    sent = span(
        parentSpanId="00f067aa0ba902b7",
        attributes=attributes(a="x", n=7, f=0.5, yes=True, many=["p", 2]),
        events=[{"timeUnixNano": ago(seconds=2.5), "name": "retry", "attributes": []}],
        links=[{"traceId": TRACE, "spanId": SPAN}],
        status={"code": 2, "message": "no"},
    )

    answer = send(sender, "traces", encoding, [sent])

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, encoding)
    assert partial_of(answer) == (0, "")
    (event,) = sender.events()
    assert (event.name, event.source) == ("otel.span", "otlp")
    assert event.occurred_at == NOW - timedelta(seconds=2)
    assert (event.resource_kind, event.resource_namespace, event.resource_name) == (
        "service",
        "web",
        "shop",
    )
    started_at = event.payload.pop("started_at")
    (happened,) = event.payload.pop("events")
    assert started_at.startswith((NOW - timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S"))
    assert (happened["name"], happened["attributes"]) == ("retry", {})
    assert event.payload == {
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": "00f067aa0ba902b7",
        "name": "GET /",
        "kind": "server",
        "duration_ms": 1_000.0,
        "status": "error",
        "status_message": "no",
        "attributes": {"a": "x", "n": 7, "f": 0.5, "yes": True, "many": ["p", 2]},
        "resource": {"service.name": "shop", "service.namespace": "web"},
        "scope": {"name": "lib", "version": "1"},
        "links": [{"trace_id": TRACE, "span_id": SPAN, "attributes": {}}],
    }


@EACH
@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"db__system": "postgresql"}, "query.executed"),
        ({"db__system__name": "duckdb"}, "query.executed"),
        ({"db__query__text": "select 1"}, "query.executed"),
        ({"db__statement": "select 1"}, "query.executed"),
        ({"gen_ai__request__model": "m", "http__method": "POST"}, "llm.called"),
        ({"dbx": "no", "gen": "no"}, "otel.span"),
    ],
)
def test_what_a_span_is_of_is_in_its_name(sender, encoding, given, name):
    send(sender, "traces", encoding, [span(attributes=attributes(**given))])

    assert [event.name for event in sender.events()] == [name]


@EACH
def test_a_span_names_its_run_or_its_resource_does(sender, encoding):
    run_id, task_run_id = str(uuid7()), str(uuid7())
    named = attributes(headway__run_id=run_id, headway__task_run_id=task_run_id)

    send(sender, "traces", encoding, [span(attributes=named)])
    send(sender, "traces", encoding, [span(name="b")], headway__run_id=run_id)

    assert {str(event.run_id) for event in sender.events()} == {run_id}
    assert {str(event.task_run_id) for event in sender.events()} == {task_run_id, "None"}


@EACH
def test_bad_spans_are_told_and_the_others_kept(sender, encoding):
    bad = [
        span(traceId="ab"),
        span(spanId="00" * 8),
        span(endTimeUnixNano="0"),
        span(kind=9),
        span(endTimeUnixNano=ago(days=-1)),
        span(attributes=[attribute("many", "x")] * 1_001),
        span(attributes=[attribute(f"big{n}", "x" * 16_000) for n in range(5)]),
    ]

    answer = send(sender, "traces", encoding, [span(), *bad])

    assert answer.status_code == 200
    rejected, why = partial_of(answer)
    assert rejected == len(bad)
    assert "in_future" in why
    assert len(sender.events()) == 1
    counted = sender.refused()
    assert counted["otlp", "in_future"] == 1
    assert sum(counted.values()) == len(bad)


def test_a_span_that_is_broken_is_refused_alone(sender):
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

    from apps.ingest.doors.protobuf import encode_field

    whole = as_protobuf("traces", request("traces", [span()]))
    broken = encode_field(1, encode_field(2, encode_field(2, b"\x0a\xff\xff")))
    assert ResourceSpans  # the numbers above are those of its fields

    answer = sender.send(TRACES, whole + broken, PROTOBUF)

    assert partial_of(answer)[0] == 1
    assert len(sender.events()) == 1


def test_nan_and_infinity_are_texts(sender):
    body = as_protobuf(
        "traces", request("traces", [span(attributes=attributes(a=float("nan"), b=float("-inf")))])
    )

    sender.send(TRACES, body, PROTOBUF)

    assert sender.events()[0].payload["attributes"] == {"a": "NaN", "b": "-Infinity"}


def test_long_texts_are_cut_and_say_so(sender):
    send(sender, "traces", JSON, [span(attributes=[attribute("prompt", "x" * 20_000)])])

    assert (
        sender.events()[0].payload["attributes"]["prompt"].endswith("… [cut: 3616 more characters]")
    )


@EACH
def test_what_is_sent_twice_is_there_once(sender, encoding):
    for _ in range(2):
        assert send(sender, "traces", encoding, [span()]).status_code == 200
        assert send(sender, "logs", encoding, [record()]).status_code == 200

    assert (len(sender.events()), len(sender.lines())) == (1, 1)


@EACH
def test_a_record_becomes_a_line(sender, encoding):
    run_id = str(uuid7())
    sent = record(
        traceId=TRACE,
        spanId=SPAN,
        attributes=attributes(
            user="ann", code__line__number=7, exception__stacktrace="Traceback …\nKeyError"
        ),
    )

    send(sender, "logs", encoding, [sent], service__name="shop", headway__run_id=run_id)

    (line,) = sender.lines()
    assert (line.level, line.logger, str(line.run_id)) == (40, "lib", run_id)
    assert line.occurred_at == NOW - timedelta(seconds=3)
    said, *stack, rest = line.message.split("\n")
    assert (said, stack) == ("it broke", ["Traceback …", "KeyError"])
    assert json.loads(rest) == {
        "service.name": "shop",
        "trace_id": TRACE,
        "span_id": SPAN,
        "user": "ann",
    }


@EACH
@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"severityNumber": 1}, 10),
        ({"severityNumber": 9}, 20),
        ({"severityNumber": 14}, 30),
        ({"severityNumber": 24}, 50),
        ({"severityNumber": 0, "severityText": "WARN"}, 30),
        ({"severityNumber": 0}, 20),
    ],
)
def test_levels(sender, encoding, changes, level):
    send(sender, "logs", encoding, [record(**changes)])

    assert [line.level for line in sender.lines()] == [level]


def test_a_record_without_its_time_has_that_at_which_it_was_seen(sender):
    seen = record(timeUnixNano="0", observedTimeUnixNano=ago(seconds=9))
    lost = record(timeUnixNano="0")

    answer = send(sender, "logs", JSON, [seen, lost])

    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    assert [line.occurred_at for line in sender.lines()] == [NOW - timedelta(seconds=9)]


@EACH
@pytest.mark.parametrize("kind", ["traces", "metrics", "logs"])
def test_nothing_is_fine(sender, encoding, kind):
    body = b"{}" if encoding == JSON else b""

    answer = sender.send_packed(f"/otlp/v1/{kind}", body, encoding)

    assert (answer.status_code, answer.content) == (200, body)


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        (JSON, b"{", 400),
        (JSON, b"[]", 400),
        (JSON, b'{"resourceSpans": {}}', 400),
        (JSON, b'{"resourceSpans": [{"resource": {"attributes": 1}}]}', 400),
        (PROTOBUF, as_protobuf("traces", request("traces", [span()]))[:-9], 400),
        (PROTOBUF, b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 400),
        (PROTOBUF, b"\x0b\x0c", 400),
        (PROTOBUF, b"\x48\x01", 200),  # a field that nobody knows yet
        ("text/plain", b"{}", 415),
    ],
)
def test_what_is_no_request(sender, encoding, body, status):
    answer = sender.send(TRACES, body, encoding)

    assert answer.status_code == status
    assert sender.has_nothing()
    assert bool(sender.refused()) is (status != 200)
    if status == 400 and encoding == JSON:
        assert answer.json()["code"] == 3  # INVALID_ARGUMENT


@EACH
def test_too_many_items_are_refused_before_they_are_read(sender, encoding):
    empty = b"\x12\x00" * (limits.FOREIGN_ITEMS + 1)  # two bytes each
    body = {
        JSON: as_json("traces", request("traces", [{}] * (limits.FOREIGN_ITEMS + 1))),
        PROTOBUF: b"\x0a" + _length(empty, 2) + b"\x12" + _length(empty) + empty,
    }[encoding]

    answer = sender.send(TRACES, body, encoding)

    assert answer.status_code == 413
    assert sender.refused() == {("otlp", "batch_too_large"): 1}


def _length(data, more=0):
    from apps.ingest.doors.protobuf import encode_varint

    own = encode_varint(len(data))
    return own if not more else encode_varint(len(data) + 1 + len(own))


@EACH
def test_over_the_limit_all_of_it_is_asked_for_again(sender, encoding, valkey):
    from apps.tenancy.isolation import workspace_scope
    from apps.tenancy.models import WorkspaceLimits

    with workspace_scope(sender.workspace.id):
        WorkspaceLimits.objects.filter(workspace_id=sender.workspace.id).update(events_per_minute=3)
    first, answer = (
        send(sender, "traces", encoding, [span(name=f"{place} {n}") for n in range(3)])
        for place in ("a", "b")
    )

    assert (first.status_code, answer.status_code) == (200, 429)
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Content-Type"] == encoding
    assert sender.refused() == {}
