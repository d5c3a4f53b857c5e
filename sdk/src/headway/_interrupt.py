"""
Stopping synchronous code from outside, as honestly as Python lets us.

On the main thread an interruption is a real signal (SIGURG, whose default is to be ignored): it
wakes `time.sleep`, socket reads and lock waits at once. On other threads it is CPython's
asynchronous exception: it arrives at the next bytecode, so a blocking C call runs to its end first.

An interruption may only land in the user's code. Each thread has a gate that is open while user
code runs and closed while ours does; what arrives at a closed gate is kept and raised when the
gate opens.
"""

from __future__ import annotations

import heapq
import itertools
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from headway._errors import Terminated

HAS_URG = hasattr(signal, "SIGURG") and hasattr(signal, "pthread_kill")


class AsyncInterrupt(BaseException):
    """What CPython raises in a worker thread for us; the engine replaces it by the real reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Interruption:
    """
    A wish to stop `owner` (a run or task run) by raising `error` in its code.

    `becomes` is what the owner then ends with; it may be an ordinary exception, where `error`
    must not be one (the code's own `except Exception` would swallow it).
    """

    owner: object
    error: BaseException
    becomes: BaseException


class OverTime(BaseException):
    """Raised in code that is over its time; its owner ends with a `TimeoutError` instead."""


class Gate:
    """Lets interruptions of one thread through while user code runs, and keeps them otherwise."""

    __slots__ = ("_asynchronous", "_lock", "is_main", "is_open", "pending", "raised", "thread_id")

    def __init__(self) -> None:
        self.thread_id = threading.get_ident()
        self.is_main = threading.current_thread() is threading.main_thread()
        self.is_open = False
        self.pending: list[Interruption] = []
        self.raised = False  # the signal handler has raised since the gate was last opened
        self._lock = threading.RLock()  # a signal handler may come back to it
        self._asynchronous = False  # an asynchronous exception may still be on its way

    def interrupt(self, interruption: Interruption) -> None:
        """Stop the user code of this gate's thread; callable from any thread."""
        with self._lock:
            self.pending.append(interruption)
            if not self.is_open:
                return
            if self.is_main and signals.can_wake():
                signal.pthread_kill(self.thread_id, signal.SIGURG)
            else:
                self._asynchronous = True
                _raise_in_thread(self.thread_id, AsyncInterrupt)

    def open(self) -> None:
        """Let user code begin; raises at once when an interruption waits."""
        self.is_open = True
        self.raised = False
        if self.pending:
            self.close()
            raise self.pending[0].error

    def close(self) -> None:
        """Keep interruptions out from here on."""
        if not self._asynchronous:
            self.is_open = False
            if not self._asynchronous:
                return
        with self._lock:
            self.is_open = False
            if self._asynchronous:
                _raise_in_thread(self.thread_id, None)
                self._asynchronous = False

    def reopen(self) -> None:
        """Go back into the user code that called us."""
        if self.pending:
            raise self.pending[0].error
        self.is_open = True

    def settle(self, owner: object, error: BaseException | None) -> BaseException | None:
        """
        Return why the code of `owner` ended, after the gate closed behind it.

        An interruption of `owner` itself is used up here; one of somebody further out stays
        pending for them. A value that was returned in spite of an outer interruption stands.
        """
        if not self.pending:
            return error
        mine = [item for item in self.pending if item.owner is owner]
        if mine:
            with self._lock:
                self.pending[:] = [item for item in self.pending if item.owner is not owner]
            becomes = mine[0].becomes
            return None if error is None and not isinstance(becomes, TimeoutError) else becomes
        if isinstance(error, AsyncInterrupt):
            return self.pending[0].error
        return error

    def clear(self) -> None:
        """Forget what is pending; for a pooled thread between two jobs."""
        with self._lock:
            self.pending.clear()


def _raise_in_thread(thread_id: int, kind: type[BaseException] | None) -> None:
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(kind) if kind else None
    )


_local = threading.local()


def current_gate() -> Gate:
    """Return the calling thread's gate."""
    gate: Gate | None = getattr(_local, "gate", None)
    if gate is None:
        gate = _local.gate = Gate()
    return gate


class Signals:
    """Our signal handlers, in place while a root flow runs on the main thread."""

    def __init__(self) -> None:
        self.installed = False
        self._previous: dict[int, Any] = {}
        self._stop: Callable[[BaseException], None] | None = None

    def install(self, *, stop: Callable[[BaseException], None], interactive: bool) -> bool:
        """
        Take over SIGTERM, SIGURG and (when `interactive`) SIGINT; return whether we did.

        `stop` runs inside the handler, so it must take no lock. A handler that the user's code
        has set already is left alone.
        """
        if self.installed or threading.current_thread() is not threading.main_thread():
            return False
        self._stop = stop
        self.installed = True
        if HAS_URG and signal.getsignal(signal.SIGURG) in (signal.SIG_DFL, signal.SIG_IGN):
            self._take(signal.SIGURG, self._urgent)
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            self._take(signal.SIGTERM, self._terminate)
        if interactive and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._take(signal.SIGINT, self._interrupt)
        return True

    def can_wake(self) -> bool:
        """Return whether SIGURG is ours, so that it may be sent to the main thread."""
        return HAS_URG and signal.SIGURG in self._previous

    def restore(self) -> None:
        """Put back what was there before."""
        while self._previous:
            number, handler = self._previous.popitem()
            signal.signal(number, handler)
        self.installed = False
        self._stop = None

    def _take(self, number: int, handler: Callable[[int, FrameType | None], None]) -> None:
        self._previous[number] = signal.signal(number, handler)

    def _urgent(self, _number: int, _frame: FrameType | None) -> None:
        self._raise_pending()

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop is not None:
            self._stop(Terminated())
        self._raise_pending()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        gate = current_gate()
        if gate.raised:  # the second Ctrl-C: whatever is cleaning up has had its chance
            raise KeyboardInterrupt
        if self._stop is not None:
            self._stop(KeyboardInterrupt())
        self._raise_pending()

    @staticmethod
    def _raise_pending() -> None:
        gate = current_gate()
        if gate.is_open and gate.pending:
            gate.is_open = False
            gate.raised = True
            raise gate.pending[0].error


signals = Signals()


class Watchdog:
    """One thread that interrupts whoever is over their time."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start afresh, as a forked child must: only the forking thread lives on there."""
        self._lock = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def call_at(self, deadline: float, action: Callable[[], None]) -> int:
        """Run `action` at `deadline` (time.monotonic) unless called off; return a ticket."""
        with self._lock:
            ticket = next(self._numbers)
            heapq.heappush(self._due, (deadline, ticket, action))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="headway-watchdog", daemon=True
                )
                self._thread.start()
            if self._due[0][1] == ticket:
                self._lock.notify()
        return ticket

    def call_off(self, ticket: int) -> None:
        """Withdraw a ticket; harmless when it has run."""
        with self._lock:
            for index, (_, number, _action) in enumerate(self._due):
                if number == ticket:
                    self._due[index] = self._due[-1]
                    self._due.pop()
                    heapq.heapify(self._due)
                    return

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._due or self._due[0][0] > time.monotonic():
                    wait = self._due[0][0] - time.monotonic() if self._due else None
                    self._lock.wait(wait)
                _, _, action = heapq.heappop(self._due)
            action()


watchdog = Watchdog()
