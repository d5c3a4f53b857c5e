"""`POST /api/v1/prometheus/write`: snappy, protobuf, samples."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta

import pytest

from apps.core.clock import utc_now
from apps.ingest.doors.protobuf import encode_field, encode_varint
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import WorkspaceLimits

pytestmark = pytest.mark.django_db
PATH = "/api/v1/prometheus/write"
PROTOBUF = "application/x-protobuf"
NOW = utc_now()
STALE = 0x7FF0000000000002


def pack(data):
    """As a snappy block of literals."""
    out = encode_varint(len(data))
    for at in range(0, len(data), 60):
        part = data[at : at + 60]
        out += bytes([len(part) - 1 << 2]) + part
    return out


def millis(**ago):
    return int((NOW - timedelta(**ago)).timestamp() * 1_000)


def sample(value, at=None):
    bits = value if isinstance(value, int) and value == STALE else None
    data = struct.pack("<Q", bits) if bits else struct.pack("<d", value)
    at = millis(seconds=5) if at is None else at
    return b"\x09" + data + encode_field(2, at & (1 << 64) - 1)


def series(samples, more=b"", **labels):
    labels = {"__name__": "http_requests_total", "job": "api"} | labels
    found = b""
    for name, value in labels.items():
        if value is not None:
            found += encode_field(
                1, encode_field(1, name.encode()) + encode_field(2, value.encode())
            )
    return found + b"".join(encode_field(2, each) for each in samples) + more


def write(sender, *of_series, **headers):
    body = b"".join(encode_field(1, each) for each in of_series)
    return sender.send(PATH, pack(body), PROTOBUF, **({"Content_Encoding": "snappy"} | headers))


def test_samples_become_points_of_their_labels(sender):
    answer = write(sender, series([sample(3.5), sample(4.0, millis(seconds=1))], code="200"))

    assert (answer.status_code, answer.content) == (204, b"")
    first, second = sender.points()
    found = sender.series()[first.series_id]
    assert (found.name, found.labels) == ("http_requests_total", {"job": "api", "code": "200"})
    assert (first.value, second.value) == (3.5, 4.0)
    assert first.occurred_at == datetime.fromtimestamp(millis(seconds=5) / 1_000, tz=UTC)


def test_a_series_has_one_value_at_a_time(sender):
    for value in (1.0, 1.0, 2.0):
        assert write(sender, series([sample(value)])).status_code == 204

    assert [point.value for point in sender.points()] == [1.0]


def test_that_a_series_ended_is_nothing_to_store(sender):
    answer = write(sender, series([sample(STALE), sample(1.0)]))

    assert answer.status_code == 204
    assert len(sender.points()) == 1
    assert sender.refused() == {}


def test_bad_samples_are_told_and_the_others_kept(sender):
    bad = [
        series([sample(math.inf)]),
        series([sample(math.nan)]),
        series([sample(1.0)], __name__=None),
        series([sample(1.0)], long="x" * 201),
        series([sample(1.0)], **{f"l{number}": "x" for number in range(30)}),
        series([sample(1.0, at=-5)]),
        series([sample(1.0, at=1 << 62)]),
        series([sample(1.0, at=millis(days=-2))]),
        series([], more=encode_field(4, b"")),
        series([sample(1.0)], more=encode_field(1, encode_field(1, b"job"))),
    ]

    answer = write(sender, series([sample(7.0)], ok="yes"), *bad)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "partly_taken")
    assert [point.value for point in sender.points()] == [7.0]
    assert sender.refused() == {
        ("prometheus", "invalid_item"): 7,
        ("prometheus", "not_a_number"): 1,
        ("prometheus", "too_many_labels"): 1,
        ("prometheus", "in_future"): 1,
    }


def test_nan_is_counted_and_no_failure_of_the_request(sender):
    answer = write(sender, series([sample(math.nan)]), series([sample(7.0)], ok="yes"))

    assert (answer.status_code, answer.content) == (204, b"")
    assert [point.value for point in sender.points()] == [7.0]
    assert sender.refused() == {("prometheus", "not_a_number"): 1}


def test_a_quantile_of_nothing_is_nothing_to_store(sender):
    of_nothing = series([sample(math.nan), sample(0.5, millis(seconds=1))], quantile="0.99")

    assert write(sender, of_nothing).status_code == 204
    assert [point.value for point in sender.points()] == [0.5]
    assert sender.refused() == {}


def test_nothing_good_in_it(sender):
    answer = write(sender, series([sample(math.inf)]))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_taken")
    assert sender.has_nothing()


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status"),
    [
        (b"\x05\x10hell", PROTOBUF, "snappy", 400),
        (pack(b"\x0a\x05\x0a"), PROTOBUF, "snappy", 400),
        (pack(b"\x08\x01"), PROTOBUF, "snappy", 400),
        (encode_varint(1 << 33), PROTOBUF, "snappy", 413),
        (b"{}", "application/json", "snappy", 415),
        (pack(b""), PROTOBUF, "gzip", 415),
        (pack(b""), PROTOBUF + ";proto=io.prometheus.write.v2.Request", "snappy", 415),
        (pack(b""), PROTOBUF + ";proto=prometheus.WriteRequest", "snappy", 204),
    ],
)
def test_what_is_no_request(sender, body, content_type, encoding, status):
    answer = sender.send(PATH, body, content_type, Content_Encoding=encoding)

    assert answer.status_code == status
    assert bool(sender.refused()) is (status != 204)


def test_over_the_limit_it_says_503_which_senders_repeat(sender, valkey):
    with workspace_scope(sender.workspace.id):
        WorkspaceLimits.objects.filter(workspace_id=sender.workspace.id).update(events_per_minute=3)

    first, answer = (
        write(sender, series([sample(1.0, millis(seconds=n + start)) for n in range(3)]))
        for start in (0, 3)
    )

    assert (first.status_code, answer.status_code) == (204, 503)
    assert len(sender.points()) == 3
    assert int(answer.headers["Retry-After"]) >= 1
