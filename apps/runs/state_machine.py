"""Which state may follow which: the one table that every conditional UPDATE is built from."""

from typing import Final

from apps.runs.enums import TYPE_OF, RunState, StateType

S = RunState

WAITING: Final = frozenset({S.SCHEDULED, S.LATE, S.AWAITING_RETRY})
"""Due or to become due; an agent may claim it."""

UNSTARTED: Final = WAITING | {S.HELD, S.PENDING}
"""No user code has run in this attempt, so there is no `started_at`."""

FINISHED: Final = frozenset(
    {S.COMPLETED, S.CACHED, S.SKIPPED, S.FAILED, S.TIMED_OUT, S.CRASHED, S.CANCELLED}
)
"""Nothing is executing any more; `ended_at` is set exactly in these."""

UNSUCCESSFUL: Final = frozenset({S.FAILED, S.TIMED_OUT, S.CRASHED, S.CANCELLED})
"""Finished, and may be tried again."""

RETRIED_BY_POLICY: Final = frozenset({S.FAILED, S.TIMED_OUT, S.CRASHED})
"""A deployment's `retries` apply to these; a cancelled run was meant to stop."""

UNFINISHED: Final = frozenset(RunState) - FINISHED

EXECUTING: Final = UNFINISHED - WAITING - {S.HELD, S.SUSPENDED}
"""Someone holds (or should hold) a lease."""

_FROM_WAITING = frozenset({S.PENDING, S.RUNNING, S.HELD, S.CANCELLED, S.SKIPPED})
_FROM_RUNNING = frozenset(
    {
        S.COMPLETED,
        S.CACHED,
        S.SKIPPED,
        S.FAILED,
        S.TIMED_OUT,
        S.CRASHED,
        S.CANCELLED,
        S.CANCELLING,
        S.AWAITING_RETRY,
        S.RETRYING,
        S.PAUSED,
        S.SUSPENDED,
        S.AWAITING_APPROVAL,
    }
)
_AGAIN = frozenset({S.AWAITING_RETRY})
_NOWHERE: frozenset[RunState] = frozenset()

LEGAL: Final[dict[RunState, frozenset[RunState]]] = {
    S.SCHEDULED: _FROM_WAITING | {S.LATE},
    S.LATE: _FROM_WAITING,
    S.AWAITING_RETRY: _FROM_WAITING | {S.RETRYING},
    S.HELD: frozenset({S.SCHEDULED, S.CANCELLED}),
    S.PENDING: frozenset({S.RUNNING, S.CANCELLING, S.CANCELLED, S.CRASHED, S.FAILED, S.SCHEDULED}),
    S.RUNNING: _FROM_RUNNING,
    S.RETRYING: _FROM_RUNNING,
    # What ran to its end had ended before its process heard of the pause.
    S.PAUSED: frozenset(
        {
            S.RUNNING,
            S.AWAITING_APPROVAL,
            S.CANCELLING,
            S.CANCELLED,
            S.COMPLETED,
            S.FAILED,
            S.TIMED_OUT,
            S.CRASHED,
            S.SUSPENDED,
        }
    ),
    S.SUSPENDED: frozenset({S.SCHEDULED, S.CANCELLED, S.TIMED_OUT}),
    S.AWAITING_APPROVAL: frozenset(
        {
            S.RUNNING,
            S.PAUSED,
            S.SCHEDULED,
            S.SUSPENDED,
            S.CANCELLING,
            S.CANCELLED,
            S.COMPLETED,
            S.FAILED,
            S.TIMED_OUT,
            S.CRASHED,
        }
    ),
    S.CANCELLING: frozenset({S.CANCELLED, S.COMPLETED, S.FAILED, S.CRASHED, S.TIMED_OUT}),
    S.COMPLETED: _NOWHERE,
    S.CACHED: _NOWHERE,
    S.SKIPPED: _NOWHERE,
    S.FAILED: _AGAIN,
    S.TIMED_OUT: _AGAIN,
    S.CRASHED: _AGAIN,
    S.CANCELLED: _AGAIN,
}

_SOURCES: Final = {
    target: frozenset(source for source, targets in LEGAL.items() if target in targets)
    for target in RunState
}

STATES_OF_TYPE: Final[dict[StateType, frozenset[RunState]]] = {
    kind: frozenset(state for state, its_type in TYPE_OF.items() if its_type is kind)
    for kind in StateType
}


def is_legal(source: RunState, target: RunState) -> bool:
    """Tell whether a run in `source` may move to `target`."""
    return target in LEGAL[source]


def sources_of(target: RunState) -> frozenset[RunState]:
    """Return the states from which `target` may be reached in one move."""
    return _SOURCES[target]


def state_type(state: str) -> StateType:
    """Return the type of a state's name."""
    return TYPE_OF[RunState(state)]


def may_cancel(state: RunState) -> bool:
    """Tell whether asking to stop makes sense: it has not ended and is not already stopping."""
    return state in UNFINISHED and state is not S.CANCELLING


def may_pause(state: RunState) -> bool:
    """Tell whether its code runs, so that it can be held."""
    return state in {S.RUNNING, S.RETRYING}


def may_suspend(state: RunState) -> bool:
    """Tell whether there is a process that can leave: it works, is held, or waits for an answer."""
    return S.PAUSED in LEGAL[state] or state is S.PAUSED


def may_resume(state: RunState) -> bool:
    """Tell whether people have held it."""
    return state in {S.PAUSED, S.SUSPENDED}


def state_when_cancelled(state: RunState) -> RunState:
    """
    Return where a cancellation leads from `state`.

    What nobody executes is cancelled at once; what an agent or a local process holds is asked
    to stop and ends when the holder says so, or when its lease lapses.
    """
    return S.CANCELLING if state in EXECUTING else S.CANCELLED
