"""Holding a run: its clocks stand still, and it begins no further task, until it may go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from headway._capture import engine_logger
from headway._context import find_scope
from headway._errors import RunSuspended
from headway._time_limit import stopped

if TYPE_CHECKING:
    from headway._context import Scope
    from headway._runs import FlowRun

SLICE_SECONDS = 0.2  # off the main thread a wait can only be interrupted between two


class Hold:
    """What people have asked of a run, as its own process knows it."""

    def __init__(self) -> None:
        self._going = threading.Event()
        self._going.set()
        self.is_suspending = False
        self.is_used = False  # PERF: most runs are never held; each task call asks

    @property
    def is_paused(self) -> bool:
        """Whether the run shall begin no further task."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Begin no further task."""
        self.is_used = True
        self._going.clear()

    def resume(self) -> None:
        """Go on."""
        self._going.set()

    def suspend(self) -> None:
        """Leave, at the next place where the run could be held."""
        self.is_used = self.is_suspending = True
        self._going.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the run may go on, or shall leave; say whether that is so."""
        return self._going.wait(seconds)


def checkpoint() -> None:
    """
    Hold here while the run is paused, and leave here when it is suspended.

    Each call of a task is such a place by itself; this is for long steps between them. Outside of a
    run it does nothing. In a coroutine, calls of async tasks are the places.

    >>> from headway import checkpoint, flow
    >>> @flow
    ... def copy(rows: list[int]) -> int:
    ...     for row in rows:
    ...         checkpoint()
    ...     return len(rows)
    >>> copy([1, 2])
    2
    """
    scope = find_scope()
    if scope is not None:
        hold_here(scope)


def hold_here(scope: Scope) -> None:
    """Do the same for code that belongs to `scope`."""
    root = scope.run.root
    hold = root.hold
    if not hold.is_used:
        return
    leave_if_suspended(root)
    if not hold.is_paused:
        return
    engine_logger.info("paused")
    on_main = threading.current_thread() is threading.main_thread()
    with clocks_stopped(scope):
        while not hold.wait(None if on_main else SLICE_SECONDS):
            continue
    leave_if_suspended(root)
    engine_logger.info("going on")


async def hold_here_async(scope: Scope) -> None:
    """Do the same without blocking the event loop."""
    import asyncio

    root = scope.run.root
    hold = root.hold
    if not hold.is_used:
        return
    leave_if_suspended(root)
    if not hold.is_paused:
        return
    engine_logger.info("paused")
    with clocks_stopped(scope):
        while not hold.wait(0):
            await asyncio.sleep(SLICE_SECONDS)
    leave_if_suspended(root)
    engine_logger.info("going on")


@contextmanager
def clocks_stopped(scope: Scope) -> Iterator[None]:
    """Stop the clocks of the code at `scope`, and of all around it, inside the block."""
    with ExitStack() as held:
        around: Scope | None = scope
        while around is not None:
            held.enter_context(around.run.held())
            if around.task_run is not None:
                held.enter_context(stopped(around.task_run.clock))
            around = around.run.parent
        yield


def leave_if_suspended(root: FlowRun) -> None:
    """Leave the process to somebody who goes on with the run later. Raises: RunSuspended."""
    if root.hold.is_suspending:
        raise RunSuspended(run_id=root.id)
