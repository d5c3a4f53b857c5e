"""
Mutated bodies at every door: an answer of the protocol's, never a failure of ours.

Two hundred by default; `HEADWAY_FUZZ=100000` sends so many. `HEADWAY_FUZZ_SEED` repeats a run.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from collections import Counter

import pytest
from django.test import Client

from apps.core.clock import utc_now
from tests.apps.ingest.doors import otlp_bodies, test_prometheus
from tests.apps.ingest.doors.otlp_bodies import (
    JSON,
    PROTOBUF,
    as_json,
    as_protobuf,
    at,
    attributes,
    counter,
    metric,
    record,
    request,
    span,
)

MANY = int(os.environ.get("HEADWAY_FUZZ", "200"))
SEED = int(os.environ.get("HEADWAY_FUZZ_SEED", "20261122"))
FINE = {200, 201, 204, 400, 413, 415}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(max(180, MANY // 10)),
]

ODD = [
    *(b"\x00", b"\xff", b"\x80", b"\x7f\xff\xff\xff\xff\xff\xff\xff\xff", b"\xed\xa0\x80"),
    *(b"null", b"[]", b"{}", b'""', b"-1", b"1e400", b"NaN", b"true", b"99999999999999999999"),
    *(b'"\\u0000"', b'"\\ud800"', b"[" * 500, b'{"a":' * 300, b"9" * 400, b"2026-02-30T25:00:00Z"),
    *(b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999+14:00", b"-00:00"),
    *(b"+20:00", b"24:00:00", b"23:59:60", b"sNaN", b"Infinity", b"1_0", b"0x1"),
]


def bodies():
    """Yield (path, content type, headers, how it is packed, a body that is fine)."""
    now = utc_now().isoformat()
    lineage = {
        "eventType": "COMPLETE",
        "eventTime": now,
        "run": {
            "runId": "0198a5a0-0000-7000-8000-000000000001",
            "facets": {
                "parent": {
                    "run": {"runId": "0198a5a0-0000-7000-8000-000000000002"},
                    "job": {"namespace": "n", "name": "p"},
                }
            },
        },
        "job": {"namespace": "n", "name": "j"},
        "inputs": [{"namespace": "d", "name": "t", "facets": {"a": {"b": [1.5, None]}}}],
    }
    cloudevent = {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "t",
        "time": now,
        "subject": "x",
        "data": {"a": [1, "é"]},
    }
    one = json.dumps(lineage).encode()
    yield "/api/v1/lineage", JSON, {}, None, one
    yield "/api/v1/lineage", JSON, {}, None, b"[" + one + b"," + one + b"]"
    yield "/api/v1/lineage", JSON, {"Content-Encoding": "gzip"}, gzip.compress, one
    event = json.dumps(cloudevent).encode()
    yield "/cloudevents", "application/cloudevents+json", {}, None, event
    batch = b"[" + event + b"," + event + b"]"
    yield "/cloudevents", "application/cloudevents-batch+json", {}, None, batch
    binary = {f"ce-{name}": value for name, value in cloudevent.items() if name != "data"}
    yield "/cloudevents", "application/json", binary, None, b'{"a": 1}'
    histogram = at(5) | {
        "count": "4",
        "sum": 9.0,
        "bucketCounts": ["1", "2", "1"],
        "explicitBounds": [1.0, 5.0],
        "min": 0.5,
        "max": 7.0,
    }
    exponential = at(5) | {
        "count": "4",
        "sum": 9.0,
        "scale": 2,
        "zeroCount": "1",
        "positive": {"offset": 1, "bucketCounts": ["1", "2"]},
    }
    summary = at(5) | {"count": "2", "sum": 3.0, "quantileValues": [{"quantile": 0.5, "value": 1}]}
    items = {
        "traces": [
            span(
                attributes=attributes(db__system="x", n=1, f=0.5, many=["a", 1]),
                events=[{"timeUnixNano": otlp_bodies.ago(seconds=2), "name": "e"}],
                links=[{"traceId": otlp_bodies.TRACE, "spanId": otlp_bodies.SPAN}],
                status={"code": 1},
            )
        ],
        "logs": [record(attributes=attributes(a="b"), traceId=otlp_bodies.TRACE)],
        "metrics": [
            metric("gauge", [at(5, 1.0, a="b")]),
            counter([at(5, 3.0)]),
            metric("histogram", [histogram], aggregationTemporality=2),
            metric("exponentialHistogram", [exponential], aggregationTemporality=2),
            metric("summary", [summary]),
        ],
    }
    for kind, of_kind in items.items():
        body = request(kind, of_kind)
        yield f"/otlp/v1/{kind}", JSON, {}, None, as_json(kind, body)
        yield f"/otlp/v1/{kind}", PROTOBUF, {}, None, as_protobuf(kind, body)
    samples = test_prometheus.series([test_prometheus.sample(1.0), test_prometheus.sample(2.5)])
    written = test_prometheus.encode_field(1, samples)
    headers = {"Content-Encoding": "snappy"}
    yield "/api/v1/prometheus/write", PROTOBUF, headers, test_prometheus.pack, written


def mutated(chance: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 9))):
        place = chance.randrange(len(out) + 1)
        size = chance.choice((1, 1, 2, 5, 30))
        match chance.randrange(7):
            case 0:
                out[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del out[place : place + size]
            case 2:
                out[place:place] = chance.choice(ODD)
            case 3:
                out[place : place + size] = chance.choice(ODD)
            case 4:
                out[place:place] = out[place : place + size * 7]
            case 5:
                if place < len(out):
                    out[place] ^= 1 << chance.randrange(8)
            case _:
                if chance.random() < 0.3:
                    del out[place:]
    return bytes(out)


def told(where: str, answers: Counter[int]) -> str:
    """Return what became of the mutated bodies, for the end of the tests' output."""
    by_status = ", ".join(f"{count:,} × {status}" for status, count in sorted(answers.items()))
    return f"{answers.total():,} mutated bodies at {where}: {by_status}"


def test_no_body_is_a_failure_of_ours(sender, record_property):
    chance = random.Random(SEED)
    doors = list(bodies())
    client = Client(raise_request_exception=False)
    wrong = []
    answers: Counter[int] = Counter()
    for number in range(MANY):
        path, content_type, headers, pack, body = doors[number % len(doors)]
        sent = mutated(chance, body)
        if pack is not None:
            sent = pack(sent)
            if chance.random() < 0.3:
                sent = mutated(chance, sent)
        given = dict(headers)
        if content_type == "application/json" and "ce-id" in headers and chance.random() < 0.5:
            name = chance.choice(list(headers))
            # Headers reach us as latin-1 text of one line.
            odd = mutated(chance, headers[name].encode()).decode("latin-1")
            given[name] = odd.replace("\r", "").replace("\n", "")
        answer = client.generic(
            "POST",
            path,
            sent,
            content_type=content_type,
            headers={"Authorization": f"Bearer {sender.key}"} | given,
        )
        answers[answer.status_code] += 1
        if answer.status_code not in FINE:
            wrong.append((number, path, content_type, answer.status_code, sent[:300]))
            if len(wrong) == 10:
                break

    record_property("fuzz", told("the doors of keys", answers))
    assert wrong == []
    taken = sum(count for status, count in answers.items() if status < 300)
    assert taken > MANY // 20  # many mutations leave a body good, or some of its items
