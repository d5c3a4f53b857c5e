"""What travels into the services: new runs, reports of executors, and what became of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NotRequired, TypedDict

from apps.runs.enums import RunSource, RunState

if TYPE_CHECKING:
    from apps.runs.models import Run


class ErrorInfo(TypedDict):
    """The exception that ended a run or task run."""

    type: str
    message: str
    traceback: NotRequired[str | None]


class CauseInfo(TypedDict):
    """Why a run ended without its own code saying so; `kind` is a CauseKind."""

    kind: str
    exit_code: NotRequired[int | None]
    signal: NotRequired[str | None]
    detail: NotRequired[str | None]


class CreatedBy(TypedDict):
    """The actor, as of then."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to be executed by a pool's agents."""

    workspace_id: uuid.UUID
    flow_id: uuid.UUID
    deployment_id: uuid.UUID | None
    pool_id: uuid.UUID
    queue_id: uuid.UUID
    source: RunSource
    scheduled_for: datetime
    parameters: dict[str, object] = field(default_factory=dict)
    name: str = ""
    tags: list[str] = field(default_factory=list)
    priority: int = 0
    created_by: CreatedBy | None = None
    schedule_id: uuid.UUID | None = None
    due_at: datetime | None = None
    backfill_id: uuid.UUID | None = None
    deployment_version: int | None = None
    skipped_reason: str = ""  # why it does not run at all; it ends as SKIPPED at once
    held_reason: str = ""  # why it may not start yet; it waits as HELD until it is released
    run_id: uuid.UUID | None = None  # chosen by a caller that may come again; else drawn
    parent_run_id: uuid.UUID | None = None
    parent_task_run_id: uuid.UUID | None = None
    copied_from_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRun:
    """A run that somebody started by themselves; its process is its executor."""

    run_id: uuid.UUID
    flow_id: uuid.UUID
    epoch: int
    occurred_at: datetime
    source: RunSource = RunSource.LOCAL
    name: str = ""
    parameters: dict[str, object] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    parent_run_id: uuid.UUID | None = None
    parent_task_run_id: uuid.UUID | None = None
    created_by: CreatedBy | None = None


class MoveResult(StrEnum):
    """What became of one asked-for move of a run."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    """The run is already there by the same report."""
    SUPERSEDED = "SUPERSEDED"
    """Of an older epoch, or overtaken: kept as evidence, nothing changed."""
    ILLEGAL = "ILLEGAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedMove:
    """A run shall take a state. `epoch` is the reporter's; None is the server's own decision."""

    run_id: uuid.UUID
    target: RunState
    occurred_at: datetime
    epoch: int | None = None
    message: str = ""
    error: ErrorInfo | None = None
    cause: CauseInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The run as it is now, and whether the asked-for move brought it there."""

    run: Run
    result: MoveResult
    is_stale: bool = False  # superseded because its epoch is over
    is_revived: bool = False  # it was taken for crashed, and is not


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """One change of one task run, as its executor decided it."""

    task_run_id: uuid.UUID
    run_id: uuid.UUID
    epoch: int
    sequence: int
    state: RunState
    occurred_at: datetime
    task_name: str
    name: str
    attempt: int = 1
    started_at: datetime | None = None
    map_index: int | None = None
    depends_on: list[uuid.UUID] | None = None
    error: ErrorInfo | None = None


class ReportResult(StrEnum):
    """What became of one task report."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    SUPERSEDED = "SUPERSEDED"
    UNKNOWN_RUN = "UNKNOWN_RUN"
    ILLEGAL = "ILLEGAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOutcome:
    """What became of the report at `index` of the batch."""

    index: int
    result: ReportResult
    message: str = ""
