"""Native histograms at `POST /api/v1/prometheus/write`."""

from __future__ import annotations

import math
import struct
from datetime import timedelta

import cramjam
import pytest

from apps.core.clock import utc_now
from apps.ingest.doors import prometheus
from apps.ingest.doors.protobuf import encode_field, encode_varint
from apps.telemetry.sketch import decode, quantile
from tests.apps.ingest.doors.test_prometheus import PATH, PROTOBUF, STALE
from tests.unit.ingest.remote_write import WriteRequest

pytestmark = pytest.mark.django_db
NOW = utc_now()


def millis(seconds_ago):
    return int((NOW - timedelta(seconds=seconds_ago)).timestamp() * 1_000)


def histogram(seconds_ago=5, *, spans=((0, 3),), deltas=(2, 1, -2), **more):
    """By default 6 values: 2 in (½, 1], 3 in (1, 2], 1 in (2, 4]."""
    given = {
        "count_int": 6,
        "sum": 9.0,
        "schema": 0,
        "positive_spans": [{"offset": offset, "length": length} for offset, length in spans],
        "positive_deltas": deltas,
        "timestamp": millis(seconds_ago),
    }
    return given | more


def packed(*histograms, **labels):
    request = WriteRequest()
    series = request.timeseries.add()
    for name, value in ({"__name__": "latency", "job": "api"} | labels).items():
        series.labels.add(name=name, value=value)
    for each in histograms:
        series.histograms.add(**each)
    return request.SerializeToString()


def write(sender, *histograms, **labels):
    body = bytes(cramjam.snappy.compress_raw(packed(*histograms, **labels)))
    return sender.send(PATH, body, PROTOBUF, Content_Encoding="snappy")


def test_of_running_totals_what_came_since_the_reading_before_is_stored(sender):
    first = write(sender, histogram(20))
    second = write(sender, histogram(10, count_int=9, sum=12.0, deltas=(3, 2, -4)))

    assert (first.status_code, second.status_code) == (204, 204)
    (point,) = sender.points()  # of the first it is not known since when it was counted
    found = sender.series()[point.series_id]
    assert (found.name, found.labels) == ("latency", {"job": "api"})
    assert (point.count, point.value) == (3, pytest.approx(1.0))
    assert sum(decode(bytes(point.sketch)).values()) == 3
    assert (point.low, point.high) == (pytest.approx(0.5), pytest.approx(2.0))


@pytest.mark.parametrize(
    ("again", "added"),
    [
        (histogram(10, count_int=2, sum=2.0, deltas=(1, 0, -1)), 2),
        (histogram(10, count_int=7, sum=9.0, deltas=(1, 5, -6)), 7),
        (histogram(10, schema=1), 6),
        (histogram(10, reset_hint=1), 6),
    ],
    ids=["fewer values", "a bucket went back", "finer buckets", "it says so"],
)
def test_a_total_that_began_anew_counts_whole(sender, again, added):
    write(sender, histogram(20))

    assert write(sender, again).status_code == 204

    assert [point.count for point in sender.points()] == [added]


def test_coarser_buckets_and_a_wider_zero_are_the_same_total(sender):
    # (½, 1], (1, 2], (2, 4] become (¼, 1], (1, 4]; what is nearest to zero is swallowed.
    write(sender, histogram(20))
    write(sender, histogram(15, schema=-1, spans=((0, 2),), deltas=(2, 3), count_int=7))
    swallowed = {"zero_threshold": 1.0, "zero_count_int": 4, "count_int": 9}
    write(sender, histogram(10, schema=-1, spans=((1, 1),), deltas=(5,), **swallowed))

    assert [point.count for point in sender.points()] == [1, 2]


def test_a_gauge_is_stored_as_it_is(sender):
    for seconds in (20, 10):
        write(sender, histogram(seconds, reset_hint=3))

    first, second = sender.points()
    assert (first.count, second.count) == (6, 6)
    sketch = decode(bytes(first.sketch))
    median = quantile(sketch, 0.5, low=first.low, high=first.high)
    assert 1.0 <= median <= 2.0
    assert (first.value, first.high) == (pytest.approx(1.5), pytest.approx(4.0))


def test_values_below_zero_and_around_it(sender):
    write(
        sender,
        histogram(
            reset_hint=3,
            zero_count_int=4,
            zero_threshold=0.25,
            count_int=12,
            negative_spans=[{"offset": 1, "length": 1}],
            negative_deltas=[2],
        ),
    )

    (point,) = sender.points()
    assert (point.count, point.low, point.high) == (12, pytest.approx(-2.0), pytest.approx(4.0))
    below = sum(count for key, count in decode(bytes(point.sketch)).items() if key < 0)
    assert below == 2 + 2  # half of those around zero


@pytest.mark.parametrize(
    ("hint", "counts", "kept"),
    [(3, (0.5, 0.75, 1.25), 2), (3, (2.0, 3.0, 1.0), 6), (0, (1.5, 2.25, 0.5), 3)],
    ids=["parts add up", "whole", "parts of totals wait"],
)
def test_float_histograms_hold_whole_values(sender, hint, counts, kept):
    given = {
        "count_float": sum(counts),
        "positive_counts": counts,
        "positive_deltas": [],
        "reset_hint": hint,
    }
    sent = histogram(10, **given)
    del sent["count_int"]
    if hint == 0:
        write(sender, histogram(20, count_int=0, deltas=(), spans=()))

    assert write(sender, sent).status_code == 204

    assert [point.count for point in sender.points()] == [kept]


def test_custom_buckets_are_those_of_their_bounds(sender):
    own = {"schema": -53, "custom_values": [0.1, 0.5, 2.0], "reset_hint": 3}
    write(sender, histogram(spans=((1, 1), (1, 1)), deltas=(4, -2), **own))

    (point,) = sender.points()
    assert (point.count, point.low, point.high) == (6, pytest.approx(0.1), pytest.approx(2.0))


@pytest.mark.parametrize("total", [math.nan, math.inf], ids=str)
def test_a_sum_that_is_no_number_is_estimated(sender, total):
    more = {} if math.isinf(total) else {"count_int": 7}  # one value was no number

    answer = write(sender, histogram(sum=total, reset_hint=3, **more))

    assert answer.status_code == 204
    (point,) = sender.points()
    assert (point.count, 1.0 < point.value < 3.0) == (6, True)


def test_that_a_series_ended_is_nothing_to_store():
    marked = packed(histogram(sum=1.25)).replace(struct.pack("<d", 1.25), struct.pack("<Q", STALE))

    decoded = prometheus.decode(marked)

    assert (decoded.count, decoded.refusals, decoded.batch.points) == (0, [], [])


HOSTILE = {
    "a length of 32 bits": (histogram(spans=((0, 0xFFFFFFFF),)), "invalid_item"),
    "lengths that add up to more": (histogram(spans=((0, 2), (0, 2))), "invalid_item"),
    "fewer spans than counts": (histogram(spans=((0, 2),)), "invalid_item"),
    "no spans": (histogram(spans=()), "invalid_item"),
    "spans that go back": (histogram(spans=((5, 2), (-3, 1))), "invalid_item"),
    "an index beyond all numbers": (
        histogram(spans=((0x7FFFFFFF, 1), (0x7FFFFFFF, 2))),
        "invalid_item",
    ),
    "counts below zero": (histogram(deltas=(2, -3, 7)), "invalid_item"),
    "counts of 64 bits": (histogram(deltas=((1 << 63) - 1, 5, 0)), "invalid_item"),
    "another number in all": (histogram(count_int=7), "invalid_item"),
    "too many in all": (
        histogram(count_int=(1 << 64) - 1, zero_count_int=(1 << 64) - 7),
        "invalid_item",
    ),
    "1,001 buckets": (
        histogram(spans=((0, 1_001),), deltas=[1] + [0] * 1_000, count_int=1_001),
        "too_many_buckets",
    ),
    "1,001 spans": (histogram(spans=((0, 0),) * 1_001), "too_many_buckets"),
    "a schema of the future": (histogram(schema=53), "unsupported"),
    "a schema of 32 bits": (histogram(schema=-(2**31)), "unsupported"),
    "a threshold that is none": (histogram(zero_threshold=math.nan), "invalid_item"),
    "a threshold below zero": (histogram(zero_threshold=-1.0), "invalid_item"),
    "custom bounds that fall": (
        histogram(schema=-53, custom_values=[2.0, 1.0, 3.0]),
        "invalid_item",
    ),
    "a custom bound that is no number": (
        histogram(schema=-53, custom_values=[1.0, math.nan, 3.0]),
        "invalid_item",
    ),
    "custom buckets without bounds": (histogram(schema=-53), "invalid_item"),
    "custom buckets below the first": (
        histogram(schema=-53, spans=((-2, 3),), custom_values=[1.0, 2.0, 3.0]),
        "invalid_item",
    ),
    "custom buckets with zeros": (
        histogram(schema=-53, custom_values=[1.0, 2.0], zero_count_int=1, count_int=7),
        "invalid_item",
    ),
    "a time before all": (histogram(timestamp=-(1 << 62)), "invalid_item"),
    "a time after all": (histogram(timestamp=1 << 62), "invalid_item"),
    "no time": (histogram(timestamp=0), "invalid_item"),
    "more values than one may hold": (
        histogram(reset_hint=3, count_int=10**13 + 2, deltas=(10**13, 1 - 10**13, 0)),
        "invalid_item",
    ),
    "a sum that none can be added to": (histogram(reset_hint=3, sum=-1e200), "invalid_item"),
}


@pytest.mark.parametrize(("bad", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_bad_one_is_refused_and_the_others_are_kept(sender, bad, code):
    answer = write(sender, histogram(reset_hint=3), bad)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "partly_taken")
    assert [point.count for point in sender.points()] == [6]
    assert sender.refused() == {("prometheus", code): 1}


def float_histogram(**more):
    sent = histogram(positive_deltas=[], **more)
    del sent["count_int"]
    return sent


@pytest.mark.parametrize("count", [-1.0, math.nan, math.inf, 1e300], ids=str)
def test_floats_that_are_no_counts(sender, count):
    bad = float_histogram(count_float=1.0, positive_counts=[1.0, count, 1.0])

    answer = write(sender, bad)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_taken")
    assert sender.has_nothing()


# A field of the series, which has the number of its histograms.
BROKEN = {
    "spans that are cut short": encode_field(11, b"\x08"),
    "deltas that are cut short": encode_field(12, b"\xff"),
    "a delta of eleven bytes": encode_field(12, b"\xff" * 11),
    "a list longer than the message": encode_varint(12 << 3 | 2) + encode_varint(1 << 40),
}


@pytest.mark.parametrize("inner", BROKEN.values(), ids=BROKEN)
def test_a_message_that_is_broken_is_refused_whole(sender, inner):
    named = encode_field(1, encode_field(1, b"__name__") + encode_field(2, b"broken"))
    at = encode_field(15, millis(5))
    body = packed(histogram(reset_hint=3)) + encode_field(1, named + encode_field(4, at + inner))
    sent = bytes(cramjam.snappy.compress_raw(body))

    answer = sender.send(PATH, sent, PROTOBUF, Content_Encoding="snappy")

    assert answer.status_code == 400
    assert sender.has_nothing()


def test_a_million_deltas_are_not_read_to_their_end():
    # All of them fit into a body, and into one field.
    deltas = encode_field(4, encode_field(12, b"\x00" * 1_000_000))

    decoded = prometheus.decode(encode_field(1, deltas))

    assert [refusal.code for refusal in decoded.refusals] == ["invalid_item"]
