"""
Prometheus remote write 1.0: samples become points, native histograms readings. Pure.

https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from __future__ import annotations

import math
import struct
from datetime import datetime
from typing import Final, NamedTuple

from apps.core.errors import BatchTooLarge, InvalidRequest
from apps.core.ids import derived_uuid7
from apps.ingest import limits as request_limits
from apps.ingest.decode import Decoded, check_count
from apps.ingest.doors import native_histograms, snappy
from apps.ingest.doors.items import Collector, ItemRefused, moment_of
from apps.ingest.doors.protobuf import BYTES, FIXED64, VARINT, WireError, fields, messages
from apps.telemetry import limits
from apps.telemetry.items import NewPoint

NAME: Final = "__name__"
NO_NUMBER: Final = "not_a_number"  # an ordinary answer of exporters, and no fault of the sender's
# A NaN of its own, by which Prometheus says that a series has ended: nothing to store.
STALE: Final = struct.pack("<Q", 0x7FF0000000000002)

_SERIES: Final = 1
_LABELS, _SAMPLES, _HISTOGRAMS = 1, 2, 4
_double = struct.Struct("<d").unpack


class _Sample(NamedTuple):
    value: bytes  # the double as it was sent
    milliseconds: int


def unpack(body: bytes) -> bytes:
    """Return the request. Raises: InvalidRequest, BatchTooLarge."""
    try:
        return snappy.unpack(body, request_limits.UNPACKED_BYTES)
    except WireError as error:
        raise InvalidRequest(f"The body is no snappy block: {error}") from error
    except snappy.TooLargeError as error:
        raise BatchTooLarge(
            f"The body unpacks to more than {request_limits.UNPACKED_BYTES} bytes."
        ) from error


def decode(body: bytes) -> Decoded:
    """
    Read an unpacked request. What counts, and what is refused, is samples and histograms.

    Raises: InvalidRequest, BatchTooLarge.
    """
    found = Collector("points")
    try:
        for raw in messages(body, _SERIES):
            _read_series(raw, found)
            check_count(len(found.raws), request_limits.FOREIGN_ITEMS)
    except WireError as error:
        raise InvalidRequest(f"The body is no such protobuf message: {error}") from error
    return found.decoded()


def _read_series(raw: bytes, found: Collector) -> None:
    labels: list[bytes] = []
    samples: list[bytes] = []
    histograms: list[bytes] = []
    for number, wire, value in fields(raw):
        if not isinstance(value, bytes) or wire != BYTES:
            continue
        if number == _LABELS:
            if len(labels) < limits.LABEL_COUNT + 2:  # one more than there may be says enough
                labels.append(value)
        elif number == _SAMPLES:
            samples.append(value)
        elif number == _HISTOGRAMS:
            histograms.append(value)
        check_count(len(samples) + len(histograms), request_limits.FOREIGN_ITEMS)
    told: ItemRefused | None = None
    series: tuple[str, dict[str, str]] = ("", {})
    try:
        series = _series_of(labels)
    except ItemRefused as refused:
        told = refused
    for each in samples:
        sample = _sample_of(each)
        # Of a summary that saw nothing lately, each quantile is NaN with every scrape.
        if sample.value == STALE or ("quantile" in series[1] and _is_nan(sample)):
            continue
        found.begin(raw)
        try:
            if told is not None:
                raise told
            found.add(_point(*series, sample))
        except ItemRefused as refused:
            found.refuse(refused)
    for each in histograms:
        if native_histograms.is_end(each, STALE):
            continue
        found.begin(raw)
        try:
            if told is not None:
                raise told
            found.add(native_histograms.reading(*series, each))
        except ItemRefused as refused:
            found.refuse(refused)


def _series_of(labels: list[bytes]) -> tuple[str, dict[str, str]]:
    if len(labels) > limits.LABEL_COUNT + 1:
        raise ItemRefused(
            f"More than {limits.LABEL_COUNT} labels.", "labels", code="too_many_labels"
        )
    read: dict[str, str] = {}
    for label in labels:
        name = value = ""
        for number, _, content in fields(label):
            if isinstance(content, bytes) and number in {1, 2}:
                try:
                    told = content.decode()
                except UnicodeDecodeError as error:
                    raise ItemRefused("A label is not UTF-8 text.", "labels") from error
                name, value = (told, value) if number == 1 else (name, told)
        if name in read:
            raise ItemRefused("A label comes twice.", f"labels.{name}"[:200])
        if value:  # an empty label is none
            read[name] = value
    metric = read.pop(NAME, "")
    if not 1 <= len(metric) <= limits.NAME_LENGTH:
        raise ItemRefused(f"Expected 1 to {limits.NAME_LENGTH} characters.", NAME)
    for name, value in read.items():
        if not 1 <= len(name) <= limits.LABEL_KEY_LENGTH:
            raise ItemRefused(
                f"Names of labels have 1 to {limits.LABEL_KEY_LENGTH} characters.", "labels"
            )
        if len(value) > limits.LABEL_VALUE_LENGTH:
            raise ItemRefused(
                f"Values of labels have up to {limits.LABEL_VALUE_LENGTH} characters.",
                f"labels.{name}",
            )
    return metric, read


def _sample_of(data: bytes) -> _Sample:
    value, milliseconds = bytes(8), 0
    for number, wire, content in fields(data):
        if number == 1 and wire == FIXED64 and isinstance(content, bytes):
            value = content
        elif number == 2 and wire == VARINT and isinstance(content, int):
            milliseconds = content - (1 << 64) if content >> 63 else content
    return _Sample(value, milliseconds)


def _is_nan(sample: _Sample) -> bool:
    return math.isnan(_double(sample.value)[0])


def _point(metric: str, labels: dict[str, str], sample: _Sample) -> NewPoint:
    (value,) = _double(sample.value)
    if math.isnan(value):
        raise ItemRefused("NaN is no value to store.", "value", code=NO_NUMBER)
    if not math.isfinite(value):
        raise ItemRefused("Expected a finite number.", "value")
    at: datetime = moment_of(sample.milliseconds * 1_000_000, "timestamp")
    parts = [text for pair in sorted(labels.items()) for text in pair]
    return NewPoint(
        name=metric,
        occurred_at=at,
        value=value,
        # A series has one value at a time.
        id=derived_uuid7(at, "sample", metric, *parts),
        labels=labels,
    )
