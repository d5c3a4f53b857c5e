"""
Foreign protocols through HTTP: items a second, against as many native events in the same batches.

Bodies are made before the clock starts, and are what real clients send: spans with ten attributes,
running totals of many series, events of runs with a parent, columns and two tables, samples and
native histograms of many series, deliveries of a webhook one by one.
"""

from __future__ import annotations

import json
import statistics
import struct
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import cramjam
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apps.core.ids import uuid7
from apps.ingest.doors.protobuf import encode_field
from bench.stack import Stack, fire, postgres, stack
from bench.table import Row, Table

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
LEAST = 5_000  # items a second
BATCH = 500
BATCHES = 24
ROUNDS = 3
CLIENTS = 4
SINGLES = 2_000
SINGLE_CLIENTS = 16

Bodies = Callable[[int, int], bytes]  # how many items, number of the batch


def _about(resource: object) -> None:
    for name, value in (("service.name", "shop"), ("service.namespace", "web")):
        resource.attributes.add(key=name).value.string_value = value  # type: ignore[attr-defined]


def _spans(count: int, _: int) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    _about(group.resource)
    scope = group.scope_spans.add()
    scope.scope.name = "lib"
    now = time.time_ns()
    for number in range(count):
        span = scope.spans.add(
            trace_id=uuid4().bytes,
            span_id=uuid4().bytes[:8],
            parent_span_id=uuid4().bytes[:8],
            name="SELECT orders",
            kind=3,
            start_time_unix_nano=now - 5_000_000,
            end_time_unix_nano=now + number * 1_000,
        )
        span.attributes.add(key="db.system.name").value.string_value = "postgresql"
        span.attributes.add(
            key="db.query.text"
        ).value.string_value = f"select * from orders where id = {number}"
        span.attributes.add(key="db.response.returned_rows").value.int_value = number
        for at in range(7):
            span.attributes.add(key=f"attribute.{at}").value.string_value = f"value {number}"
    return request.SerializeToString()


def _spans_json(count: int, _: int) -> bytes:
    now = time.time_ns()

    def attribute(name: str, value: str) -> dict[str, object]:
        return {"key": name, "value": {"stringValue": value}}

    spans = [
        {
            "traceId": uuid4().hex,
            "spanId": uuid4().hex[:16],
            "parentSpanId": uuid4().hex[:16],
            "name": "SELECT orders",
            "kind": 3,
            "startTimeUnixNano": str(now - 5_000_000),
            "endTimeUnixNano": str(now + number * 1_000),
            "attributes": [
                attribute("db.system.name", "postgresql"),
                *(attribute(f"attribute.{at}", f"value {number}") for at in range(9)),
            ],
        }
        for number in range(count)
    ]
    about = {"attributes": [attribute("service.name", "shop")]}
    scopes = [{"scope": {"name": "lib"}, "spans": spans}]
    return json.dumps({"resourceSpans": [{"resource": about, "scopeSpans": scopes}]}).encode()


def _records(count: int, _: int) -> bytes:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    _about(group.resource)
    scope = group.scope_logs.add()
    scope.scope.name = "shop.orders"
    now = time.time_ns()
    for number in range(count):
        record = scope.log_records.add(
            time_unix_nano=now + number * 1_000, severity_number=9, trace_id=uuid4().bytes
        )
        record.body.string_value = f"order {number} was placed"
        for at in range(4):
            record.attributes.add(key=f"attribute.{at}").value.string_value = f"value {number}"
    return request.SerializeToString()


def _totals(count: int, batch: int) -> bytes:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    _about(group.resource)
    # Each batch is of a process of its own, so that batches sent side by side share no streams.
    instance = str(batch % CLIENTS)
    group.resource.attributes.add(key="service.instance.id").value.string_value = instance
    metric = group.scope_metrics.add().metrics.add(name="orders", unit="1")
    metric.sum.aggregation_temporality = 2
    metric.sum.is_monotonic = True
    now = time.time_ns()
    for number in range(count):
        point = metric.sum.data_points.add(
            start_time_unix_nano=now - 60_000_000_000, time_unix_nano=now, as_int=batch + number
        )
        point.attributes.add(key="path").value.string_value = f"/orders/{number}"
        point.attributes.add(key="code").value.string_value = "200"
    return request.SerializeToString()


def _histograms(count: int, batch: int) -> bytes:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    _about(group.resource)
    instance = str(batch % CLIENTS)
    group.resource.attributes.add(key="service.instance.id").value.string_value = instance
    metric = group.scope_metrics.add().metrics.add(name="latency", unit="ms")
    metric.histogram.aggregation_temporality = 1
    now = time.time_ns()
    bounds = [0.0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]
    counts = [0, 9, 20, 31, 12, 7, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    for number in range(count):
        point = metric.histogram.data_points.add(
            start_time_unix_nano=now - 60_000_000_000,
            time_unix_nano=now,
            count=sum(counts),
            sum=1_500.0,
            bucket_counts=counts,
            explicit_bounds=bounds,
        )
        point.attributes.add(key="path").value.string_value = f"/orders/{number}"
    return request.SerializeToString()


def _write_request(count: int, batch: int, of_series: Callable[[int], bytes]) -> bytes:
    """Return series with six labels as remote write packs them, one sample or histogram each."""
    out = bytearray()
    for number in range(count):
        labels = {
            "__name__": "http_requests_total",
            "job": "shop",
            "instance": f"10.0.{batch % CLIENTS}.7:8080",
            "path": f"/orders/{number}",
            "method": "GET",
            "code": "200",
        }
        series = b"".join(
            encode_field(1, encode_field(1, name.encode()) + encode_field(2, value.encode()))
            for name, value in labels.items()
        )
        out += encode_field(1, series + of_series(number))
    return bytes(cramjam.snappy.compress_raw(bytes(out)))


def _samples(count: int, batch: int) -> bytes:
    now = time.time_ns() // 1_000_000

    def sample(number: int) -> bytes:
        value = b"\x09" + struct.pack("<d", float(batch + number))
        return encode_field(2, value + encode_field(2, now))

    return _write_request(count, batch, sample)


def _native_histograms(count: int, batch: int) -> bytes:
    now = time.time_ns() // 1_000_000
    # Twenty buckets side by side of five values each: 5, and then 0 more than the one before.
    span = encode_field(11, encode_field(1, 20) + encode_field(2, 20))
    deltas = encode_field(12, b"\x0a" + bytes(19))
    told = encode_field(1, 100) + b"\x19" + struct.pack("<d", 250.0) + encode_field(4, 6)
    gauge = encode_field(4, told + span + deltas + encode_field(14, 3) + encode_field(15, now))
    return _write_request(count, batch, lambda _: gauge)


def _lineage_event(number: int) -> dict[str, object]:
    at = datetime.now(UTC) + timedelta(microseconds=number)
    columns = [{"name": f"column_{at}", "type": "text"} for at in range(8)]
    return {
        "eventType": ("START", "COMPLETE")[number % 2],
        "eventTime": at.isoformat(),
        "run": {
            "runId": str(uuid7()),
            "facets": {
                "parent": {
                    "run": {"runId": str(uuid7())},
                    "job": {"namespace": "acme", "name": "nightly"},
                }
            },
        },
        "job": {"namespace": "acme", "name": f"shop.orders_{number % 50}"},
        "inputs": [{"namespace": "db", "name": "raw.orders"}],
        "outputs": [
            {"namespace": "db", "name": "mart.orders", "facets": {"schema": {"fields": columns}}}
        ],
        "producer": "bench",
        "schemaURL": "RunEvent",
    }


def _lineage(count: int, _: int) -> bytes:
    return json.dumps([_lineage_event(number) for number in range(count)]).encode()


def _native(count: int, _: int) -> bytes:
    events = []
    for number in range(count):
        sent = _lineage_event(number)
        resource = {"kind": "job", "namespace": "acme", "name": f"shop.orders_{number % 50}"}
        events.append(
            {
                "name": "run.complete",
                "occurred_at": sent["eventTime"],
                "resource": resource,
                "payload": sent,
            }
        )
    return json.dumps(events).encode()


def _request(at: Stack, path: str, body: bytes, content_type: str) -> bytes:
    encoding = "snappy" if path.endswith("/prometheus/write") else "identity"
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{at.port}\r\n"
        f"Authorization: Bearer {at.key}\r\nContent-Type: {content_type}\r\n"
        f"Content-Encoding: {encoding}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _rate(at: Stack, path: str, content_type: str, bodies: Bodies) -> float:
    """Return items a second, the median of some rounds after one that warms up."""
    seconds: list[float] = []
    for _ in range(ROUNDS + 1):
        requests = [
            _request(at, path, bodies(BATCH, batch), content_type) for batch in range(BATCHES)
        ]
        outcome = fire(at.port, requests, clients=CLIENTS)
        assert not any(
            b"ejected" in body and b'"rejected":[]' not in body for body in outcome.bodies
        )
        seconds.append(outcome.seconds)
    return BATCH * BATCHES / statistics.median(seconds[1:])


def _stored(at: Stack) -> int:
    with at.connect() as link:
        found = link.execute(
            "SELECT (SELECT count(*) FROM telemetry_event)"
            " + (SELECT count(*) FROM telemetry_log_line)"
            " + (SELECT count(*) FROM telemetry_metric_point)"
        ).fetchone()
    assert found is not None
    return int(str(found[0]))


def _batches(at: Stack) -> list[Row]:
    native = _rate(at, f"{at.base}/events", JSON, _native)
    doors: Sequence[tuple[str, str, str, Bodies]] = (
        ("OTLP spans, protobuf", "/otlp/v1/traces", PROTOBUF, _spans),
        ("OTLP spans, JSON", "/otlp/v1/traces", JSON, _spans_json),
        ("OTLP log records, protobuf", "/otlp/v1/logs", PROTOBUF, _records),
        ("OTLP running totals, protobuf", "/otlp/v1/metrics", PROTOBUF, _totals),
        ("OTLP histograms, protobuf", "/otlp/v1/metrics", PROTOBUF, _histograms),
        ("OpenLineage, lists", "/api/v1/lineage", JSON, _lineage),
        ("remote write, samples", "/api/v1/prometheus/write", PROTOBUF, _samples),
        (
            "remote write, native histograms",
            "/api/v1/prometheus/write",
            PROTOBUF,
            _native_histograms,
        ),
    )
    rows = []
    for what, path, content_type, bodies in doors:
        before = _stored(at)
        rate = _rate(at, path, content_type, bodies)
        stored = _stored(at) - before
        assert stored == BATCH * BATCHES * (ROUNDS + 1), f"{what}: {stored} stored"
        rows.append(
            Row(
                what=f"{what}, {BATCH} in a request, {CLIENTS} clients",
                measured=f"{rate:,.0f}/s",
                reference=f"native events of such a size {native:,.0f}/s ({rate / native:.0%})",
                budget=f"≥ {LEAST:,}/s",
                holds=rate >= LEAST,
            )
        )
    return rows


def _rate_of_singles(at: Stack, path: str, bodies: Sequence[bytes]) -> float:
    requests = [_request(at, path, body, JSON) for body in bodies]
    fire(at.port, requests[:200], clients=SINGLE_CLIENTS)
    return len(bodies) / fire(at.port, requests, clients=SINGLE_CLIENTS).seconds


def _singles(at: Stack) -> list[Row]:
    native = _rate_of_singles(at, f"{at.base}/events", [_native(1, 0) for _ in range(SINGLES)])
    lineage = [json.dumps(_lineage_event(number)).encode() for number in range(SINGLES)]
    asked = json.dumps({"name": "bench", "preset": "GENERIC"}).encode()
    (made,) = fire(at.port, [at.request("POST", f"{at.base}/webhooks", asked)], clients=1).bodies
    hook = "/hooks/" + str(json.loads(made)["address"]).rpartition("/")[2]
    rates = {
        "OpenLineage, one event in a request": _rate_of_singles(at, "/api/v1/lineage", lineage),
        "webhook, one delivery in a request": _rate_of_singles(at, hook, lineage),
    }
    return [
        Row(
            what=f"{what}, {SINGLE_CLIENTS} clients",
            measured=f"{ours:,.0f}/s",
            reference=f"single native events {native:,.0f}/s",
            budget=f"{ours / native:.0%}, no budget",
        )
        for what, ours in rates.items()
    ]


def run() -> Table:
    """Measure on native partitions: doors know nothing of stores."""
    with postgres() as server, stack(server, "partitions") as at:
        rows = [*_batches(at), *_singles(at)]
    return Table(
        title="Front doors",
        rows=rows,
        notes=[
            f"Medians of {ROUNDS} rounds of {BATCHES} requests; two web processes, durable "
            "commits. Everything, the clients included, shares the machine's cores."
        ],
    )
