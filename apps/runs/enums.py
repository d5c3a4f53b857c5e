"""States of runs and task runs, and where a run came from."""

from enum import StrEnum
from typing import Final


class StateType(StrEnum):
    """The nine groups a reader thinks in; derived from the state, never stored."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    CANCELLED = "CANCELLED"


class RunState(StrEnum):
    """The one state column of a run or task run."""

    SCHEDULED = "SCHEDULED"
    LATE = "LATE"
    AWAITING_RETRY = "AWAITING_RETRY"
    HELD = "HELD"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    PAUSED = "PAUSED"
    SUSPENDED = "SUSPENDED"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    CACHED = "CACHED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    CRASHED = "CRASHED"
    CANCELLED = "CANCELLED"


class RunSource(StrEnum):
    """What brought a run into being."""

    SCHEDULE = "SCHEDULE"
    ADHOC = "ADHOC"
    LOCAL = "LOCAL"
    RETRY = "RETRY"
    SUBFLOW = "SUBFLOW"
    BACKFILL = "BACKFILL"


class ApprovalState(StrEnum):
    """What became of a question to people."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    """Its run ended before anybody answered."""


class CauseKind(StrEnum):
    """Why a run ended without its own code saying so."""

    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    OOM = "oom"
    LEASE_EXPIRED = "lease_expired"
    AGENT_LOST = "agent_lost"
    TIMEOUT = "timeout"
    START_FAILED = "start_failed"
    EVICTED = "evicted"
    """The machine was taken away from it."""
    KILLED = "killed"
    """By us: it did not stop in time when it was asked to."""
    QUARANTINED = "quarantined"
    """It crashed so many times before any of its code ran that it is not tried again."""


TYPE_OF: Final[dict[RunState, StateType]] = {
    RunState.SCHEDULED: StateType.SCHEDULED,
    RunState.LATE: StateType.SCHEDULED,
    RunState.AWAITING_RETRY: StateType.SCHEDULED,
    RunState.HELD: StateType.SCHEDULED,
    RunState.PENDING: StateType.PENDING,
    RunState.RUNNING: StateType.RUNNING,
    RunState.RETRYING: StateType.RUNNING,
    RunState.PAUSED: StateType.PAUSED,
    RunState.SUSPENDED: StateType.PAUSED,
    RunState.AWAITING_APPROVAL: StateType.PAUSED,
    RunState.CANCELLING: StateType.CANCELLING,
    RunState.COMPLETED: StateType.COMPLETED,
    RunState.CACHED: StateType.COMPLETED,
    RunState.SKIPPED: StateType.COMPLETED,
    RunState.FAILED: StateType.FAILED,
    RunState.TIMED_OUT: StateType.FAILED,
    RunState.CRASHED: StateType.CRASHED,
    RunState.CANCELLED: StateType.CANCELLED,
}
