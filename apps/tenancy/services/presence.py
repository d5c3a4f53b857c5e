"""When people were last here: to a few minutes, for one write in as many."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from django.db.models import Q

from apps.tenancy.models import Member

SEEN_STEP: Final = timedelta(minutes=5)
_MAX_KNOWN: Final = 10_000
_noted: dict[uuid.UUID, float] = {}  # member → when this process last wrote, monotonic seconds


def note_presence(*, member_id: uuid.UUID, now: datetime) -> None:
    """
    Remember that the member is here, at most once in five minutes.

    Of many processes one writes: the others find it written.
    """
    moment, step = monotonic(), SEEN_STEP.total_seconds()
    if moment - _noted.get(member_id, -step) < step:
        return
    if len(_noted) >= _MAX_KNOWN:
        _noted.clear()
    _noted[member_id] = moment
    Member.objects.filter(pk=member_id).filter(
        Q(last_seen_at=None) | Q(last_seen_at__lt=now - SEEN_STEP)
    ).update(last_seen_at=now)


def forget_presence() -> None:
    """Look into the database again at whoever comes next."""
    _noted.clear()
