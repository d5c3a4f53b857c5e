"""
What is new in a live tail of events. Pure: the reads happen elsewhere.

Events are looked at by their own time, and one that commits late, or comes late, stands before what
was already shown. So each look goes back a while, and what was shown is remembered for that long.
Most looks go back as far as a commit takes; now and then one goes back as far as anybody's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

# Half a minute late, and as long as it may be to the next look that goes so far. What comes later
# is the list's business.
LOOK_BACK: Final = timedelta(seconds=36)
COMMITS_WITHIN: Final = timedelta(seconds=3)
SWEEP_EVERY: Final = 10  # looks: what came between 3 and 30 seconds late waits for the next of them
LEAST_LOOK_BACK: Final = timedelta(seconds=0.5)
RESUME: Final = timedelta(minutes=5)  # how far back a reader who lost the connection may continue
SHOWN_AT_ONCE: Final = 100  # two looks a second: about as many as a person could see
LOOKED_AT: Final = 20_000

Key = tuple[datetime, UUID]  # occurred_at, id


class News(NamedTuple):
    """
    What one look found: the keys to show, oldest first, and how many there were.

    `behind`: the look did not come as far back as it should have, and what lies further back may be
    missing; so far the next one goes. None: nothing is missing.
    """

    shown: list[Key]
    total: int
    behind: timedelta | None = None


class Tail:
    """One reader's memory."""

    def __init__(self, *, now: datetime, after: datetime | None = None) -> None:
        """
        Begin at what is there, or for a returning reader behind the last event they have seen.

        `after` is that one's time. What came late stands before it, so they get some twice.
        """
        self._seen: dict[UUID, datetime] = {}
        self._is_first = after is None
        self._begin = None if after is None else max(after - LOOK_BACK, now - RESUME)
        self._looks = 0
        self._looked_at: datetime | None = None
        self._reach = LOOK_BACK  # less while looks take too long

    def since(self, now: datetime) -> datetime:
        """Return how far back the coming look goes."""
        if self._begin is not None:
            return self._begin
        wanted = LOOK_BACK
        if self._looks % SWEEP_EVERY and self._looked_at is not None:
            wanted = now - self._looked_at + COMMITS_WITHIN
        return now - min(wanted, self._reach)

    def look(self, found: Sequence[Key], *, now: datetime, is_whole: bool = True) -> News:
        """
        Take what lies after `since(now)`, newest first; return what is new, thinned out evenly.

        `is_whole`: all of it, not only the newest so many.
        """
        fresh = sorted(key for key in found if key[1] not in self._seen)
        self._seen.update((event_id, at) for at, event_id in fresh)
        if self._looks % SWEEP_EVERY == 0:
            # What is behind the horizon is not looked at again and need not be remembered.
            horizon = now - LOOK_BACK
            self._seen = {event_id: at for event_id, at in self._seen.items() if at >= horizon}
        behind = self._note(now, is_whole=is_whole)
        if self._is_first:
            self._is_first = False
            return News([], 0)  # what was there before the reader came is the list's business
        total = len(fresh)
        if total <= SHOWN_AT_ONCE:
            return News(fresh, total, behind)
        shown = [fresh[i * total // SHOWN_AT_ONCE] for i in range(SHOWN_AT_ONCE)]
        return News(shown, total, behind)

    def miss(self, *, now: datetime) -> News:
        """Take it that the look was not done in time; the next one goes back half as far."""
        return News([], 0, self._note(now, is_whole=False))

    def _note(self, now: datetime, *, is_whole: bool) -> timedelta | None:
        self._begin = None
        self._looks += 1
        self._looked_at = now
        if is_whole:
            self._reach = min(self._reach * 2, LOOK_BACK)
            return None
        self._reach = max(self._reach / 2, LEAST_LOOK_BACK)
        return self._reach
