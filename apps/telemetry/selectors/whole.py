"""Everything that a search finds, page after page: for answers that are streamed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Final

from apps.telemetry.errors import SearchTooSlow
from apps.telemetry.selectors.walk import Budget, Found, Row
from apps.telemetry.store.search import Key
from apps.tenancy.isolation import workspace_scope

EXPORT_ROWS: Final = 200_000  # in one answer, the newest ones
EXPORT_SECONDS: Final = 240.0
PAGE: Final = 2_000
PAGE_BUDGET: Final = Budget(10.0)

FindPage = Callable[[Key | None, int, Budget], Found[Row]]  # below, limit


def every_page(
    find: FindPage[Row], *, workspace_id: uuid.UUID, most: int = EXPORT_ROWS
) -> Iterator[list[Row]]:
    """
    Yield what is found, newest first, up to `most` rows; each page in a transaction of its own.

    Raises: SearchTooSlow in the midst of it: the answer breaks off, which its reader notices. An
    end that looks like one would pass for all that there is.
    """
    begun, below, left = time.monotonic(), None, most
    while left > 0:
        with workspace_scope(workspace_id):
            found = find(below, min(PAGE, left), PAGE_BUDGET)
        if found.rows:
            yield found.rows
        left -= len(found.rows)
        below = found.below
        if below is None:
            return
        if time.monotonic() - begun > EXPORT_SECONDS:
            raise SearchTooSlow("The search takes too long: choose a shorter time.")
