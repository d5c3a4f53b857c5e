"""The messages of remote write 1.0, as protobuf's own library makes them."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

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
        "BucketSpan": [
            ("offset", 1, FIELD.TYPE_SINT32, optional),
            ("length", 2, FIELD.TYPE_UINT32, optional),
        ],
        "Histogram": [
            ("count_int", 1, FIELD.TYPE_UINT64, optional),
            ("count_float", 2, FIELD.TYPE_DOUBLE, optional),
            ("sum", 3, FIELD.TYPE_DOUBLE, optional),
            ("schema", 4, FIELD.TYPE_SINT32, optional),
            ("zero_threshold", 5, FIELD.TYPE_DOUBLE, optional),
            ("zero_count_int", 6, FIELD.TYPE_UINT64, optional),
            ("zero_count_float", 7, FIELD.TYPE_DOUBLE, optional),
            ("negative_spans", 8, "BucketSpan", repeated),
            ("negative_deltas", 9, FIELD.TYPE_SINT64, repeated),
            ("negative_counts", 10, FIELD.TYPE_DOUBLE, repeated),
            ("positive_spans", 11, "BucketSpan", repeated),
            ("positive_deltas", 12, FIELD.TYPE_SINT64, repeated),
            ("positive_counts", 13, FIELD.TYPE_DOUBLE, repeated),
            ("reset_hint", 14, FIELD.TYPE_INT32, optional),
            ("timestamp", 15, FIELD.TYPE_INT64, optional),
            ("custom_values", 16, FIELD.TYPE_DOUBLE, repeated),
        ],
        "TimeSeries": [
            ("labels", 1, "Label", repeated),
            ("samples", 2, "Sample", repeated),
            ("histograms", 4, "Histogram", repeated),
        ],
        "WriteRequest": [("timeseries", 1, "TimeSeries", repeated)],
    }
    for name, fields in shapes.items():
        message = file.message_type.add(name=name)
        if name == "Histogram":  # whole numbers, or floats: 0 of either is written
            for choice in ("count", "zero_count"):
                message.oneof_decl.add(name=choice)
        for field, number, kind, label in fields:
            own = isinstance(kind, str)
            message.field.add(
                name=field,
                number=number,
                type=FIELD.TYPE_MESSAGE if own else kind,
                label=label,
                type_name=f".prometheus.{kind}" if own else None,
                oneof_index={"count_int": 0, "count_float": 0}.get(field)
                if "zero" not in field
                else {"zero_count_int": 1, "zero_count_float": 1}.get(field),
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WriteRequest = _messages()
