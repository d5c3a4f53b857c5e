"""
The life of one flow or task call, written once for sync and async.

`execute` is a generator: it decides and reports, and yields what it wants done (run the code, wait,
let submitted tasks finish). Two small drivers carry that out: `drive` here by calling,
`drive_async` in `_engine_async` by awaiting.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from headway._context import Scope, reset_scope, set_scope
from headway._errors import FlowTimedOut, RunCancelled, RunLost, RunSuspended, TaskTimedOut
from headway._interrupt import Gate, Interruption, OverTime, current_gate
from headway._retry import RetryPolicy
from headway._states import State
from headway._time_limit import TimeLimit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a step led to. `error` is None exactly when there is a value."""

    value: T | None = None
    error: BaseException | None = None


class Invoke:
    """Run the user's code once."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait before the next attempt."""

    seconds: float


class Settle:
    """Wait for the tasks that the code submitted and left behind."""


Step = Invoke | Sleep | Settle
INVOKE, SETTLE = Invoke(), Settle()


if TYPE_CHECKING:
    from typing import Protocol

    from headway._time_limit import AnyLimit

    class Unit(Protocol):
        """One flow call or task call: it knows its options and whom to tell."""

        retry: RetryPolicy
        timeout_seconds: float | None
        scope: Scope
        clock: AnyLimit | None  # of the attempt that is under way

        def begin(self, attempt: int) -> None: ...
        def await_retry(self, attempt: int, error: BaseException, delay_seconds: float) -> None: ...
        def finish(self, state: State, error: BaseException | None) -> None: ...
        def time_limit_error(self) -> TimeoutError: ...
        def interruption(self) -> BaseException | None: ...
        def has_left_behind(self) -> bool: ...
        def settle(self, error: BaseException | None) -> BaseException | None: ...
        async def settle_async(self, error: BaseException | None) -> BaseException | None: ...
        def wait(self, seconds: float) -> None: ...


def state_after(error: BaseException | None, *, cancelled: bool) -> State:
    """
    Return the state in which code that ended with `error` ends.

    >>> state_after(None, cancelled=False).value, state_after(ValueError(), cancelled=False).value
    ('COMPLETED', 'FAILED')
    >>> state_after(KeyboardInterrupt(), cancelled=False).value
    'CANCELLED'
    """
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return State.COMPLETED
    if isinstance(error, RunSuspended):
        return State.SUSPENDED
    if isinstance(error, RunLost):
        return State.CRASHED
    if isinstance(error, TaskTimedOut | FlowTimedOut):
        return State.TIMED_OUT
    if cancelled or is_cancellation(error):
        return State.CANCELLED
    return State.FAILED


def is_cancellation(error: BaseException) -> bool:
    """Return whether `error` means that somebody wanted the code to stop."""
    if isinstance(error, RunCancelled | OverTime | KeyboardInterrupt | GeneratorExit):
        return True
    # Whoever raised it has imported asyncio; we need not, it is half of our import time.
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def execute(unit: Unit) -> Generator[Step, Outcome[Any], Outcome[Any]]:
    """Carry one call through its attempts to its end, reporting on the way."""
    attempt = 0
    while True:
        attempt += 1
        unit.begin(attempt)
        outcome = yield INVOKE
        while unit.has_left_behind():
            settled = yield SETTLE
            stopped = settled.error is not None and not isinstance(settled.error, Exception)
            if stopped or (outcome.error is None and settled.error is not None):
                outcome = settled
        error = outcome.error
        if error is None:
            unit.finish(State.COMPLETED, None)
            return outcome
        import random  # most calls never get here, and it takes long to import

        delay = unit.retry.delay_after(attempt, error, chance=random.random())  # noqa: S311
        if delay is None or unit.interruption() is not None:
            unit.finish(_final_state(unit, error), error)
            return outcome
        unit.await_retry(attempt, error, delay)
        slept = yield Sleep(delay)
        if slept.error is not None:
            unit.finish(_final_state(unit, slept.error), slept.error)
            return slept


def _final_state(unit: Unit, error: BaseException) -> State:
    return state_after(error, cancelled=unit.interruption() is error)


def drive(unit: Unit, call: Callable[[], T]) -> T:
    """Carry out `execute` by calling."""
    gate = current_gate()
    called_from_user_code = gate.is_open
    if called_from_user_code:
        gate.close()
    token = set_scope(unit.scope)
    outcome: Outcome[Any] = Outcome()
    try:
        execution = execute(unit)
        step = next(execution)
        while True:
            if isinstance(step, Invoke):
                outcome = _invoke(unit, gate, call)
            elif isinstance(step, Sleep):
                seconds = step.seconds
                outcome = _interruptibly(unit, gate, lambda: unit.wait(seconds))  # noqa: B023
            else:
                error = outcome.error
                outcome = _interruptibly(unit, gate, lambda: unit.settle(error))  # noqa: B023
                outcome = Outcome(error=outcome.error or outcome.value)
            try:
                step = execution.send(outcome)
            except StopIteration as stop:
                result: Outcome[T] = stop.value
                break
    finally:
        reset_scope(token)
    if result.error is not None:
        # The gate stays closed on the way out of ours; the frame we return to opens it.
        if called_from_user_code:
            gate.is_open = True
        raise result.error
    if called_from_user_code:
        gate.reopen()
    return result.value  # type: ignore[return-value]  # an outcome without error has one


def _invoke(unit: Unit, gate: Gate, call: Callable[[], T]) -> Outcome[T]:
    if unit.timeout_seconds is None:
        return _interruptibly(unit, gate, call)
    over = Interruption(unit, OverTime(), unit.time_limit_error())
    limit = unit.clock = TimeLimit(unit.timeout_seconds, lambda: gate.interrupt(over))
    try:
        return _interruptibly(unit, gate, call, limit=limit)
    finally:
        unit.clock = None
        limit.end()


def _interruptibly(
    unit: Unit, gate: Gate, call: Callable[[], T], *, limit: TimeLimit | None = None
) -> Outcome[T]:
    value: T | None = None
    error: BaseException | None = None
    try:
        gate.open()
        value = call()
        gate.close()
    except BaseException as problem:  # noqa: BLE001  the outcome is raised again by the driver
        gate.close()
        error = problem
    if limit is not None:
        limit.end()
    error = gate.settle(unit, error)
    return Outcome(error=error) if error is not None else Outcome(value=value)
