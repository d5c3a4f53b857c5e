"""The awaiting driver of the engine; apart because asyncio takes long to import."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from headway._context import reset_scope, set_scope
from headway._engine import Invoke, Outcome, Sleep, execute

if TYPE_CHECKING:
    from headway._engine import Unit

T = TypeVar("T")


class AsyncTimeLimit:
    """The clock of `asyncio.timeout`, stopped and set going from any thread."""

    def __init__(self, limit: asyncio.Timeout) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._holds = 0
        self._left: float | None = None

    def hold(self) -> None:
        """Stop the clock."""
        self._loop.call_soon_threadsafe(self._hold)

    def go_on(self) -> None:
        """Let the clock go on, once nobody holds it any more."""
        self._loop.call_soon_threadsafe(self._go_on)

    def _hold(self) -> None:
        self._holds += 1
        due_at = self._limit.when()
        if self._holds == 1 and due_at is not None and not self._limit.expired():
            self._left = due_at - self._loop.time()
            self._reschedule(None)

    def _go_on(self) -> None:
        self._holds -= 1
        if self._holds == 0 and self._left is not None:
            self._reschedule(self._loop.time() + self._left)
            self._left = None

    def _reschedule(self, when: float | None) -> None:
        with suppress(RuntimeError):  # it is over meanwhile
            self._limit.reschedule(when)


async def drive_async(unit: Unit, call: Callable[[], Awaitable[T]]) -> T:
    """Carry out `execute` by awaiting."""
    token = set_scope(unit.scope)
    outcome: Outcome[Any] = Outcome()
    try:
        execution = execute(unit)
        step = next(execution)
        while True:
            if isinstance(step, Invoke):
                outcome = await _invoke_async(unit, call)
            elif isinstance(step, Sleep):
                outcome = await _awaited(unit, asyncio.sleep(step.seconds))
            else:
                outcome = await _awaited(unit, unit.settle_async(outcome.error))
                outcome = Outcome(error=outcome.error or outcome.value)
            try:
                step = execution.send(outcome)
            except StopIteration as stop:
                result: Outcome[T] = stop.value
                break
    finally:
        reset_scope(token)
    if result.error is not None:
        raise result.error
    return result.value  # type: ignore[return-value]  # an outcome without error has one


async def _invoke_async(unit: Unit, call: Callable[[], Awaitable[T]]) -> Outcome[T]:
    try:
        awaitable = call()
    except BaseException as error:  # noqa: BLE001  the outcome is raised again by the driver
        return Outcome(error=error)
    if unit.timeout_seconds is None:
        return await _awaited(unit, awaitable)
    try:
        async with asyncio.timeout(unit.timeout_seconds) as limit:
            unit.clock = AsyncTimeLimit(limit)
            outcome = await _awaited(unit, awaitable)
            if outcome.error is not None:
                raise outcome.error  # noqa: TRY301  asyncio.timeout has to see it pass
            return outcome
    except TimeoutError as error:
        return Outcome(error=unit.time_limit_error() if limit.expired() else error)
    except BaseException as error:  # noqa: BLE001  the outcome is raised again by the driver
        return Outcome(error=error)
    finally:
        unit.clock = None


async def _awaited(unit: Unit, awaitable: Awaitable[T]) -> Outcome[T]:
    try:
        return Outcome(value=await awaitable)
    except asyncio.CancelledError as error:
        interruption = unit.interruption()
        if interruption is None:
            return Outcome(error=error)
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        return Outcome(error=interruption)
    except BaseException as error:  # noqa: BLE001  the outcome is raised again by the driver
        return Outcome(error=error)
