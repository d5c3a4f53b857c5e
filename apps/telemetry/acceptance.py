"""
From items as sent to rows as stored: the checks that types cannot express, and derived ids.

Pure: no database. Each function returns rows for the items that pass and refusals for the rest,
with the index that the item had in its list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from apps.core.ids import derived_uuid7
from apps.telemetry import limits, sketch
from apps.telemetry.distribution import spread_of
from apps.telemetry.items import (
    NewEvent,
    NewLogLine,
    NewPoint,
    NewReading,
    Refusal,
    Relation,
    Transition,
)
from apps.telemetry.json_text import UnstorableJSONError, all_storable, storable, without_nul

NIL: Final = UUID(int=0)  # stands for "no run" and "no task run" where a column is part of a key
LEVEL_NUMBER: Final[Mapping[str, int]] = {
    "DEBUG": 10,
    "INFO": 20,
    "WARNING": 30,
    "ERROR": 40,
    "CRITICAL": 50,
}


class Window(NamedTuple):
    """The moments that are accepted, and the moment of arrival."""

    oldest: datetime
    newest: datetime
    received_at: datetime

    @classmethod
    def at(cls, now: datetime, *, retention_days: int) -> Window:
        return cls(now - timedelta(days=retention_days), now + limits.FUTURE, now)


class EventRow(NamedTuple):
    """Columns of `telemetry_event`, in the order of the table."""

    workspace_id: UUID
    occurred_at: datetime
    id: UUID
    name: str
    received_at: datetime
    resource_kind: str | None
    resource_namespace: str | None
    resource_name: str | None
    related: bytes | None  # JSON
    payload: bytes  # JSON
    run_id: UUID | None
    task_run_id: UUID | None
    follows: UUID | None
    source: str


class LogRow(NamedTuple):
    """Columns of `telemetry_log_line`, in the order of the table."""

    workspace_id: UUID
    run_id: UUID
    occurred_at: datetime
    id: UUID
    task_run_id: UUID | None
    level: int
    logger: str
    message: str


class PointRow(NamedTuple):
    """Columns of `telemetry_metric_point`, in the order of the table."""

    workspace_id: UUID
    series_id: UUID
    occurred_at: datetime
    id: UUID
    value: float  # the mean, when the point stands for many
    run_id: UUID | None
    many: int | None = None  # how many values the point stands for; None: it is one
    low: float | None = None
    high: float | None = None
    sketch: bytes | None = None


class TransitionRow(NamedTuple):
    """Columns of `telemetry_run_transition`, in the order of the table."""

    id: UUID
    workspace_id: UUID
    run_id: UUID
    task_run_id: UUID
    state: str
    occurred_at: datetime
    received_at: datetime
    epoch: int
    superseded: bool
    message: str


class SeriesKey(NamedTuple):
    """What makes two points belong to one series."""

    name: str
    labels: tuple[tuple[str, str], ...]  # sorted

    @classmethod
    def of(cls, point: NewPoint) -> SeriesKey:
        labels = point.labels
        return cls(point.name, tuple(sorted(labels.items())) if labels else ())


class AcceptedPoints(NamedTuple):
    """What `accept_points` made of a list."""

    rows: list[PointRow]
    refusals: list[Refusal]
    series: dict[UUID, SeriesKey]
    units: dict[UUID, str]  # by series; the first one given counts
    places: dict[UUID, list[int]]  # by series: where its points stood in the list


def accept_events(
    items: Sequence[NewEvent], *, workspace_id: UUID, window: Window
) -> tuple[list[EventRow], list[Refusal]]:
    """Return rows in key order for the events that pass, and refusals."""
    rows: list[EventRow] = []
    refusals: list[Refusal] = []
    derive = _Deriver(workspace_id, "event")
    oldest, newest, received_at = window
    append, make, limit = rows.append, tuple.__new__, limits.PAYLOAD_BYTES
    payloads = [bytes(item.payload) for item in items]
    looked_at = all_storable(payloads)
    for index, (item, data) in enumerate(zip(items, payloads, strict=True)):
        at = item.occurred_at
        name = item.name
        if not oldest <= at <= newest:
            refusals.append(_refusal("events", index, _refuse_time(at, window)))
            continue
        if data[:1] != b"{" or len(data) > limit or "\x00" in name:
            refusals.append(_refusal("events", index, _refuse_event(data)))
            continue
        if not looked_at:
            try:
                data = storable(data)
            except UnstorableJSONError as error:
                refusals.append(_refusal("events", index, ("invalid_item", str(error), "payload")))
                continue
        resource = item.resource
        kind = namespace = about = None
        if resource is not None:
            kind, namespace, about = resource.kind, resource.namespace or "", resource.name
            if "\x00" in kind or "\x00" in namespace or "\x00" in about:
                kind, namespace, about = map(without_nul, (kind, namespace, about))
        # PERF: EventRow(…) is a call into Python; this is one into C.
        append(
            make(
                EventRow,
                (
                    workspace_id,
                    at,
                    item.id or derive(at, *_content_of(item)),
                    name,
                    received_at,
                    kind,
                    namespace,
                    about,
                    _related_json(item.related) if item.related else None,
                    data,
                    item.run_id,
                    item.task_run_id,
                    item.follows,
                    without_nul(item.source or ""),
                ),
            )
        )
    rows.sort(key=_event_key)
    return rows, refusals


def accept_logs(
    items: Sequence[NewLogLine], *, workspace_id: UUID, window: Window
) -> tuple[list[LogRow], list[Refusal]]:
    """Return rows in key order for the lines that pass, and refusals. Long messages are cut."""
    rows: list[LogRow] = []
    refusals: list[Refusal] = []
    derive = _Deriver(workspace_id, "log")
    for index, item in enumerate(items):
        at = item.occurred_at
        if not window.oldest <= at <= window.newest:
            refusals.append(_refusal("logs", index, _refuse_time(at, window)))
            continue
        message = item.message
        if len(message) > limits.MESSAGE_LENGTH:
            message = cut_message(message)
        logger = item.logger or ""
        rows.append(
            LogRow(
                workspace_id,
                item.run_id or NIL,
                at,
                item.id
                or derive(at, item.level, logger, message, str(item.run_id), str(item.task_run_id)),
                item.task_run_id,
                LEVEL_NUMBER[item.level],
                without_nul(logger),
                without_nul(message),
            )
        )
    rows.sort(key=_log_key)
    return rows, refusals


def accept_points(
    items: Sequence[NewPoint | None], *, workspace_id: UUID, window: Window
) -> AcceptedPoints:
    """
    Return rows in key order for the points that pass, their series, and refusals.

    None stands for one that is settled already.
    """
    rows: list[PointRow] = []
    refusals: list[Refusal] = []
    series: dict[UUID, SeriesKey] = {}
    ids: dict[SeriesKey, UUID] = {}
    units: dict[UUID, str] = {}
    places: dict[UUID, list[int]] = {}
    derive = _Deriver(workspace_id, "point")
    for index, item in enumerate(items):
        if item is None:
            continue
        at = item.occurred_at
        refused: _Refused | None = None
        if not window.oldest <= at <= window.newest:
            refused = _refuse_time(at, window)
        else:
            refused = _refuse_value(item)
        key = SeriesKey.of(item)
        series_id = ids.get(key)
        if series_id is None and refused is None:
            if _has_nul(key):
                refused = ("invalid_item", "NUL characters are not allowed.", "labels")
            else:
                series_id = ids[key] = series_id_of(workspace_id, key)
                series[series_id] = key
                units[series_id] = without_nul(item.unit or "")
                places[series_id] = []
        if refused is not None:
            refusals.append(_refusal("points", index, refused))
            continue
        assert series_id is not None
        places[series_id].append(index)
        value = item.value
        more: tuple[int, float, float, bytes] | tuple[None, None, None, None] = _ONE
        if type(item) is NewReading and item.distribution is not None:
            count, value, low, high, counts = spread_of(item.distribution)
            more = (count, low, high, sketch.encode(counts))
        rows.append(
            PointRow(
                workspace_id,
                series_id,
                at,
                item.id or derive(at, str(series_id), repr(value), str(item.run_id)),
                value,
                item.run_id,
                *more,
            )
        )
    rows.sort(key=_point_key)
    return AcceptedPoints(rows, refusals, series, units, places)


def transition_rows(
    transitions: Sequence[Transition], *, workspace_id: UUID, received_at: datetime
) -> list[TransitionRow]:
    """Return rows in key order; an id that is not given is derived from what the report says."""
    # The id's time chooses the part of the table: a mad clock must not ask for one in year 9999.
    earliest, latest = received_at - _TRANSITION_PAST, received_at + _TRANSITION_FUTURE
    rows = [
        TransitionRow(
            item.id
            or derived_uuid7(
                min(max(item.occurred_at, earliest), latest),
                "transition",
                str(workspace_id),
                str(item.run_id),
                str(item.task_run_id),
                str(item.epoch),
                item.state,
            ),
            workspace_id,
            item.run_id,
            item.task_run_id or NIL,
            item.state,
            item.occurred_at,
            received_at,
            item.epoch,
            item.superseded,
            without_nul(cut_message(item.message)),
        )
        for item in transitions
    ]
    rows.sort(key=_transition_key)
    return rows


def series_id_of(workspace_id: UUID, key: SeriesKey) -> UUID:
    """Return the id of a series: derived, so that ingest need not look it up."""
    # Not a moment but a constant: the same series must have the same id for ever.
    parts = [text for pair in key.labels for text in pair]
    return derived_uuid7(_SERIES_EPOCH, "series", str(workspace_id), key.name, *parts)


def total_id_of(workspace_id: UUID, name: str) -> UUID:
    """Return the id under which the rollups hold a metric's points of all series together."""
    return derived_uuid7(_SERIES_EPOCH, "total", str(workspace_id), name)


_TRANSITION_PAST: Final = timedelta(days=3_650)
_TRANSITION_FUTURE: Final = timedelta(days=1)
_SERIES_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


def cut_message(message: str) -> str:
    """Return the message, cut at the limit with a mark of how much is missing."""
    if len(message) <= limits.MESSAGE_LENGTH:
        return message
    missing = len(message) - limits.MESSAGE_LENGTH
    return f"{message[: limits.MESSAGE_LENGTH]}… [cut: {missing} more characters]"


_ONE: Final = (None, None, None, None)


class _Deriver:
    """Derive ids from content; the n-th of equal items in one batch gets the n-th id."""

    def __init__(self, workspace_id: UUID, kind: str) -> None:
        self._base = (kind, str(workspace_id))
        self._seen: dict[UUID, int] = {}

    def __call__(self, at: datetime, *content: str) -> UUID:
        first = derived_uuid7(at, *self._base, at.isoformat(), *content)
        nth = self._seen.get(first, 0)
        self._seen[first] = nth + 1
        if nth == 0:
            return first
        return derived_uuid7(at, *self._base, at.isoformat(), *content, str(nth))


_Refused = tuple[str, str, str]  # code, message, field


def _refuse_event(data: bytes) -> _Refused:
    if data[:1] != b"{":
        return "invalid_item", "Expected an object.", "payload"
    if len(data) > limits.PAYLOAD_BYTES:
        return "too_large", f"The payload is over {limits.PAYLOAD_BYTES} bytes.", "payload"
    return "invalid_item", "NUL characters are not allowed.", "name"


def _content_of(item: NewEvent) -> tuple[str, ...]:
    return (
        item.name,
        bytes(item.payload).decode(),
        str(item.run_id),
        str(item.task_run_id),
        str(item.resource),
        str(item.related),
        str(item.follows),
        str(item.source),
    )


def _refuse_time(at: datetime, window: Window) -> _Refused:
    if at < window.oldest:
        return (
            "too_old",
            f"Older than the workspace keeps (before {window.oldest.isoformat()}).",
            "occurred_at",
        )
    return "in_future", "More than 10 minutes in the future.", "occurred_at"


def _refuse_value(item: NewPoint) -> _Refused | None:
    """Refuse numbers that could not be added up with others, NaN and the infinities among them."""
    most, many = limits.VALUE_MOST, limits.VALUES_OF_POINT
    spread = item.distribution if type(item) is NewReading else None
    if not abs(item.value) <= most or (spread and not abs(spread.total or 0.0) <= most):
        message = f"Expected a number between -{most:g} and {most:g}."
        return "invalid_item", message, "value"
    if spread and spread.count > many:
        return "invalid_item", f"One point stands for at most {many:,} values.", "count"
    return None


def _refusal(kind: str, index: int, refused: _Refused) -> Refusal:
    code, message, field = refused
    return Refusal(kind=kind, index=index, code=code, message=message, field=field)


def _has_nul(key: SeriesKey) -> bool:
    return "\x00" in key.name or any(
        "\x00" in name or "\x00" in value for name, value in key.labels
    )


def _related_json(related: Sequence[Relation]) -> bytes:
    return storable(msgspec.json.encode(related))


_event_key = itemgetter(1, 2)  # occurred_at, id


def _log_key(row: LogRow) -> tuple[UUID, datetime, UUID]:
    return row.run_id, row.occurred_at, row.id


def _point_key(row: PointRow) -> tuple[UUID, datetime, UUID]:
    return row.series_id, row.occurred_at, row.id


def _transition_key(row: TransitionRow) -> UUID:
    return row.id
