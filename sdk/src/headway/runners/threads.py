"""Threads for submitted tasks: as many as allowed, and more while some only wait for others."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

IDLE_SECONDS = 5.0  # a thread without work goes away after this


def default_workers() -> int:
    """Return how many tasks run at once unless the flow says otherwise."""
    return min(32, (os.cpu_count() or 1) + 4)


class ThreadRunner:
    """
    Runs jobs on daemon threads, at most `max_workers` at work at the same time.

    A job that waits for another one (a task that calls `.result()`) gives its place away for that
    time, so tasks that submit tasks cannot starve each other.
    """

    def __init__(self, *, max_workers: int, name: str) -> None:
        self.max_workers = max_workers
        self._name = name
        self._lock = threading.Condition()
        self._jobs: deque[Callable[[], None]] = deque()
        self._active = 0  # threads that hold a place, idle ones included
        self._idle = 0
        self._started = 0
        self._closed = False
        self._members = threading.local()

    def submit(self, job: Callable[[], None]) -> None:
        """Run `job` as soon as there is a place; jobs start in the order they came."""
        with self._lock:
            self._jobs.append(job)
            self._staff()

    def take_unstarted(self) -> None:
        """Throw away what has not begun; the caller settles the futures."""
        with self._lock:
            self._jobs.clear()

    def close(self) -> None:
        """Let the threads go once they are done with what they do now."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    @contextmanager
    def place_given_away(self) -> Iterator[None]:
        """Free the calling thread's place for a while, if it is one of ours."""
        if not getattr(self._members, "inside", False):
            yield
            return
        with self._lock:
            self._active -= 1
            self._staff()
        try:
            yield
        finally:
            with self._lock:
                self._active += 1

    def _staff(self) -> None:
        if self._idle >= len(self._jobs):
            self._lock.notify()
        elif self._active < self.max_workers:
            self._active += 1
            self._started += 1
            threading.Thread(
                target=self._work, name=f"{self._name}-{self._started}", daemon=True
            ).start()
        elif self._idle:
            self._lock.notify()

    def _work(self) -> None:
        self._members.inside = True
        while True:
            with self._lock:
                while not self._jobs:
                    if self._closed or self._active > self.max_workers:
                        self._active -= 1
                        return
                    self._idle += 1
                    woken = self._lock.wait(IDLE_SECONDS)
                    self._idle -= 1
                    if not woken and not self._jobs:
                        self._active -= 1
                        return
                if self._active > self.max_workers:
                    self._active -= 1
                    return
                job = self._jobs.popleft()
            job()
