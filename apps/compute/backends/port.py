"""What every backend of managed compute can do, and the words in which it is asked. Pure."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

STOP_GRACE: Final = timedelta(seconds=10)  # between SIGTERM and SIGKILL of a task that is stopped

# -P: a module of the user's in the working folder must not shadow ours.
TASK_COMMAND: Final = (sys.executable, "-P", "-m", "headway.agent.managed")


class BackendKind(StrEnum):
    """Where managed tasks run. The texts are API."""

    LOCAL = "LOCAL"
    FARGATE = "FARGATE"


class LiveState(StrEnum):
    """How far a task is, as its backend knows it."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    MISSING = "MISSING"
    """The backend does not know it: never launched, not visible yet, or forgotten."""


def token_of(run_id: uuid.UUID, epoch: int) -> str:
    """Return what a backend knows the task of one lease by; a token is executed at most once."""
    return f"{run_id}-{epoch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One task to launch. The same token must always come with the same content."""

    token: str
    workspace_id: uuid.UUID
    run_id: uuid.UUID
    epoch: int
    cpu_units: int
    memory_mb: int
    environment: Mapping[str, str] = field(repr=False)  # holds the run's key
    command: Sequence[str] | None = None  # None: what the backend starts by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """What a backend says of one task. How it ended is known from STOPPED on."""

    external_id: str
    state: LiveState
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    exit_code: int | None = None
    signal: str | None = None  # the name, when one ended it
    oom: bool = False
    evicted: bool = False  # the machine was taken away from it
    never_started: bool = False  # no process of it ever ran
    reason: str = ""  # for people


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTask:
    """One task that the backend keeps alive now."""

    external_id: str
    token: str


class LaunchError(Exception):
    """The task was not launched, or nobody knows."""


class LaunchRefused(LaunchError):
    """It never will work as it is: a setting, a permission, a name is wrong."""


class CapacityUnavailable(LaunchError):
    """Certainly not launched, but may be later."""

    def __init__(self, message: str, *, retry_after: timedelta = timedelta(seconds=5)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LaunchUncertain(LaunchError):
    """The outcome is unknown: repeat it with the same token."""


class BackendUnavailable(Exception):
    """The backend could not be asked now; nothing is known, nothing was changed."""


class ComputeBackend(Protocol):
    """
    Runs tasks: a task's process is started at most once per token, whoever is killed when.

    All methods may be called from several processes at once, none is quick, and none may be called
    inside a transaction. Each may raise BackendUnavailable; `launch` says it as LaunchUncertain.
    """

    kind: BackendKind
    slots: int | None  # tasks at a time; None: no bound of its own

    def launch(self, task: TaskSpec) -> str:
        """
        Start the task, unless its token was launched before; return its external id.

        Raises: LaunchRefused, CapacityUnavailable, LaunchUncertain.
        """

    def describe(self, external_ids: Sequence[str]) -> list[TaskReport]:
        """Say how each of these tasks is, in their order."""

    def stop(self, external_id: str, reason: str) -> None:
        """Ask the task to end, kill it after `STOP_GRACE` or what the backend has; may repeat."""

    def tidy(self, now: datetime) -> None:
        """Let go of what is kept of tasks that ended long ago."""

    def list_live(self) -> list[LiveTask]:
        """Return every task of this installation that has not ended."""
