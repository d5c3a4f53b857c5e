"""The clock of a time limit, which stands still while nobody works: people are asked, or paused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headway._interrupt import watchdog

if TYPE_CHECKING:
    from typing import Protocol

    class AnyLimit(Protocol):
        """The clock of a time limit."""

        def hold(self) -> None: ...
        def go_on(self) -> None: ...


@contextmanager
def stopped(clock: AnyLimit | None) -> Iterator[None]:
    """Stop a clock, if there is one, inside the block."""
    if clock is None:
        yield
        return
    clock.hold()
    try:
        yield
    finally:
        clock.go_on()


class TimeLimit:
    """Calls `action` once the code has worked for `seconds`; holds of several threads add up."""

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self._action = action
        self._lock = threading.Lock()
        self._left = seconds
        self._holds = 0
        self._ended = False
        self._due_at = time.monotonic() + seconds
        self._ticket: int | None = watchdog.call_at(self._due_at, action)

    def hold(self) -> None:
        """Stop the clock."""
        with self._lock:
            self._holds += 1
            if self._holds == 1 and not self._ended:
                self._left = max(0.0, self._due_at - time.monotonic())
                self._call_off()

    def go_on(self) -> None:
        """Let the clock go on, once nobody holds it any more."""
        with self._lock:
            self._holds -= 1
            if self._holds == 0 and not self._ended:
                self._due_at = time.monotonic() + self._left
                self._ticket = watchdog.call_at(self._due_at, self._action)

    def end(self) -> None:
        """Forget about it: the code is through."""
        # Without the lock: whoever is interrupted right here comes by again on the way out.
        self._ended = True
        self._call_off()

    def _call_off(self) -> None:
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            watchdog.call_off(ticket)
