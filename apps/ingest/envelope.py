"""
The native protocol's structs: what `POST …/ingest` carries. Pure.

Telemetry items are the store's own structs, so the bytes are decoded once, straight into what is
stored. Unknown fields are refused: a misspelt one would be lost silently.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Raw, Struct

from apps.ingest import limits
from apps.runs.enums import CauseKind, RunState
from apps.telemetry.items import EMPTY_OBJECT, NewEvent, NewLogLine, NewPoint

Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Label = Annotated[str, Meta(max_length=200)]
Epoch = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Counter = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Sequence = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Failure(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """The exception that ended something."""

    type: Annotated[str, Meta(max_length=500)]
    message: str = ""
    traceback: str | None = None


class Cause(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """Why a run ended without its own code saying so."""

    kind: CauseKind
    exit_code: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None = None
    signal: Annotated[str, Meta(max_length=40)] | None = None
    detail: Annotated[str, Meta(max_length=2_000)] | None = None


class RunReport(Struct, forbid_unknown_fields=True, kw_only=True):
    """A run's process says what became of the run; with `flow_name` it may introduce one."""

    run_id: UUID
    epoch: Epoch
    state: RunState
    occurred_at: Moment
    flow_name: Name | None = None
    name: Label | None = None
    # Not `Raw | None`, of which msgspec would read null only.
    parameters: Raw = EMPTY_OBJECT
    tags: Annotated[list[Name], Meta(max_length=50)] = []
    parent_run_id: UUID | None = None
    parent_task_run_id: UUID | None = None
    holder: Label | None = None
    source: Literal["LOCAL", "SUBFLOW"] = "LOCAL"
    message: str | None = None
    error: Failure | None = None
    cause: Cause | None = None


class TaskRunReport(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A run's process says what became of one task run."""

    task_run_id: UUID
    run_id: UUID
    epoch: Epoch
    sequence: Sequence
    state: RunState
    occurred_at: Moment
    task_name: Name
    name: Name
    attempt: Counter = 1
    started_at: Moment | None = None
    map_index: Counter | None = None
    depends_on: Annotated[list[UUID], Meta(max_length=limits.DEPENDENCIES)] | None = None
    error: Failure | None = None


class Heartbeat(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A run's process is still there."""

    run_id: UUID
    epoch: Epoch


class IngestBatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """One request, in the order in which it is applied (runs twice: those that end come last)."""

    runs: list[RunReport] = []
    task_runs: list[TaskRunReport] = []
    logs: list[NewLogLine] = []
    events: list[NewEvent] = []
    points: list[NewPoint] = []
    heartbeats: list[Heartbeat] = []


class LooseBatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """The same, with items not looked into: for finding out which of them are bad."""

    runs: list[Raw] = []
    task_runs: list[Raw] = []
    logs: list[Raw] = []
    events: list[Raw] = []
    points: list[Raw] = []
    heartbeats: list[Raw] = []


ITEM_TYPES: dict[str, type[Struct]] = {
    "runs": RunReport,
    "task_runs": TaskRunReport,
    "logs": NewLogLine,
    "events": NewEvent,
    "points": NewPoint,
    "heartbeats": Heartbeat,
}
