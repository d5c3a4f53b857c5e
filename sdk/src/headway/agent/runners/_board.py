"""What an API said last of many jobs: asked once for all of them, however many watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar

from headway.agent.runners._remote import Away

State = TypeVar("State")


class Board(Generic[State]):
    """
    States of the jobs that are watched, not older than some seconds.

    While the API does not answer, that is asked no more often either: fifty runs which all ask
    again at once are what keeps a busy API busy.
    """

    def __init__(
        self,
        read: Callable[[Collection[str]], Mapping[str, State]],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: set[str] = set()
        self._states: Mapping[str, State] = {}
        self._asked_for: frozenset[str] = frozenset()
        self._asked_at: float | None = None
        self._trouble: Away | None = None

    def look(self, handle: str) -> State | None:
        """Return the job's state, None when the API knows of no such job. Raises: Away."""
        with self._lock:
            self._watched.add(handle)
            now = self._clock()
            is_fresh = self._asked_at is not None and now < self._asked_at + self._seconds
            if not is_fresh or handle not in self._asked_for:
                self._ask(now)
            if self._trouble is not None:
                raise Away(str(self._trouble))
            return self._states.get(handle)

    def forget(self, handle: str) -> None:
        """Watch the job no more."""
        with self._lock:
            self._watched.discard(handle)

    def _ask(self, now: float) -> None:
        wanted = frozenset(self._watched)
        try:
            self._states, self._trouble = self._read(wanted), None
        except Away as error:
            self._trouble = error
        self._asked_for, self._asked_at = wanted, now
