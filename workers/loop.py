"""
The shape of every loop: take a step, sleep when there was no work, stop cleanly on SIGTERM.

A step claims rows and works in its own transactions, so a kill at any moment loses nothing.
Between two steps a loop holds no connection: a process may have more loops than its pool is large.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import structlog
from django.db import InterfaceError, OperationalError, connection

from apps.core.wakeups import Nap

logger = structlog.get_logger(__name__)
MAX_PAUSE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """
    One loop. `step` returns whether there was work, or how many seconds it may sleep at most.

    `wake_on` names the NOTIFY channel that shortens the nap.
    """

    name: str
    step: Callable[[], bool | float]
    idle_seconds: float = 1.0
    wake_on: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        nap = Nap(self.wake_on) if self.wake_on else None
        failures = 0
        while not self.stop.is_set():
            structlog.contextvars.bind_contextvars(loop=self.name)
            started = time.perf_counter()
            try:
                outcome = self.step()
                failures = 0
            except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
                # Weather: the database restarts, or a deadlock was broken in another's favour.
                failures += 1
                logger.warning("loop.database_unavailable", error=str(error).strip()[:200])
            except Exception as error:
                failures += 1
                logger.exception("loop.step_failed", error=str(error))
            finally:
                connection.close()
            if failures:
                self.stop.wait(min(0.5 * 2**failures, MAX_PAUSE_SECONDS))
                continue
            if outcome is True:
                logger.debug(
                    "loop.worked", duration_ms=round((time.perf_counter() - started) * 1000)
                )
                continue
            seconds = self.idle_seconds if outcome is False else min(outcome, self.idle_seconds)
            if nap is not None:
                nap.take(seconds, self.stop)
            else:
                self.stop.wait(seconds)
        if nap is not None:
            nap.close()


def run_until_signalled(loops: list[Loop]) -> None:
    """Run each loop in a thread of its own until SIGTERM or SIGINT, then let each end its step."""
    stopping = threading.Event()

    def stop(signum: int, _frame: object) -> None:
        logger.info("loops.stopping", signal=signal.Signals(signum).name)
        stopping.set()
        for loop in loops:
            loop.stop.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threads = [threading.Thread(target=loop.run, name=loop.name, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    logger.info("loops.started", loops=[loop.name for loop in loops])
    while not stopping.wait(1.0):
        dead = [thread.name for thread in threads if not thread.is_alive()]
        if dead:
            raise RuntimeError(f"Loop ended by itself: {', '.join(dead)}")
    for thread in threads:
        thread.join(timeout=20)
