"""
What of a growing list its reader has been told. Pure: the reads happen elsewhere.

Rows stand by a time of their own, and one that commits late, or is sent late, stands before rows
that were told already. So each look goes back behind those, and what was told is remembered for as
far: a cursor would pass by the late ones.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

Key = tuple[datetime, UUID]  # the time, the id

_LEAST = UUID(int=0)


class Told:
    """One reader's memory."""

    def __init__(self, *, edge: datetime | None, overlap: timedelta, kept: int = 0) -> None:
        """
        Begin with nothing told.

        `edge` is where the first look begins; None: at the beginning of the list. Later ones go
        `overlap` back behind the newest row that was told, and back over the newest `kept` rows.
        """
        self.edge = edge
        self._overlap = overlap
        self._kept = kept
        self._keys: list[Key] = []  # in order

    def room(self, most: int) -> int:
        """Return how many keys to read from the edge on, to find `most` new ones among them."""
        return len(self._keys) + most

    def take(self, found: Iterable[Key], *, now: datetime) -> list[Key]:
        """Return what is new, in order, of the keys that lie behind the edge; it is told now."""
        known = set(self._keys)
        fresh = sorted(key for key in found if key not in known)
        self._keys = sorted(self._keys + fresh)
        self._move_edge(now)
        return fresh

    def _move_edge(self, now: datetime) -> None:
        if len(self._keys) < max(self._kept, 1):
            return
        # A sender whose clock is fast must not take the others' rows out of sight.
        edge = min(self._keys[-1][0], now) - self._overlap
        if self._kept:
            edge = min(edge, self._keys[-self._kept][0])
        self.edge = edge if self.edge is None else max(self.edge, edge)
        del self._keys[: bisect_left(self._keys, (self.edge, _LEAST))]
