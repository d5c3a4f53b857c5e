"""Pure: what a schedule says of its times, checked as a whole."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from apps.flows.enums import ScheduleKind
from apps.flows.recurrence import EPOCH, Cron, Interval, Once, Recurrence
from apps.flows.rrule import Rule
from apps.flows.zones import BadRecurrenceError, find_zone

if TYPE_CHECKING:
    from datetime import datetime

    from apps.flows.specs import ScheduleSpec

_REMEMBERED = 8_192  # recurrences by what they say, about 2 kB each
# What says when; each kind has exactly its own, and some an anchor besides.
_OF_KIND = {
    ScheduleKind.CRON: "cron",
    ScheduleKind.INTERVAL: "interval_seconds",
    ScheduleKind.RRULE: "rrule",
    ScheduleKind.ONCE: "once_at",
}
ANCHORED = frozenset({ScheduleKind.INTERVAL, ScheduleKind.RRULE})


def fields_of(kind: ScheduleKind) -> frozenset[str]:
    """Return the inputs by which schedules of this kind say when."""
    return frozenset({_OF_KIND[kind]} | ({"anchor_at"} if kind in ANCHORED else set()))


def recurrence_of(spec: ScheduleSpec, *, now: datetime | None = None) -> Recurrence:
    """
    Return the times of a schedule; those of an interval without an anchor count from 1970.

    With `now`, a rule without an anchor begins then.
    Raises: BadRecurrenceError.
    """
    wanted = _OF_KIND[spec.kind]
    for name in _OF_KIND.values():
        if (name == wanted) == (getattr(spec, name) in (None, "")):
            message = f"A schedule of kind {spec.kind} has {wanted}, and only that."
            raise BadRecurrenceError(wanted, message)
    if spec.anchor_at is not None and spec.kind not in ANCHORED:
        message = f"A schedule of kind {spec.kind} has no anchor."
        raise BadRecurrenceError("anchor_at", message)
    anchor = spec.anchor_at or now or EPOCH
    match spec.kind:
        case ScheduleKind.CRON:
            return Cron(expression=spec.cron, timezone=spec.timezone)
        case ScheduleKind.RRULE:
            return Rule(text=spec.rrule, anchor=anchor, timezone=spec.timezone)
    find_zone(spec.timezone)
    if spec.once_at is not None:
        return Once(at=spec.once_at)
    assert spec.interval_seconds is not None
    return Interval(every=timedelta(seconds=spec.interval_seconds), anchor=anchor)


@lru_cache(maxsize=_REMEMBERED)
def stored_recurrence(
    kind: str,
    cron: str,
    interval_seconds: int | None,
    anchor_at: datetime | None,
    rrule: str,
    once_at: datetime | None,
    timezone: str,
) -> Recurrence:
    """
    Return the times of a schedule by its columns, which a CHECK of the table keeps whole.

    PERF: reading a rule takes longer than asking it for a time, and it is asked each time it comes
    due; many schedules also say the same.
    """
    if kind == ScheduleKind.CRON:
        return Cron(expression=cron, timezone=timezone, checked=True)
    if kind == ScheduleKind.ONCE:
        assert once_at is not None
        return Once(at=once_at)
    assert anchor_at is not None
    if kind == ScheduleKind.RRULE:
        return Rule(text=rrule, anchor=anchor_at, timezone=timezone, checked=True)
    assert interval_seconds is not None
    return Interval(every=timedelta(seconds=interval_seconds), anchor=anchor_at)
