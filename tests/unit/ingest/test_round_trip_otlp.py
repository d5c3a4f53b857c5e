"""OTLP: what OpenTelemetry's own messages say, in protobuf and in JSON, is what we would store."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from uuid import UUID

import msgspec
import pytest
from google.protobuf import json_format
from hypothesis import assume, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from apps.ingest.doors import otlp_logs, otlp_metrics, otlp_spans
from apps.telemetry.distribution import Buckets, Exponential
from tests.unit.ingest.generated import (
    as_text,
    finite,
    long_integers,
    moments,
    names,
    nanoseconds,
    round_trip,
    texts,
)

IDS = ("traceId", "spanId", "parentSpanId")
both_encodings = pytest.mark.parametrize("as_json", [False, True], ids=["protobuf", "json"])

# The value, as Python and JSON have it, beside OpenTelemetry's own.
Pair = tuple[object, AnyValue]
plain_values: st.SearchStrategy[Pair] = st.one_of(
    texts().map(lambda text: (text, AnyValue(string_value=text))),
    long_integers.map(lambda number: (number, AnyValue(int_value=number))),
    st.booleans().map(lambda flag: (flag, AnyValue(bool_value=flag))),
    st.floats().map(lambda number: (as_text(number), AnyValue(double_value=number))),
    st.binary(max_size=9).map(lambda data: (b64encode(data).decode(), AnyValue(bytes_value=data))),
)


def attributes(values: st.SearchStrategy[Pair], most: int = 4) -> st.SearchStrategy[Any]:
    """Pairs of what is meant, and how it is sent."""
    keys = names.filter(lambda name: not name.startswith(("headway.", "service.", "db.", "code.")))
    return st.dictionaries(keys, values, max_size=most).map(
        lambda found: (
            {name: plain for name, (plain, _) in found.items()},
            [KeyValue(key=name, value=sent) for name, (_, sent) in found.items()],
        )
    )


values = st.recursive(
    plain_values,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(
            lambda found: (
                [plain for plain, _ in found],
                AnyValue(array_value=ArrayValue(values=[sent for _, sent in found])),
            )
        ),
        attributes(inner, 3).map(
            lambda found: (found[0], AnyValue(kvlist_value=KeyValueList(values=found[1])))
        ),
    ),
    max_leaves=5,
)
trace_ids = st.binary(min_size=16, max_size=16).filter(any)
span_ids = st.binary(min_size=8, max_size=8).filter(any)


def wire(request: Any, *, as_json: bool) -> bytes:
    """As the two exporters send it: in OTLP's JSON, other than in protobuf's, ids are hex."""
    if not as_json:
        sent: bytes = request.SerializeToString()
        return sent

    def with_hex(of_dict: Any, of_message: Any) -> None:
        for field, value in of_message.ListFields():
            name = field.json_name
            if name in IDS:
                of_dict[name] = value.hex()
            elif field.message_type is not None and field.is_repeated:
                for inner, message in zip(of_dict[name], value, strict=True):
                    with_hex(inner, message)
            elif field.message_type is not None:
                with_hex(of_dict[name], value)

    document = json_format.MessageToDict(request, use_integers_for_enums=True)
    with_hex(document, request)
    return json.dumps(document).encode()


def request_of(kind: Any, service: str, run_id: UUID | None, **items: Any) -> Any:
    request = kind()
    of_resource = getattr(request, kind.DESCRIPTOR.fields[0].name).add()
    about = {"service.name": service} | ({"headway.run_id": str(run_id)} if run_id else {})
    of_resource.resource.attributes.extend(
        KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in about.items()
    )
    ((name, found),) = items.items()
    scopes = {"spans": "scope_spans", "log_records": "scope_logs", "metrics": "scope_metrics"}
    of_scope = getattr(of_resource, scopes[name]).add()
    of_scope.scope.name = "library"
    getattr(of_scope, name).extend(found)
    return request


@both_encodings
@round_trip
@given(
    trace_id=trace_ids,
    span_id=span_ids,
    parent=st.just(b"") | span_ids,
    about=attributes(values),
    name=texts(),
    service=names,
    kind=st.integers(0, 5),
    status=st.integers(0, 2),
    message=texts(),
    at=moments,
    lasted=st.integers(0, 1 << 50),
    run_id=st.none() | st.uuids(),
)
def test_a_span_is_the_event_that_was_meant(as_json, about, at, **sent):
    meant, pairs = about
    end = nanoseconds(at)
    span = Span(
        trace_id=sent["trace_id"],
        span_id=sent["span_id"],
        parent_span_id=sent["parent"],
        name=sent["name"],
        kind=sent["kind"],
        start_time_unix_nano=end - sent["lasted"],
        end_time_unix_nano=end,
        attributes=pairs,
        status=Status(code=sent["status"], message=sent["message"]),
    )
    request = request_of(
        ExportTraceServiceRequest, sent["service"], sent["run_id"], spans=[span, span]
    )

    decoded = otlp_spans.decode(wire(request, as_json=as_json), as_json=as_json)

    assert (decoded.refusals, decoded.count) == ([], 2)
    first, second = decoded.batch.events
    assert first == second
    assert (first.occurred_at, first.run_id) == (at, sent["run_id"])
    assert (first.resource.kind, first.resource.name) == ("service", sent["service"])
    stored = msgspec.json.decode(first.payload)
    assert stored["attributes"] == meant
    assert stored["trace_id"] == sent["trace_id"].hex()
    assert stored["span_id"] == sent["span_id"].hex()
    assert stored["parent_span_id"] == (sent["parent"].hex() or None)
    assert (stored["name"], stored["status_message"]) == (sent["name"], sent["message"])
    assert stored["kind"] == otlp_spans.KINDS[sent["kind"]]
    assert stored["status"] == otlp_spans.STATUSES[sent["status"]]
    assert stored["duration_ms"] == sent["lasted"] / 1e6


@both_encodings
@round_trip
@given(
    body=texts(1),
    about=attributes(values),
    number=st.integers(1, 24),
    service=names,
    at=moments,
    trace_id=st.just(b"") | trace_ids,
    run_id=st.none() | st.uuids(),
)
def test_a_record_is_the_line_that_was_meant(as_json, body, about, number, at, **sent):
    meant, pairs = about
    assume("exception.stacktrace" not in meant)
    record = LogRecord(
        time_unix_nano=nanoseconds(at),
        severity_number=number,
        body=AnyValue(string_value=body),
        attributes=pairs,
        trace_id=sent["trace_id"],
    )
    request = request_of(
        ExportLogsServiceRequest, sent["service"], sent["run_id"], log_records=[record]
    )

    decoded = otlp_logs.decode(wire(request, as_json=as_json), as_json=as_json)

    assert decoded.refusals == []
    (line,) = decoded.batch.logs
    said, _, rest = line.message.rpartition("\n")
    traced = {"trace_id": sent["trace_id"].hex()} if sent["trace_id"] else {}
    assert (said, json.loads(rest)) == (body, {"service.name": sent["service"]} | traced | meant)
    levels = ("DEBUG", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    assert line.level == levels[(number - 1) // 4]
    assert (line.occurred_at, line.run_id, line.logger) == (at, sent["run_id"], "library")


labels = attributes(texts().map(lambda text: (text, AnyValue(string_value=text))))


def read_points(metric: Metric, service: str, *, as_json: bool) -> list[Any]:
    request = request_of(ExportMetricsServiceRequest, service, None, metrics=[metric])
    decoded = otlp_metrics.decode(wire(request, as_json=as_json), as_json=as_json)
    assert decoded.refusals == []
    return list(decoded.batch.points)


@both_encodings
@round_trip
@given(
    name=names,
    service=names,
    about=labels,
    at=moments,
    value=finite | long_integers,
    cumulative=st.booleans(),
    monotonic=st.booleans(),
)
def test_a_number_is_the_point_that_was_meant(as_json, name, about, at, value, **sent):
    meant, pairs = about
    value = abs(value) if sent["monotonic"] and value != -(1 << 63) else value
    assume(not (sent["monotonic"] and value < 0))
    number = {"as_int": value} if isinstance(value, int) else {"as_double": value}
    point = NumberDataPoint(time_unix_nano=nanoseconds(at), attributes=pairs, **number)
    running = sent["cumulative"] and sent["monotonic"]
    total = Sum(
        data_points=[point],
        aggregation_temporality=2 if sent["cumulative"] else 1,
        is_monotonic=sent["monotonic"],
    )
    for metric, is_running in (
        (Metric(name=name, unit="By", gauge=Gauge(data_points=[point])), False),
        (Metric(name=name, unit="By", sum=total), running),
    ):
        (found,) = read_points(metric, sent["service"], as_json=as_json)

        assert (found.name, found.unit, found.occurred_at) == (name, "By", at)
        assert (found.value, found.running) == (float(value), is_running)
        assert found.labels == {"service.name": sent["service"]} | meant


@both_encodings
@round_trip
@given(
    bounds=st.lists(finite, max_size=6, unique=True).map(sorted),
    data=st.data(),
    total=st.none() | finite,
    extremes=st.none() | st.tuples(finite, finite).map(sorted),
    at=moments,
)
def test_a_histogram_is_the_distribution_that_was_meant(as_json, bounds, data, **sent):
    counts = data.draw(
        st.lists(st.integers(0, 1 << 40), min_size=len(bounds) + 1, max_size=len(bounds) + 1)
    )
    low, high = sent["extremes"] or (None, None)
    point = HistogramDataPoint(
        time_unix_nano=nanoseconds(sent["at"]),
        count=sum(counts),
        bucket_counts=counts,
        explicit_bounds=bounds,
        sum=sent["total"],
        min=low,
        max=high,
    )
    metric = Metric(name="m", histogram=Histogram(data_points=[point], aggregation_temporality=2))

    (found,) = read_points(metric, "shop", as_json=as_json)

    many = found.distribution
    assert many.buckets == Buckets(bounds, counts)
    assert (many.count, many.total, many.low, many.high) == (sum(counts), sent["total"], low, high)
    assert found.running


sides = st.tuples(st.integers(-500, 500), st.lists(st.integers(0, 1 << 30), max_size=8))


@both_encodings
@round_trip
@given(
    scale=st.integers(-10, 20),
    zero=st.integers(0, 1 << 40),
    up=sides,
    down=sides,
    total=st.none() | finite,
    at=moments,
)
def test_an_exponential_histogram_is_the_one_that_was_meant(as_json, scale, zero, up, down, **sent):
    count = zero + sum(up[1]) + sum(down[1])
    point = ExponentialHistogramDataPoint(
        time_unix_nano=nanoseconds(sent["at"]),
        count=count,
        sum=sent["total"],
        scale=scale,
        zero_count=zero,
        positive=ExponentialHistogramDataPoint.Buckets(offset=up[0], bucket_counts=up[1]),
        negative=ExponentialHistogramDataPoint.Buckets(offset=down[0], bucket_counts=down[1]),
    )
    metric = Metric(
        name="m",
        exponential_histogram=ExponentialHistogram(data_points=[point], aggregation_temporality=1),
    )

    (found,) = read_points(metric, "shop", as_json=as_json)

    of_side = [
        {offset + place: number for place, number in enumerate(counts) if number}
        for offset, counts in (up, down)
    ]
    assert found.distribution.buckets == Exponential(scale, zero, *of_side)
    assert (found.distribution.count, found.distribution.total) == (count, sent["total"])
    assert not found.running
