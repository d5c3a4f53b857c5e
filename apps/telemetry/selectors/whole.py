"""Everything that a search finds, page after page: for answers that are streamed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, Generic

from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.selectors.walk import Budget, Found, Row
from apps.telemetry.store.search import Key
from apps.tenancy.isolation import workspace_scope

EXPORT_ROWS: Final = 200_000  # in one answer, the newest ones
EXPORT_SECONDS: Final = 240.0
PAGE: Final = 2_000
PAGE_BUDGET: Final = Budget(10.0)

FindPage = Callable[[Key | None, int, Budget], Found[Row]]  # below, limit


class EveryPage(Generic[Row]):
    """
    What is found, newest first, up to `most` rows; each page in a transaction of its own.

    To be gone through once. Afterwards `cut_at` says where it was cut.
    Raises: SearchTooSlow in the midst of it: the answer breaks off, which its reader notices. An
    end that looks like one would pass for all that there is.
    """

    def __init__(
        self,
        find: FindPage[Row],
        *,
        workspace_id: uuid.UUID,
        most: int = EXPORT_ROWS,
        page: int = PAGE,
        seconds: float = EXPORT_SECONDS,
    ) -> None:
        self._find, self._workspace_id = find, workspace_id
        self._most, self._page, self._seconds = most, page, seconds
        self.cut_at: datetime | None = None  # there may be more before it; None: that was all

    def __iter__(self) -> Iterator[list[Row]]:
        begun, below, left = time.monotonic(), None, self._most
        while left > 0:
            with workspace_scope(self._workspace_id):
                found = self._find(below, min(self._page, left), PAGE_BUDGET)
            if found.rows:
                yield found.rows
            left -= len(found.rows)
            below = found.below
            if below is None:
                return
            if time.monotonic() - begun > self._seconds:
                raise SearchTooSlow("The search takes too long: choose a shorter time.")
        self.cut_at = below[0] if below else None
