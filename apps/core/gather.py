"""
Many small requests at once become one transaction.

A request that finds nobody at work is done at once. Those that arrive meanwhile gather, and the
first of them does them all when the way is free, as databases do with commits. Under load a commit
serves many requests; without load nothing is delayed. What may wait a little, waits for company.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

MOST: Final = 64  # requests in one transaction

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class _Group(Generic[Request, Reply]):
    """Requests that are stored together. Whoever opened it leads."""

    def __init__(self, before: _Group[Request, Reply] | None, *, gathers: bool) -> None:
        self.before = before  # stored before us
        self.gathers = gathers  # others may still join
        self.requests: list[Request] = []
        self.replies: Sequence[Reply] | None = None  # None when storing them together failed
        self.full = threading.Event()
        self.done = threading.Event()


class Gatherer(Generic[Request, Reply]):
    """
    A line per workspace: one group at work, and behind it one that gathers.

    `together` stores all requests of a group and returns a reply for each, or None when they must
    be stored one by one: one of them is bad, or repeats what is there. With `patience_seconds` a
    group waits that long for others, unless it is full.
    """

    def __init__(
        self,
        *,
        alone: Callable[[Request], Reply],
        together: Callable[[Sequence[Request]], Sequence[Reply] | None],
        patience_seconds: float = 0,
    ) -> None:
        self._alone = alone
        self._together = together
        self._patience = patience_seconds
        self._lock = threading.Lock()
        self._last: dict[uuid.UUID, _Group[Request, Reply]] = {}

    def submit(self, workspace_id: uuid.UUID, request: Request) -> Reply:
        """Return the reply once the request is stored, alone or together with others."""
        with self._lock:
            group = self._last.get(workspace_id)
            leads = group is None or not group.gathers
            if leads:
                gathers = group is not None or self._patience > 0
                group = self._last[workspace_id] = _Group(group, gathers=gathers)
            assert group is not None
            place = len(group.requests)
            group.requests.append(request)
            if len(group.requests) == MOST:
                group.gathers = False
                group.full.set()
        if leads:
            return self._lead(workspace_id, group)
        group.done.wait()
        return self._alone(request) if group.replies is None else group.replies[place]

    def _lead(self, workspace_id: uuid.UUID, group: _Group[Request, Reply]) -> Reply:
        try:
            if self._patience:
                group.full.wait(self._patience)
            if group.before is not None:
                group.before.done.wait()
                group.before = None
            with self._lock:
                group.gathers = False
            if len(group.requests) == 1:
                return self._alone(group.requests[0])
            group.replies = self._together(group.requests)
        finally:
            # Also after a failure: those who wait for us go on alone.
            with self._lock:
                group.gathers = False
                if self._last.get(workspace_id) is group:
                    del self._last[workspace_id]
            group.done.set()
        return self._alone(group.requests[0]) if group.replies is None else group.replies[0]
