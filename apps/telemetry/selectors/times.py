"""How rows that carry a time are ordered, and where to look for those of a run."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from apps.core.clock import utc_now
from apps.core.ids import uuid7_time

NEWEST_FIRST: Final = ("-occurred_at", "-id")
OLDEST_FIRST: Final = ("occurred_at", "id")
CLOCK_SLACK: Final = timedelta(hours=1)  # a sender's clock against the one that made the run's id


def since_run(run_id: uuid.UUID) -> dict[str, datetime]:
    """Return a lower bound in time for what belongs to a run, when its id carries its time."""
    if run_id.version != 7:
        return {}
    made_at = uuid7_time(run_id)
    if made_at > utc_now():  # made up, or by a clock that is far off: it says nothing
        return {}
    return {"occurred_at__gte": made_at - CLOCK_SLACK}
