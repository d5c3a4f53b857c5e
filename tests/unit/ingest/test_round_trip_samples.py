"""Remote write: what protobuf's and snappy's own libraries pack is what we would store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.doors import prometheus
from tests.unit.ingest.generated import EPOCH, finite, moments, names, round_trip, texts

FIELD = descriptor_pb2.FieldDescriptorProto


def _messages() -> Any:
    """https://github.com/prometheus/prometheus/blob/main/prompb/types.proto"""
    file = descriptor_pb2.FileDescriptorProto(
        name="remote.proto", package="prometheus", syntax="proto3"
    )
    repeated, optional = FIELD.LABEL_REPEATED, FIELD.LABEL_OPTIONAL
    shapes: dict[str, list[tuple[str, int, Any, int]]] = {
        "Label": [
            ("name", 1, FIELD.TYPE_STRING, optional),
            ("value", 2, FIELD.TYPE_STRING, optional),
        ],
        "Sample": [
            ("value", 1, FIELD.TYPE_DOUBLE, optional),
            ("timestamp", 2, FIELD.TYPE_INT64, optional),
        ],
        "TimeSeries": [("labels", 1, "Label", repeated), ("samples", 2, "Sample", repeated)],
        "WriteRequest": [("timeseries", 1, "TimeSeries", repeated)],
    }
    for name, fields in shapes.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label in fields:
            own = isinstance(kind, str)
            message.field.add(
                name=field,
                number=number,
                type=FIELD.TYPE_MESSAGE if own else kind,
                label=label,
                type_name=f".prometheus.{kind}" if own else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WriteRequest = _messages()
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
