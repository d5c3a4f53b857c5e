"""
The states of runs and task runs, and which moves between them are legal.

Plain data: the server holds an equal table, and a contract test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class StateType(StrEnum):
    """What kind of state a state is; lists filter and colours go by it."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    CANCELLED = "CANCELLED"


class State(StrEnum):
    """The name of a state, as it travels and as it is stored."""

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


_S = State

TYPES: Mapping[State, StateType] = {
    _S.SCHEDULED: StateType.SCHEDULED,
    _S.LATE: StateType.SCHEDULED,
    _S.AWAITING_RETRY: StateType.SCHEDULED,
    _S.HELD: StateType.SCHEDULED,
    _S.PENDING: StateType.PENDING,
    _S.RUNNING: StateType.RUNNING,
    _S.RETRYING: StateType.RUNNING,
    _S.PAUSED: StateType.PAUSED,
    _S.SUSPENDED: StateType.PAUSED,
    _S.AWAITING_APPROVAL: StateType.PAUSED,
    _S.CANCELLING: StateType.CANCELLING,
    _S.COMPLETED: StateType.COMPLETED,
    _S.CACHED: StateType.COMPLETED,
    _S.SKIPPED: StateType.COMPLETED,
    _S.FAILED: StateType.FAILED,
    _S.TIMED_OUT: StateType.FAILED,
    _S.CRASHED: StateType.CRASHED,
    _S.CANCELLED: StateType.CANCELLED,
}

_WAITING = frozenset({_S.PENDING, _S.RUNNING, _S.HELD, _S.CANCELLED, _S.SKIPPED})
_RUNNING = frozenset(
    {
        _S.COMPLETED,
        _S.CACHED,
        _S.SKIPPED,
        _S.FAILED,
        _S.TIMED_OUT,
        _S.CRASHED,
        _S.CANCELLED,
        _S.CANCELLING,
        _S.AWAITING_RETRY,
        _S.RETRYING,
        _S.PAUSED,
        _S.SUSPENDED,
        _S.AWAITING_APPROVAL,
    }
)
_ENDED_BADLY = frozenset({_S.AWAITING_RETRY})

LEGAL: Mapping[State, frozenset[State]] = {
    _S.SCHEDULED: _WAITING | {_S.LATE},
    _S.LATE: _WAITING,
    _S.AWAITING_RETRY: _WAITING | {_S.RETRYING},
    _S.HELD: frozenset({_S.SCHEDULED, _S.CANCELLED}),
    _S.PENDING: frozenset(
        {_S.RUNNING, _S.CANCELLING, _S.CANCELLED, _S.CRASHED, _S.FAILED, _S.SCHEDULED}
    ),
    _S.RUNNING: _RUNNING,
    _S.RETRYING: _RUNNING,
    _S.PAUSED: frozenset(
        {
            _S.RUNNING,
            _S.AWAITING_APPROVAL,
            _S.CANCELLING,
            _S.CANCELLED,
            _S.COMPLETED,
            _S.FAILED,
            _S.TIMED_OUT,
            _S.CRASHED,
            _S.SUSPENDED,
        }
    ),
    _S.SUSPENDED: frozenset({_S.SCHEDULED, _S.CANCELLED, _S.TIMED_OUT}),
    _S.AWAITING_APPROVAL: frozenset(
        {
            _S.RUNNING,
            _S.PAUSED,
            _S.SCHEDULED,
            _S.SUSPENDED,
            _S.CANCELLING,
            _S.CANCELLED,
            _S.COMPLETED,
            _S.FAILED,
            _S.TIMED_OUT,
            _S.CRASHED,
        }
    ),
    _S.CANCELLING: frozenset({_S.CANCELLED, _S.COMPLETED, _S.FAILED, _S.CRASHED, _S.TIMED_OUT}),
    _S.FAILED: _ENDED_BADLY,
    _S.TIMED_OUT: _ENDED_BADLY,
    _S.CRASHED: _ENDED_BADLY,
    _S.CANCELLED: _ENDED_BADLY,
    _S.COMPLETED: frozenset(),
    _S.CACHED: frozenset(),
    _S.SKIPPED: frozenset(),
}

TERMINAL_TYPES = frozenset(
    {StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED}
)


def may_move(source: State, target: State) -> bool:
    """
    Return whether a run or task run in `source` may become `target`.

    >>> may_move(State.RUNNING, State.COMPLETED)
    True
    >>> may_move(State.COMPLETED, State.RUNNING)
    False
    """
    return target in LEGAL[source]


def is_final(state: State) -> bool:
    """
    Return whether the work has ended in `state` (a retry may still reopen a bad end).

    >>> is_final(State.TIMED_OUT), is_final(State.RETRYING)
    (True, False)
    """
    return TYPES[state] in TERMINAL_TYPES
