"""Searching through rows, newest first, for as long as somebody wants to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.store import search
from apps.telemetry.store.conditions import Condition
from apps.telemetry.store.search import Key, Part
from apps.telemetry.store.tables import TimeTable


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may take, and in parts of how many rows."""

    seconds: float
    first_rows: int = 4_000
    most_rows: int = 128_000


BUDGET: Final = Budget(1.5)
# The first part is small: when even that takes so long, there is nothing to show.
PATIENCE_SECONDS: Final = 10.0


class Walk:
    """One search, newest first. Afterwards `below` and `back_to` say how far it came."""

    def __init__(
        self,
        whole: Part,
        *,
        table: TimeTable,
        budget: Budget,
        also: Condition = Condition(),  # noqa: B008 - frozen
    ) -> None:
        """`also` narrows the rows that are walked over, where an index helps with it."""
        self._whole, self._table, self._budget, self._also = whole, table, budget, also
        self.below: Key | None = None  # where to go on; None: all of it was looked at

    @property
    def back_to(self) -> datetime | None:
        """Nothing before this moment was looked at; None when there was enough time."""
        return self.below[0] if self.below else None

    def go(self, read: Callable[[Part], bool]) -> None:
        """
        Have each part read until that says that it has enough, or the time is up.

        Raises: SearchTooSlow when not even the first part could be read.
        """
        begun = time.monotonic()
        size, below = self._budget.first_rows, self._whole.below
        is_first = True
        while True:
            left = self._budget.seconds - (time.monotonic() - begun)
            if left <= 0 and not is_first:
                self.below = below
                return
            part_begun = time.monotonic()
            try:
                with search.at_most(PATIENCE_SECONDS if is_first else left):
                    part = replace(self._whole, below=below)
                    down_to = search.key_of_nth(self._table, part, size, self._also)
                    has_enough = read(replace(part, down_to=down_to))
            except search.TookTooLongError as error:
                if is_first:
                    raise SearchTooSlow(
                        "The search did not get anywhere in time: look at a shorter time."
                    ) from error
                self.below = below
                return
            if has_enough or down_to is None:
                return
            is_first, below = False, down_to
            took = time.monotonic() - part_begun
            if took < self._budget.seconds / 8:
                size = min(size * 2, self._budget.most_rows)
            elif took > self._budget.seconds / 2:
                size = max(size // 2, self._budget.first_rows)


class Keyed(Protocol):
    """A row that has a place in the order of time."""

    @property
    def occurred_at(self) -> datetime: ...
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row", bound=Keyed)


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """
    One page of what was found. `below` is where the next one begins; None: there is no more.

    `back_to`: the time was up before the page was full, and nothing before it was looked at.
    """

    rows: list[Row]
    below: Key | None = None
    back_to: datetime | None = None

    @classmethod
    def of(cls, rows: list[Row], limit: int, *, walk: Walk | None) -> Found[Row]:
        """Return the page; `rows` may hold one more than the limit, which says that there is."""
        if len(rows) > limit:
            rows = rows[:limit]
            return cls(rows, (rows[-1].occurred_at, rows[-1].id))
        if walk is None:
            return cls(rows)
        return cls(rows, walk.below, walk.back_to)
