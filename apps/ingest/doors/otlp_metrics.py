"""
OTLP metrics: data points become readings of streams. Pure.

What is a running total is said here and settled by the store, which knows the reading before. See
docs/adr/0009-histograms-and-running-totals.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Raw, Struct
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
    SummaryDataPoint,
)

from apps.core.ids import derived_uuid7
from apps.ingest import limits as request_limits
from apps.ingest.decode import Decoded, check_count
from apps.ingest.doors import otlp, protobuf
from apps.ingest.doors.items import Collector, ItemRefused, moment_of
from apps.ingest.doors.otlp import Group, JPair
from apps.ingest.doors.protobuf import WireError
from apps.telemetry import limits
from apps.telemetry.distribution import COARSEST, FINEST, Buckets, Distribution, Exponential
from apps.telemetry.items import NewReading

BUCKETS: Final = 1_000  # of one histogram
NO_TIME: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")  # streams have none
CUMULATIVE: Final = 2
DELTA: Final = 1
NOTHING_RECORDED: Final = 1  # a flag: the stream has ended, or skips a beat
# Of the resource only what says which service it is: pods come and go, and each would be a series.
OF_RESOURCE: Final = (
    "service.name",
    "service.namespace",
    "deployment.environment.name",
    "deployment.environment",
)

_Labels = dict[str, str]


class _JNumber(Struct, rename="camel", gc=False):
    attributes: list[JPair] = []
    start_time_unix_nano: int | str = 0
    time_unix_nano: int | str = 0
    as_double: float | str | None = None
    as_int: int | str | None = None
    flags: int = 0


class _JHistogram(Struct, rename="camel", gc=False):
    attributes: list[JPair] = []
    start_time_unix_nano: int | str = 0
    time_unix_nano: int | str = 0
    count: int | str = 0
    sum: float | str | None = None
    bucket_counts: list[int | str] = []
    explicit_bounds: list[float | str] = []
    min: float | str | None = None
    max: float | str | None = None
    flags: int = 0


class _JSide(Struct, rename="camel", gc=False):
    offset: int = 0
    bucket_counts: list[int | str] = []


class _JExponential(Struct, rename="camel", gc=False):
    attributes: list[JPair] = []
    start_time_unix_nano: int | str = 0
    time_unix_nano: int | str = 0
    count: int | str = 0
    sum: float | str | None = None
    scale: int = 0
    zero_count: int | str = 0
    zero_threshold: float | str = 0.0
    positive: _JSide | None = None
    negative: _JSide | None = None
    min: float | str | None = None
    max: float | str | None = None
    flags: int = 0


class _JQuantile(Struct, gc=False):
    quantile: float | str = 0.0
    value: float | str = 0.0


class _JSummary(Struct, rename="camel", gc=False):
    attributes: list[JPair] = []
    start_time_unix_nano: int | str = 0
    time_unix_nano: int | str = 0
    count: int | str = 0
    sum: float | str = 0.0
    quantile_values: list[_JQuantile] = []
    flags: int = 0


class _JData(Struct, rename="camel", gc=False):
    data_points: list[Raw] = []
    aggregation_temporality: int = 0
    is_monotonic: bool = False


class _JMetric(Struct, rename="camel", gc=False):
    name: str = ""
    unit: str = ""
    gauge: _JData | None = None
    sum: _JData | None = None
    histogram: _JData | None = None
    exponential_histogram: _JData | None = None
    summary: _JData | None = None


_json_metric = msgspec.json.Decoder(_JMetric).decode
_READ_JSON: Final = {
    "gauge": msgspec.json.Decoder(_JNumber).decode,
    "sum": msgspec.json.Decoder(_JNumber).decode,
    "histogram": msgspec.json.Decoder(_JHistogram).decode,
    "exponential_histogram": msgspec.json.Decoder(_JExponential).decode,
    "summary": msgspec.json.Decoder(_JSummary).decode,
}
_READ_PROTOBUF: Final = {
    "gauge": NumberDataPoint.FromString,
    "sum": NumberDataPoint.FromString,
    "histogram": HistogramDataPoint.FromString,
    "exponential_histogram": ExponentialHistogramDataPoint.FromString,
    "summary": SummaryDataPoint.FromString,
}
_KIND_OF_FIELD: Final = {
    5: "gauge",
    7: "sum",
    9: "histogram",
    10: "exponential_histogram",
    11: "summary",
}


class _Metric(NamedTuple):
    name: str
    unit: str
    kind: str
    temporality: int
    monotonic: bool
    points: list[bytes]


class _Origin(NamedTuple):
    """What all points of one group have in common."""

    labels: _Labels
    identity: str
    group: Group


def decode(body: bytes, *, as_json: bool) -> Decoded:
    """
    Read an export request. What counts, and what is refused, is data points.

    Raises: InvalidRequest, BatchTooLarge.
    """
    groups = otlp.groups_of_json(body, "metrics") if as_json else otlp.groups_of_protobuf(body)
    read = _READ_JSON if as_json else _READ_PROTOBUF
    found = Collector("points")
    for group in groups:
        origin = _origin_of(group)
        for raw in group.items:
            try:
                metric = _json_parts(raw) if as_json else _protobuf_parts(raw)
            except ItemRefused as refused:
                found.begin(raw)
                found.refuse(refused)
                continue
            check_count(len(found.raws) + len(metric.points), request_limits.FOREIGN_ITEMS)
            for point in metric.points:
                found.begin(point)
                try:
                    _check_metric(metric)
                    for reading in _readings(otlp.parsed(point, read[metric.kind]), metric, origin):
                        found.add(reading)
                except ItemRefused as refused:
                    found.refuse(refused)
    return found.decoded()


def _json_parts(raw: bytes) -> _Metric:
    # Not `otlp.parsed`: a metric holds the points of all its label sets, which are bounded later.
    try:
        metric = otlp.read_json(raw, _json_metric)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ItemRefused("Not such a metric.") from error
    for kind in _READ_JSON:
        data: _JData | None = getattr(metric, kind)
        if data is not None:
            points = [bytes(point) for point in data.data_points]
            return _Metric(
                metric.name,
                metric.unit,
                kind,
                data.aggregation_temporality,
                data.is_monotonic,
                points,
            )
    raise ItemRefused("A metric without data.")


def _protobuf_parts(raw: bytes) -> _Metric:
    name = unit = ""
    found: tuple[str, bytes] | None = None
    try:
        for number, _, value in protobuf.fields(raw):
            if number == 1 and isinstance(value, bytes):
                name = value.decode()
            elif number == 3 and isinstance(value, bytes):
                unit = value.decode()
            elif number in _KIND_OF_FIELD and isinstance(value, bytes):
                found = _KIND_OF_FIELD[number], value
        if found is None:
            raise ItemRefused("A metric without data.")
        kind, data = found
        points: list[bytes] = []
        temporality = monotonic = 0
        for number, _, value in protobuf.fields(data):
            if number == 1 and isinstance(value, bytes):
                points.append(value)
                if len(points) > request_limits.FOREIGN_ITEMS:
                    break
            elif number == 2 and isinstance(value, int):
                temporality = value
            elif number == 3 and isinstance(value, int):
                monotonic = value
    except (WireError, UnicodeDecodeError) as error:
        raise ItemRefused("Not such a protobuf message.") from error
    return _Metric(name, unit, kind, temporality, bool(monotonic), points)


def _check_metric(metric: _Metric) -> None:
    if not 1 <= len(metric.name) <= limits.NAME_LENGTH:
        raise ItemRefused(f"Expected 1 to {limits.NAME_LENGTH} characters.", "name")
    if metric.kind in {"gauge", "summary"}:
        return
    if metric.temporality not in {DELTA, CUMULATIVE}:
        raise ItemRefused("Expected 1 (delta) or 2 (cumulative).", "aggregationTemporality")


def _origin_of(group: Group) -> _Origin:
    labels: _Labels = {}
    for name in OF_RESOURCE:
        if (value := group.resource.get(name)) is not None:
            labels[name.removesuffix(".name") if "environment" in name else name] = _label(value)
    identity = msgspec.json.encode([group.resource, group.scope], order="sorted").decode()
    return _Origin(labels, identity, group)


def _readings(point: Any, metric: _Metric, origin: _Origin) -> Iterator[NewReading]:
    if point.flags & NOTHING_RECORDED:
        return
    attributes = otlp.attributes_of(point.attributes)
    run_id, _ = otlp.run_ids(attributes, origin.group.resource)
    labels = _labels(attributes, origin.labels)
    at = moment_of(otlp.integer(point.time_unix_nano, "timeUnixNano"), "timeUnixNano")
    start = otlp.integer(point.start_time_unix_nano, "startTimeUnixNano")
    started_at = moment_of(start, "startTimeUnixNano") if start else None

    def reading(
        name: str,
        value: float,
        *,
        running: bool,
        more: _Labels | None = None,
        distribution: Distribution | None = None,
    ) -> NewReading:
        own = labels | more if more else labels
        stream = _stream_of(origin.identity, name, own)
        return NewReading(
            name=name,
            occurred_at=at,
            value=value,
            # A stream says one thing at a time.
            id=derived_uuid7(at, "reading", str(stream)),
            labels=own,
            unit=metric.unit[: limits.UNIT_LENGTH],
            run_id=run_id,
            stream=stream,
            running=running,
            started_at=started_at,
            distribution=distribution,
        )

    cumulative = metric.temporality == CUMULATIVE
    match metric.kind:
        case "gauge":
            yield reading(metric.name, _number_of(point), running=False)
        case "sum":
            # What goes up and down is a state, which is shown as it is.
            value = _number_of(point)
            if metric.monotonic and value < 0:
                raise ItemRefused("What only grows is never below zero.", "value")
            yield reading(metric.name, value, running=cumulative and metric.monotonic)
        case "histogram" | "exponential_histogram":
            explicit = metric.kind == "histogram"
            many = _histogram(point) if explicit else _exponential(point)
            yield reading(metric.name, 0.0, running=cumulative, distribution=many)
        case _:
            yield from _summary(point, metric, reading, started_at)


def _summary(
    point: Any, metric: _Metric, reading: Any, started_at: datetime | None
) -> Iterator[NewReading]:
    """Yield its quantiles as points of their own: they cannot be put together with others."""
    if len(point.quantile_values) > BUCKETS:
        raise ItemRefused(f"More than {BUCKETS} quantiles.", "quantileValues")
    values = [
        (otlp.number(each.quantile, "quantile"), otlp.number(each.value, "value"))
        for each in point.quantile_values
    ]
    for quantile, value in values:
        if math.isfinite(value):  # of no values at all there is none
            more = {"quantile": repr(quantile)}
            yield reading(metric.name, value, running=False, more=more)
    running = started_at is not None
    count, total = otlp.integer(point.count, "count"), _finite(point.sum, "sum")
    if len(metric.name) + len(".count") > limits.NAME_LENGTH:
        raise ItemRefused("The name has no room for .count.", "name")
    yield reading(f"{metric.name}.count", float(count), running=running)
    yield reading(f"{metric.name}.sum", total, running=running)


def _stream_of(identity: str, name: str, labels: _Labels) -> UUID:
    parts = [text for pair in sorted(labels.items()) for text in pair]
    return derived_uuid7(NO_TIME, "stream", identity, name, *parts)


def _labels(attributes: dict[str, object], own: _Labels) -> _Labels:
    labels = dict(own)
    for name, value in attributes.items():
        if name in {otlp.RUN, otlp.TASK_RUN}:
            continue  # a series for each run would be one too many
        if not 1 <= len(name) <= limits.LABEL_KEY_LENGTH:
            raise ItemRefused(
                f"Names of labels have 1 to {limits.LABEL_KEY_LENGTH} characters.", "attributes"
            )
        labels[name] = _label(value)
        if len(labels[name]) > limits.LABEL_VALUE_LENGTH:
            raise ItemRefused(
                f"Values of labels have up to {limits.LABEL_VALUE_LENGTH} characters.",
                f"attributes.{name}",
            )
    if len(labels) > limits.LABEL_COUNT:
        raise ItemRefused(
            f"More than {limits.LABEL_COUNT} labels.", "attributes", code="too_many_labels"
        )
    return labels


def _label(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _number_of(point: Any) -> float:
    if isinstance(point, _JNumber):
        if point.as_double is not None:
            return _finite(point.as_double, "asDouble")
        if point.as_int is not None:
            return float(otlp.integer(point.as_int, "asInt"))
        raise ItemRefused("A point without a value.", "asDouble")
    match point.WhichOneof("value"):
        case "as_double":
            return _finite(point.as_double, "asDouble")
        case "as_int":
            return float(point.as_int)
        case _:
            raise ItemRefused("A point without a value.", "asDouble")


def _finite(value: float | str, field: str) -> float:
    found = otlp.number(value, field)
    if not math.isfinite(found):
        raise ItemRefused("Expected a finite number.", field)
    return found


def _given(point: Any, name: str) -> float | None:
    if isinstance(point, Struct):
        found = getattr(point, name)
        return None if found is None else _finite(found, name)
    return _finite(getattr(point, name), name) if point.HasField(name) else None


def _counts(given: Any) -> list[int]:
    if len(given) > BUCKETS:
        raise ItemRefused(f"More than {BUCKETS} buckets.", "bucketCounts", code="too_many_buckets")
    return [_count(each, "bucketCounts") for each in given]


def _count(value: int | str, field: str) -> int:
    found = otlp.integer(value, field)
    if not 0 <= found < 1 << 63:
        raise ItemRefused("Expected a count.", field)
    return found


def _histogram(point: Any) -> Distribution:
    counts = _counts(point.bucket_counts)
    if len(point.explicit_bounds) > BUCKETS:
        raise ItemRefused(
            f"More than {BUCKETS} buckets.", "explicitBounds", code="too_many_buckets"
        )
    bounds = [_finite(bound, "explicitBounds") for bound in point.explicit_bounds]
    if counts and len(counts) != len(bounds) + 1:
        raise ItemRefused("There is one bucket more than there are bounds.", "bucketCounts")
    if any(after <= before for before, after in pairwise(bounds)):
        raise ItemRefused("Bounds grow.", "explicitBounds")
    buckets = Buckets(bounds, counts) if counts else Buckets([], [])
    return _distribution(point, buckets, sum(counts) if counts else None)


def _exponential(point: Any) -> Distribution:
    if not COARSEST <= point.scale <= FINEST:
        raise ItemRefused(f"Expected {COARSEST} to {FINEST}.", "scale")
    sides: list[dict[int, int]] = []
    for side in (point.positive, point.negative):
        counts = _counts(side.bucket_counts) if side else []
        offset = side.offset if side else 0
        if not -(1 << 31) <= offset < 1 << 31:
            raise ItemRefused("The number has more than 32 bits.", "offset")
        sides.append({offset + at: count for at, count in enumerate(counts) if count})
    zero = _count(point.zero_count, "zeroCount")
    threshold = _finite(point.zero_threshold, "zeroThreshold")
    if threshold < 0:
        raise ItemRefused("Expected 0 or more.", "zeroThreshold")
    positive, negative = sides
    buckets = Exponential(point.scale, zero, positive, negative, threshold)
    return _distribution(point, buckets, zero + sum(map(sum, (each.values() for each in sides))))


def _distribution(point: Any, buckets: Buckets | Exponential, counted: int | None) -> Distribution:
    count = _count(point.count, "count")
    if counted is not None and counted != count:
        raise ItemRefused("The buckets hold another number of values.", "count")
    low, high, total = _given(point, "min"), _given(point, "max"), _given(point, "sum")
    if low is not None and high is not None and low > high:
        raise ItemRefused("The least is above the greatest.", "min")
    return Distribution(count, total, buckets, low, high)
