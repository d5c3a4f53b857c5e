"""What the SDK tells the server, one class per kind of item in a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from headway._clock import iso_from_ns
from headway._states import State


class ErrorInfo(TypedDict):
    """An exception as it travels."""

    type: str
    message: str
    traceback: str


class Cause(TypedDict):
    """Why a run ended other than by its own code."""

    kind: str
    exit_code: NotRequired[int]
    signal: NotRequired[str]
    detail: NotRequired[str]


class ResourceRef(TypedDict):
    """A thing an event is about: a table, a database, a person, a run."""

    kind: str
    name: str
    namespace: NotRequired[str]


class RelatedRef(ResourceRef):
    """A further thing an event touches, and in which role (`upstream`, `owner` …)."""

    role: str


# What the server takes; longer texts would have their whole item refused.
MAX_NAME = 200
MAX_ERROR_TYPE = 500
MAX_DEPENDENCIES = 10_000


def without_none(wire: dict[str, Any]) -> dict[str, Any]:
    """Return the items that say something; absent and null mean the same to the server."""
    return {key: value for key, value in wire.items() if value is not None}


@dataclass(slots=True, kw_only=True)
class RunReport:
    """A run reached a state."""

    run_id: str
    epoch: int
    state: State
    occurred_ns: int
    flow_name: str | None = None
    name: str | None = None
    parameters: Mapping[str, Any] | None = None
    tags: Sequence[str] | None = None
    parent_run_id: str | None = None
    parent_task_run_id: str | None = None
    holder: str | None = None
    source: str | None = None
    message: str | None = None
    error: ErrorInfo | None = None
    cause: Mapping[str, Any] | None = None

    def wire(self) -> dict[str, Any]:
        """Return the report as the batch carries it."""
        return without_none(
            {
                "run_id": self.run_id,
                "epoch": self.epoch,
                "state": self.state,
                "occurred_at": iso_from_ns(self.occurred_ns),
                "flow_name": self.flow_name,
                "name": self.name,
                "parameters": self.parameters,
                "tags": self.tags,
                "parent_run_id": self.parent_run_id,
                "parent_task_run_id": self.parent_task_run_id,
                "holder": self.holder,
                "source": self.source,
                "message": self.message,
                "error": self.error,
                "cause": self.cause,
            }
        )


@dataclass(slots=True, kw_only=True)
class TaskRunReport:
    """A task run reached a state. `sequence` grows within one run process and orders reports."""

    task_run_id: str
    run_id: str
    epoch: int
    sequence: int
    state: State
    occurred_ns: int
    started_ns: int | None
    task_name: str
    name: str
    attempt: int
    map_index: int | None = None
    depends_on: Sequence[str] | None = None
    error: ErrorInfo | None = None

    def wire(self) -> dict[str, Any]:
        """Return the report as the batch carries it."""
        wire: dict[str, Any] = {
            "task_run_id": self.task_run_id,
            "run_id": self.run_id,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "state": self.state,
            "occurred_at": iso_from_ns(self.occurred_ns),
            "task_name": self.task_name[:MAX_NAME],
            "name": self.name[:MAX_NAME],
            "attempt": self.attempt,
        }
        if self.started_ns is not None:
            wire["started_at"] = iso_from_ns(self.started_ns)
        if self.map_index is not None:
            wire["map_index"] = self.map_index
        if self.depends_on:
            wire["depends_on"] = self.depends_on[:MAX_DEPENDENCIES]
        if self.error is not None:
            wire["error"] = self.error
        return wire


@dataclass(slots=True, kw_only=True)
class LogLine:
    """One line that the run's code logged or printed."""

    id: str
    occurred_ns: int
    level: str
    message: str
    logger: str | None = None
    run_id: str | None = None
    task_run_id: str | None = None

    def wire(self) -> dict[str, Any]:
        """Return the line as the batch carries it."""
        return without_none(
            {
                "id": self.id,
                "occurred_at": iso_from_ns(self.occurred_ns),
                "run_id": self.run_id,
                "task_run_id": self.task_run_id,
                "level": self.level,
                "logger": self.logger and self.logger[:MAX_NAME],
                "message": self.message,
            }
        )


@dataclass(slots=True, kw_only=True)
class EventRecord:
    """A fact with a time."""

    id: str
    name: str
    occurred_at: str
    resource: ResourceRef | None = None
    related: Sequence[RelatedRef] | None = None
    payload: Mapping[str, Any] | None = None
    run_id: str | None = None
    task_run_id: str | None = None
    follows: str | None = None
    source: str | None = None

    def wire(self) -> dict[str, Any]:
        """Return the event as the batch carries it."""
        return without_none(
            {
                "id": self.id,
                "name": self.name,
                "occurred_at": self.occurred_at,
                "resource": self.resource,
                "related": self.related,
                "payload": self.payload,
                "run_id": self.run_id,
                "task_run_id": self.task_run_id,
                "follows": self.follows,
                "source": self.source,
            }
        )


@dataclass(slots=True, kw_only=True)
class Point:
    """A value of a metric at a time."""

    id: str
    name: str
    occurred_ns: int
    value: float
    labels: Mapping[str, str] | None = None
    unit: str | None = None
    run_id: str | None = None

    def wire(self) -> dict[str, Any]:
        """Return the point as the batch carries it."""
        return without_none(
            {
                "id": self.id,
                "name": self.name,
                "occurred_at": iso_from_ns(self.occurred_ns),
                "value": self.value,
                "labels": self.labels,
                "unit": self.unit,
                "run_id": self.run_id,
            }
        )
