"""
What the store takes: plain structs, decoded from the wire by msgspec without a step between.

Constraints stand in the types, so that decoding is the validation. What types cannot say (time
window, size in bytes, NUL characters) is checked in `acceptance`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

from apps.telemetry import limits
from apps.telemetry.distribution import Distribution
from apps.telemetry.json_text import UnstorableJSONError, holds_nul, storable, without_nul

Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=limits.NAME_LENGTH)]
ResourceName = Annotated[str, Meta(min_length=1, max_length=limits.RESOURCE_NAME_LENGTH)]
ShortName = Annotated[str, Meta(max_length=limits.NAME_LENGTH)]

EMPTY_OBJECT = Raw(b"{}")


Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class Resource(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """What an event is about."""

    kind: Name
    name: ResourceName
    namespace: ShortName | None = None


class Relation(Struct, forbid_unknown_fields=True, kw_only=True, gc=False, omit_defaults=True):
    """Another resource that took part in an event, and how."""

    role: Name
    kind: Name
    name: ResourceName
    namespace: ShortName | None = None


class NewEvent(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A fact with a time. `payload` is the JSON object as sent; `object_payload` makes one."""

    name: Name
    occurred_at: Moment
    id: UUID | None = None
    resource: Resource | None = None
    related: Annotated[list[Relation], Meta(max_length=limits.RELATED_COUNT)] = []
    payload: Raw = EMPTY_OBJECT
    run_id: UUID | None = None
    task_run_id: UUID | None = None
    follows: UUID | None = None
    source: Annotated[str, Meta(max_length=limits.SOURCE_LENGTH)] | None = None


class NewLogLine(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """One line a program wrote."""

    occurred_at: Moment
    level: Level
    message: str
    id: UUID | None = None
    run_id: UUID | None = None
    task_run_id: UUID | None = None
    logger: Annotated[str, Meta(max_length=limits.LOGGER_LENGTH)] | None = None


class NewPoint(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """One value of a metric at a time; name and labels together are the series."""

    name: Name
    occurred_at: Moment
    value: float
    id: UUID | None = None
    labels: Annotated[
        dict[
            Annotated[str, Meta(min_length=1, max_length=limits.LABEL_KEY_LENGTH)],
            Annotated[str, Meta(max_length=limits.LABEL_VALUE_LENGTH)],
        ],
        Meta(max_length=limits.LABEL_COUNT),
    ] = {}
    unit: Annotated[str, Meta(max_length=limits.UNIT_LENGTH)] | None = None
    run_id: UUID | None = None


class NewReading(NewPoint, kw_only=True, gc=False):
    """
    What an instrument reports: a point that may stand for many values, or for a running total.

    Doors make these; nobody sends them. A stream is what one instrument of one process reports for
    one set of labels: several streams may make one series. Of a running total what came since the
    stream's last reading is stored, and nothing of its first unless it began lately.
    """

    stream: UUID
    running: bool = False
    started_at: datetime | None = None  # of a running total, where the sender says it
    distribution: Distribution | None = None  # then `value` is not looked at


class TelemetryBatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """What one call stores, all or (item by item) refused."""

    events: Sequence[NewEvent] = ()
    logs: Sequence[NewLogLine] = ()
    points: Sequence[NewPoint] = ()

    def __len__(self) -> int:
        return len(self.events) + len(self.logs) + len(self.points)


class Transition(Struct, kw_only=True, gc=False):
    """One change of state of a run, or of a task run when `task_run_id` is given."""

    run_id: UUID
    state: str
    occurred_at: datetime
    epoch: int
    task_run_id: UUID | None = None
    superseded: bool = False  # kept as evidence; changed nothing
    message: str = ""
    id: UUID | None = (
        None  # derived from the rest when absent, so that a repeated report is one row
    )


class Refusal(Struct, kw_only=True, gc=False):
    """Why the item at `index` of its list was not stored."""

    kind: str
    index: int
    code: str
    message: str
    field: str | None = None
    retryable: bool = False  # the same item may be taken later


class StoreOutcome(Struct, kw_only=True):
    """
    What became of a batch; accepted + duplicates + refusals = items sent.

    `differing` tells of those duplicates that say something else than what is there.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Refusal] = []
    differing: list[Refusal] = []


class StoredLine(Struct, kw_only=True, gc=False):
    """A log line as the store holds it; the nil UUID when it belongs to no run."""

    id: UUID
    occurred_at: datetime
    run_id: UUID
    task_run_id: UUID | None
    level: int
    logger: str
    message: str


class StoredEvent(Struct, kw_only=True):
    """An event as the store holds it, for those who read many: JSON is parsed when asked for."""

    id: UUID
    occurred_at: datetime
    name: str
    received_at: datetime
    resource_kind: str | None
    resource_namespace: str | None
    resource_name: str | None
    related_json: str | None
    payload_json: str
    run_id: UUID | None
    task_run_id: UUID | None
    follows: UUID | None
    source: str
    _related: list[dict[str, str | None]] | None = None
    _payload: dict[str, object] | None = None

    @property
    def key(self) -> tuple[datetime, UUID]:
        return self.occurred_at, self.id

    @property
    def related(self) -> list[dict[str, str | None]]:
        if self._related is None:
            self._related = (
                [] if self.related_json is None else msgspec.json.decode(self.related_json)
            )
        return self._related

    @property
    def payload(self) -> dict[str, object]:
        if self._payload is None:
            # Numbers as they were written: json keeps 1.0 apart from 1, and integers of any size.
            self._payload = json.loads(self.payload_json)
        return self._payload


def object_payload(values: Mapping[str, object]) -> Raw:
    """Return the payload of an event that we make ourselves."""
    return Raw(msgspec.json.encode(values))


__all__ = [
    "EMPTY_OBJECT",
    "Level",
    "NewEvent",
    "NewLogLine",
    "NewPoint",
    "NewReading",
    "Refusal",
    "Relation",
    "Resource",
    "StoreOutcome",
    "StoredEvent",
    "StoredLine",
    "TelemetryBatch",
    "Transition",
    "UnstorableJSONError",
    "holds_nul",
    "object_payload",
    "storable",
    "without_nul",
]
