"""
When a rule holds: N events within a time, and what failed to come by its deadline.

Pure; times are given. docs/automations.md states the rules in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from apps.automations.enums import DeadlineState

SILENT_WINDOWS: Final = 3  # windows without any event after which a key is forgotten

Entry = tuple[datetime, UUID]  # when it occurred, and its id
WindowId = tuple[datetime, UUID | None]  # where it begins, and the event that opened it


@dataclass(slots=True)
class Bucket:
    """What one key has collected towards its threshold: always fewer entries than needed."""

    newest_at: datetime | None = None  # of all that came, used up or not
    entries: list[Entry] = field(default_factory=list)  # in order of time

    def take(self, entry: Entry, *, needed: int, within: timedelta) -> list[Entry] | None:
        """
        Take an entry in; return the N that now lie within the time, used up thereby, or None.

        All that is kept lies within the time before the newest, so N of them are such a window.
        """
        newest = entry[0] if self.newest_at is None else max(self.newest_at, entry[0])
        self.newest_at = newest
        if newest - entry[0] > within:
            return None  # too late to be counted
        kept = [known for known in self.entries if newest - known[0] <= within]
        self.entries = sorted([*kept, entry])
        if len(self.entries) < needed:
            return None
        used, self.entries = self.entries, []
        return used


@dataclass(slots=True, kw_only=True)
class Window:
    """A stretch of time, start excluded and end included, in which events are expected."""

    key: str
    starts_at: datetime
    ends_at: datetime
    due_at: datetime
    needed: int
    opened_by: UUID | None  # the event with which waiting began; None: the rule itself
    seen: list[UUID] = field(default_factory=list)
    silent: int = 0  # windows without any event right before this one
    state: DeadlineState = DeadlineState.OPEN

    @property
    def id(self) -> WindowId:
        return self.starts_at, self.opened_by

    @property
    def is_open(self) -> bool:
        return self.state is DeadlineState.OPEN

    @property
    def is_satisfied(self) -> bool:
        return len(self.seen) >= self.needed

    def count(self, at: datetime, event_id: UUID) -> bool:
        """Count an expected event once; return whether that changed anything."""
        if not self.is_open or self.is_satisfied or event_id in self.seen:
            return False
        if not self.starts_at < at <= self.ends_at:
            return False
        self.seen.append(event_id)
        if len(self.seen) == self.needed and self.opened_by is not None:
            # One of a row of windows stays open until it is due: then the next one follows.
            self.state = DeadlineState.SATISFIED
        return True

    def close(self) -> None:
        """Decide what came due."""
        self.state = DeadlineState.SATISFIED if self.is_satisfied else DeadlineState.FIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How long the windows of a rule are, and how many events each needs."""

    within: timedelta
    allow_late: timedelta
    needed: int

    def open(
        self, key: str, starts_at: datetime, *, opened_by: UUID | None = None, silent: int = 0
    ) -> Window:
        """Return the window that begins here."""
        ends_at = starts_at + self.within
        return Window(
            key=key,
            starts_at=starts_at,
            ends_at=ends_at,
            due_at=ends_at + self.allow_late,
            needed=self.needed,
            opened_by=opened_by,
            silent=silent,
        )

    def start_of(self, at: datetime, *, since: datetime) -> datetime | None:
        """Return where the window in a row from `since` on begins that this moment lies in."""
        if at <= since:
            return None  # the start itself belongs to no window
        number = -(-(at - since) // self.within) - 1
        return since + number * self.within


class Row:
    """The windows of one key that follow each other without a gap, as far as they are known."""

    __slots__ = ("_frame", "_key", "_since", "windows")

    def __init__(self, frame: Frame, key: str, since: datetime, windows: list[Window]) -> None:
        self._frame, self._key, self._since = frame, key, since
        self.windows = {window.starts_at: window for window in windows}

    def count(self, at: datetime, event_id: UUID) -> Window | None:
        """
        Count an expected event; return the window that it changed or opened.

        With it a key becomes known. An event before the earliest open window changes nothing, nor
        does one in a window that was decided.
        """
        starts_at = self._frame.start_of(at, since=self._since)
        if starts_at is None:
            return None
        window = self.windows.get(starts_at)
        if window is None:
            open_ones = [known.starts_at for known in self.windows.values() if known.is_open]
            if open_ones and starts_at < min(open_ones):
                return None
            window = self._frame.open(self._key, starts_at)
            self.windows[starts_at] = window
        return window if window.count(at, event_id) else None

    def follow(self, window: Window, *, may_forget: bool) -> Window | None:
        """
        Return the window that opens behind one that was decided; None when none does.

        A key that was silent for three windows is forgotten. A window that is there already was
        opened by an event, and so begins no silence.
        """
        if window.ends_at in self.windows:
            return None
        silent = 0 if window.seen else window.silent + 1
        if may_forget and silent >= SILENT_WINDOWS:
            return None
        opened = self._frame.open(self._key, window.ends_at, silent=silent)
        self.windows[opened.starts_at] = opened
        return opened
