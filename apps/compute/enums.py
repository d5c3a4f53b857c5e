"""How far a managed task is, and what it tells of itself."""

from enum import StrEnum
from typing import Final


class TaskState(StrEnum):
    """The state of the process (or container) that executes one lease."""

    REQUESTED = "REQUESTED"
    """The lease is granted; nothing runs yet, as far as we know."""
    STARTING = "STARTING"
    """The backend has it and is getting it going."""
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    """It was asked to end, or is ending."""
    STOPPED = "STOPPED"


ACTIVE: Final = frozenset(TaskState) - {TaskState.STOPPED}


class TaskPhase(StrEnum):
    """What a task tells of itself before its flow runs."""

    FETCHED = "FETCHED"
    """It has the code."""
    PREPARED = "PREPARED"
    """It has its requirements."""


class Milestone(StrEnum):
    """What of a task has a time, in this order. The texts are API."""

    REQUESTED = "REQUESTED"
    LAUNCHED = "LAUNCHED"
    STARTED = "STARTED"
    FETCHED = "FETCHED"
    PREPARED = "PREPARED"
    STOPPED = "STOPPED"
