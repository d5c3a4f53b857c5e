"""
What is new in a live tail of events. Pure: the reads happen elsewhere.

Events are looked at by their own time, and one that commits late, or comes late, stands before what
was already shown. So each look goes back a while, and what was shown is remembered for that long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

LOOK_BACK: Final = timedelta(seconds=30)
RESUME: Final = timedelta(minutes=5)  # how far back a reader who lost the connection may continue
SHOWN_AT_ONCE: Final = 200  # a look happens each second: about as many as a person could see
LOOKED_AT: Final = 20_000

Key = tuple[datetime, UUID]  # occurred_at, id


class News(NamedTuple):
    """What one look found: the keys to show, oldest first, and how many there were."""

    shown: list[Key]
    total: int


class Tail:
    """One reader's memory."""

    def __init__(self, *, now: datetime, after: datetime | None = None) -> None:
        """
        Begin at what is there, or for a returning reader behind the last event they have seen.

        `after` is that one's time. What came late stands before it, so they get some twice.
        """
        self._seen: dict[UUID, datetime] = {}
        self._is_first = after is None
        self._since = now - LOOK_BACK if after is None else max(after - LOOK_BACK, now - RESUME)

    @property
    def since(self) -> datetime:
        """Events before this moment need not be looked at."""
        return self._since

    def look(self, found: Sequence[Key], *, now: datetime) -> News:
        """Take what lies after `since`, newest first; return what is new, thinned out evenly."""
        fresh = sorted(key for key in found if key[1] not in self._seen)
        self._seen.update((event_id, at) for at, event_id in fresh)
        horizon = now - LOOK_BACK
        # What is behind the horizon is not looked at again and need not be remembered.
        self._seen = {event_id: at for event_id, at in self._seen.items() if at >= horizon}
        self._since = max(self._since, horizon)
        if self._is_first:
            self._is_first = False
            return News([], 0)  # what was there before the reader came is the list's business
        total = len(fresh)
        if total <= SHOWN_AT_ONCE:
            return News(fresh, total)
        return News([fresh[i * total // SHOWN_AT_ONCE] for i in range(SHOWN_AT_ONCE)], total)
