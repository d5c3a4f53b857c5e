"""Remote write: what protobuf's and snappy's own libraries pack is what we would store."""

from __future__ import annotations

from datetime import timedelta

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.doors import prometheus
from apps.telemetry.distribution import Distribution, Exponential
from tests.unit.ingest.generated import EPOCH, finite, moments, names, round_trip, texts
from tests.unit.ingest.remote_write import WriteRequest

labels = st.dictionaries(names.filter(lambda name: name != "__name__"), texts(1), max_size=5)
# To the millisecond, as the protocol has them.
times = moments.map(lambda at: at.replace(microsecond=at.microsecond // 1_000 * 1_000))
series = st.tuples(names, labels, st.lists(st.tuples(finite, times), max_size=4))


@round_trip
@given(st.lists(series, max_size=4))
def test_samples_are_the_points_that_were_meant(meant):
    request = WriteRequest()
    for name, about, samples in meant:
        of_series = request.timeseries.add()
        for key, value in {"__name__": name, **about}.items():
            of_series.labels.add(name=key, value=value)
        for value, at in samples:
            of_series.samples.add(value=value, timestamp=(at - EPOCH) // timedelta(milliseconds=1))
    packed = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))

    decoded = prometheus.decode(prometheus.unpack(packed))

    assert decoded.refusals == []
    assert [
        (each.name, each.labels, each.value, each.occurred_at) for each in decoded.batch.points
    ] == [(name, about, value, at) for name, about, samples in meant for value, at in samples]


BASE_OF = {schema: 2.0**2.0**-schema for schema in range(-4, 9)}
counts = st.dictionaries(st.integers(-60, 60), st.integers(1, 1 << 40), max_size=12)


def put_side(message, side, meant, *, of_floats):
    """Write buckets (by the index that Prometheus gives them) as its scrapers do."""
    last_index = last_count = None
    for index in sorted(meant):
        spans = getattr(message, f"{side}_spans")
        if last_index is None or index != last_index + 1:
            offset = index if last_index is None else index - last_index - 1
            spans.add(offset=offset, length=1)
        else:
            spans[-1].length += 1
        if of_floats:
            getattr(message, f"{side}_counts").append(meant[index])
        else:
            getattr(message, f"{side}_deltas").append(meant[index] - (last_count or 0))
        last_index, last_count = index, meant[index]


@pytest.mark.parametrize("of_floats", [False, True], ids=["integers", "floats"])
@round_trip
@given(
    schema=st.sampled_from(list(BASE_OF)),
    positive=counts,
    negative=counts,
    zero=st.integers(0, 1 << 40),
    total=finite,
    at=times,
    hint=st.sampled_from([0, 1, 2, 3]),
)
def test_a_native_histogram_is_the_distribution_that_was_meant(
    of_floats, schema, positive, negative, zero, total, at, hint
):
    request = WriteRequest()
    series = request.timeseries.add()
    series.labels.add(name="__name__", value="latency")
    count = zero + sum(positive.values()) + sum(negative.values())
    kind = "float" if of_floats else "int"
    message = series.histograms.add(
        **{f"count_{kind}": count, f"zero_count_{kind}": zero},
        sum=total,
        schema=schema,
        zero_threshold=1e-6,
        reset_hint=hint,
        timestamp=(at - EPOCH) // timedelta(milliseconds=1),
    )
    put_side(message, "positive", positive, of_floats=of_floats)
    put_side(message, "negative", negative, of_floats=of_floats)

    decoded = prometheus.decode(request.SerializeToString())

    assert decoded.refusals == []
    (found,) = decoded.batch.points
    assert (found.name, found.occurred_at, found.running) == ("latency", at, hint != 3)
    assert (found.started_at is not None) is (hint == 1)
    assert found.distribution == Distribution(
        count,
        total,
        Exponential(
            schema,
            zero,
            {index - 1: number for index, number in positive.items()},
            {index - 1: number for index, number in negative.items()},
            1e-6,
        ),
    )
