"""Requests as OTLP's JSON has them, and the same as protobuf."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apps.core.clock import utc_now

NOW = utc_now()
JSON, PROTOBUF = "application/json", "application/x-protobuf"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_IDS = {"traceId", "spanId", "parentSpanId"}
_FORMS = {
    "traces": ("Spans", "spans", ExportTraceServiceRequest),
    "metrics": ("Metrics", "metrics", ExportMetricsServiceRequest),
    "logs": ("Logs", "logRecords", ExportLogsServiceRequest),
}


def nanos(at: datetime) -> str:
    return str(int(at.timestamp() * 1_000_000) * 1_000)


def ago(**span: float) -> str:
    return nanos(NOW - timedelta(**span))


def double(value: float) -> float | str:
    """As protobuf's JSON has it: what is no number of JSON's is a text."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def attribute(name: str, value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"key": name, "value": {"boolValue": value}}
        case int():
            return {"key": name, "value": {"intValue": str(value)}}
        case float():
            return {"key": name, "value": {"doubleValue": double(value)}}
        case list():
            values = [attribute("", each)["value"] for each in value]
            return {"key": name, "value": {"arrayValue": {"values": values}}}
        case _:
            return {"key": name, "value": {"stringValue": value}}


def attributes(**given: Any) -> list[dict[str, Any]]:
    return [attribute(name.replace("__", "."), value) for name, value in given.items()]


def request(kind: str, items: list[Any], **resource: Any) -> dict[str, Any]:
    of_scope, of_items, _ = _FORMS[kind]
    resource = resource or {"service__name": "shop", "service__namespace": "web"}
    scope = {"scope": {"name": "lib", "version": "1"}, of_items: items}
    about = {"resource": {"attributes": attributes(**resource)}, f"scope{of_scope}": [scope]}
    return {f"resource{of_scope}": [about]}


def as_json(kind: str, body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def as_protobuf(kind: str, body: dict[str, Any]) -> bytes:
    return json_format.ParseDict(_packed(body), _FORMS[kind][2]()).SerializeToString()


def _packed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: b64encode(bytes.fromhex(inner)).decode()
            if name in _IDS and isinstance(inner, str)
            else _packed(inner)
            for name, inner in value.items()
        }
    return [_packed(each) for each in value] if isinstance(value, list) else value


ENCODINGS = {JSON: as_json, PROTOBUF: as_protobuf}


def span(**changes: Any) -> dict[str, Any]:
    return {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "GET /",
        "kind": 2,
        "startTimeUnixNano": ago(seconds=3),
        "endTimeUnixNano": ago(seconds=2),
        "attributes": [],
    } | changes


def record(**changes: Any) -> dict[str, Any]:
    return {
        "timeUnixNano": ago(seconds=3),
        "severityNumber": 17,
        "body": {"stringValue": "it broke"},
        "attributes": [],
    } | changes


def metric(kind: str, points: list[Any], name: str = "requests", **more: Any) -> dict[str, Any]:
    return {"name": name, "unit": "1", kind: {"dataPoints": points} | more}


def counter(points: list[Any], temporality: int = 2, **more: Any) -> dict[str, Any]:
    return metric("sum", points, aggregationTemporality=temporality, isMonotonic=True, **more)


def at(seconds_ago: float, value: float | None = None, began: float = 600, **labels: Any) -> Any:
    point = {
        "startTimeUnixNano": ago(seconds=began),
        "timeUnixNano": ago(seconds=seconds_ago),
        "attributes": attributes(**labels),
    }
    return point if value is None else point | {"asDouble": double(value)}
