"""Every door there is, as somebody who sends three items of a kind that it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.ingest.doors.protobuf import encode_field
from tests.apps.ingest.doors.otlp_bodies import (
    JSON,
    PROTOBUF,
    as_json,
    as_protobuf,
    metric,
    nanos,
    record,
    request,
    span,
)
from tests.apps.ingest.doors.test_prometheus import pack, sample, series


@dataclass(frozen=True, slots=True)
class Door:
    """`body` packs items that happened at these times; `counted` is the door's name in refusals."""

    counted: str
    path: str  # below a workspace where it begins without a slash; `hook`: a webhook's own
    media: str
    body: Callable[[Sequence[datetime]], bytes]
    taken: int = 200
    partly: int = 200  # when some of the items are refused
    packing: str = ""  # what its protocol packs with; else gzip may be used


def _events(times: Sequence[datetime]) -> list[dict[str, Any]]:
    return [{"name": "a", "occurred_at": at.isoformat()} for at in times]


def _ingest(times: Sequence[datetime]) -> bytes:
    points = [{"name": "p", "occurred_at": at.isoformat(), "value": 1.5} for at in times]
    return json.dumps({"points": points}).encode()


def _lineage(times: Sequence[datetime]) -> bytes:
    job = {"namespace": "n", "name": "j"}
    return json.dumps([{"eventTime": at.isoformat(), "job": job} for at in times]).encode()


def _clouds(times: Sequence[datetime]) -> bytes:
    fixed = {"specversion": "1.0", "source": "/s", "type": "t"}
    events = [
        fixed | {"id": str(number), "time": at.isoformat()} for number, at in enumerate(times)
    ]
    return json.dumps(events).encode()


def _rows(times: Sequence[datetime]) -> bytes:
    lines = [f"select {number},{at.isoformat()}" for number, at in enumerate(times)]
    return "\n".join(["query,started_at", *lines]).encode()


def _ndjson(times: Sequence[datetime]) -> bytes:
    rows = [{"query": "select 1", "started_at": at.isoformat()} for at in times]
    return "\n".join(map(json.dumps, rows)).encode()


def _spans(times: Sequence[datetime]) -> dict[str, Any]:
    items = [
        span(startTimeUnixNano=nanos(at), endTimeUnixNano=nanos(at), name=str(number))
        for number, at in enumerate(times)
    ]
    return request("traces", items)


def _points(times: Sequence[datetime]) -> dict[str, Any]:
    points = [{"timeUnixNano": nanos(at), "asDouble": 1.5, "attributes": []} for at in times]
    return request("metrics", [metric("gauge", points)])


def _records(times: Sequence[datetime]) -> dict[str, Any]:
    return request("logs", [record(timeUnixNano=nanos(at)) for at in times])


def _samples(times: Sequence[datetime]) -> bytes:
    samples = [sample(1.5, int(at.timestamp() * 1_000)) for at in times]
    return pack(encode_field(1, series(samples)))


LINEAGE, WRITE, HOOK = "/api/v1/lineage", "/api/v1/prometheus/write", "hook"
DOORS = {
    "native events": Door("native", "events", JSON, lambda at: json.dumps(_events(at)).encode()),
    "native batches": Door("native", "ingest", JSON, _ingest),
    "openlineage": Door("openlineage", LINEAGE, JSON, _lineage, taken=201, partly=201),
    "traces as JSON": Door(
        "otlp", "/otlp/v1/traces", JSON, lambda at: as_json("traces", _spans(at))
    ),
    "traces": Door(
        "otlp", "/otlp/v1/traces", PROTOBUF, lambda at: as_protobuf("traces", _spans(at))
    ),
    "metrics as JSON": Door(
        "otlp", "/otlp/v1/metrics", JSON, lambda at: as_json("metrics", _points(at))
    ),
    "metrics": Door(
        "otlp", "/otlp/v1/metrics", PROTOBUF, lambda at: as_protobuf("metrics", _points(at))
    ),
    "logs as JSON": Door("otlp", "/otlp/v1/logs", JSON, lambda at: as_json("logs", _records(at))),
    "logs": Door("otlp", "/otlp/v1/logs", PROTOBUF, lambda at: as_protobuf("logs", _records(at))),
    "cloudevents": Door(
        "cloudevents", "/cloudevents", "application/cloudevents-batch+json", _clouds
    ),
    "remote write": Door(
        "prometheus", WRITE, PROTOBUF, _samples, taken=204, partly=400, packing="snappy"
    ),
    "query log as CSV": Door("query-log", "query-log", "text/csv", _rows),
    "query log as NDJSON": Door("query-log", "query-log", "application/x-ndjson", _ndjson),
    "webhook": Door("webhook", HOOK, JSON, lambda at: json.dumps(_events(at)).encode()),
}
