"""Promises of task results, and finding them inside arguments."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from headway._errors import TaskCancelled
from headway._states import State

if TYPE_CHECKING:
    from headway._task_run import TaskRun

T = TypeVar("T")

_SLICE_SECONDS = 0.2  # off the main thread a lock wait can only be interrupted between two


class TaskFuture(Generic[T]):
    """The result of a submitted task, once it is there."""

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_done",
        "_error",
        "_lock",
        "_started",
        "_task_run",
        "_value",
        "observed",
    )

    def __init__(self, task_run: TaskRun) -> None:
        self._task_run = task_run
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[TaskFuture[Any]], None]] = []
        self._started = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self.observed = False  # somebody has seen how it ended, or will

    def __repr__(self) -> str:
        """Return the task run's name and state."""
        return f"<TaskFuture {self.name} {self.state}>"

    @property
    def task_run_id(self) -> str:
        """The id of the task run, as on the server."""
        return self._task_run.id

    @property
    def name(self) -> str:
        """The name of the task run."""
        return self._task_run.name

    @property
    def state(self) -> State:
        """The state the task run is in now."""
        return self._task_run.state

    def done(self) -> bool:
        """Return whether the task has ended, well or not."""
        return self._done.is_set()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the task has ended; return whether it has."""
        if self._done.is_set():
            return True
        with self._task_run.run.place_given_away():
            if timeout_seconds is not None:
                return self._done.wait(timeout_seconds)
            if threading.current_thread() is threading.main_thread():
                return self._done.wait()
            while not self._done.wait(_SLICE_SECONDS):
                pass
            return True

    def result(self, timeout_seconds: float | None = None) -> T:
        """
        Return what the task returned, or raise what it raised.

        Raises: TimeoutError when the task has not ended after `timeout_seconds`.
        """
        error = self.exception(timeout_seconds)
        if error is not None:
            raise error
        return self._value  # type: ignore[return-value]  # without an error there is a value

    def exception(self, timeout_seconds: float | None = None) -> BaseException | None:
        """Return what the task raised, or None."""
        self.observed = True
        if not self.wait(timeout_seconds):
            raise TimeoutError(f"{self.name} has not ended after {timeout_seconds} s.")
        return self._error

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for the task without blocking the event loop."""
        self.observed = True
        yield from self.wait_async().__await__()
        return self.result()

    def add_done_callback(self, callback: Callable[[TaskFuture[Any]], None]) -> None:
        """Call `callback` with this future once it is done, or now if it is."""
        with self._lock:
            if not self._done.is_set():
                self._callbacks.append(callback)
                return
        callback(self)

    def settle(self, value: T | None, error: BaseException | None) -> bool:
        """Set how the task ended; only the first call counts."""
        with self._lock:
            if self._done.is_set():
                return False
            self._value, self._error = value, error
            self._done.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)
        return True

    def start(self) -> bool:
        """Claim the right to run the task; False when it was cancelled first."""
        with self._lock:
            if self._done.is_set() or self._started:
                return False
            self._started = True
            return True

    def cancel_if_unstarted(self) -> None:
        """End a future whose task has not begun and now never will."""
        if self.start():
            self.give_up()

    def give_up(self) -> None:
        """End the future as cancelled, whatever its task still does."""
        self._task_run.report(State.CANCELLED)
        self.settle(None, TaskCancelled(f"{self.name} was cancelled before it ended."))

    def failed(self) -> bool:
        """Return whether the task has ended without a result."""
        return self._error is not None

    async def wait_async(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the task has ended, without blocking the event loop."""
        import asyncio

        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def tell(_future: TaskFuture[Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(arrived.set)

        self.add_done_callback(tell)
        try:
            async with asyncio.timeout(timeout_seconds):
                await arrived.wait()
        except TimeoutError:
            return False
        return True


class FutureList(list[TaskFuture[T]]):
    """What `.map()` returns: the futures, in the order of the input."""

    def result(self) -> list[T]:
        """Return all results in order; raises the first error in that order."""
        return [future.result() for future in self]

    def wait(self) -> None:
        """Wait until all have ended."""
        for future in self:
            future.wait()


class unmapped(Generic[T]):  # noqa: N801  used like a keyword in calls of .map()
    """Marks an argument of `.map()` that every call gets whole."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


def find_futures(args: Iterable[Any], kwargs: Mapping[str, Any]) -> list[TaskFuture[Any]]:
    """Return the futures among arguments, and inside lists, tuples, sets and dicts of them."""
    found: list[TaskFuture[Any]] = []
    for value in (*args, *kwargs.values()):
        _collect(value, found)
    return list(dict.fromkeys(found))


def _collect(value: object, found: list[TaskFuture[Any]]) -> None:
    if isinstance(value, TaskFuture):
        found.append(value)
    elif type(value) in (list, tuple, set, FutureList):
        for item in value:  # type: ignore[attr-defined]  # just checked
            _collect(item, found)
    elif type(value) is dict:
        for item in value.values():
            _collect(item, found)


def resolve(value: Any) -> Any:
    """Return `value` with every future in it replaced by its result; all must be done."""
    if isinstance(value, TaskFuture):
        return value.result()
    kind = type(value)
    if kind in (list, FutureList):
        return [resolve(item) for item in value]
    if kind in (tuple, set):
        return kind(resolve(item) for item in value)
    if kind is dict:
        return {key: resolve(item) for key, item in value.items()}
    return value


def map_calls(
    args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """
    Return the arguments of each call that `.map(*args, **kwargs)` stands for.

    Iterables are spread, except text, bytes, mappings and what is wrapped in `unmapped`.

    >>> map_calls(([1, 2], "same"), {"z": unmapped([7])})
    [((1, 'same'), {'z': [7]}), ((2, 'same'), {'z': [7]})]
    """
    given: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
    spread: dict[Any, list[Any]] = {}
    for key, value in given.items():
        if isinstance(value, Iterable) and not isinstance(
            value, str | bytes | bytearray | Mapping | TaskFuture
        ):
            spread[key] = list(value)
    if not spread:
        raise ValueError("map() needs at least one list or other iterable to spread.")
    lengths = {len(items) for items in spread.values()}
    if len(lengths) > 1:
        raise ValueError(
            f"map() needs iterables of one length, not {sorted(lengths)}; "
            "wrap what every call shall get whole in unmapped()."
        )
    constants = {
        key: value.value if isinstance(value, unmapped) else value
        for key, value in given.items()
        if key not in spread
    }
    calls = []
    for index in range(lengths.pop()):
        chosen = {key: spread[key][index] if key in spread else constants[key] for key in given}
        positional = tuple(chosen[key] for key in range(len(args)))
        calls.append((positional, {key: chosen[key] for key in kwargs}))
    return calls
