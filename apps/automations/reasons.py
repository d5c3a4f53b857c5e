"""Why a rule fired, kept with the firing: as data, and as one sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from apps.automations.conditions import Facts, read_key
from apps.automations.sentence import duration, subject_of
from apps.automations.triggers import AbsenceTrigger, EventTrigger
from apps.automations.windows import Entry, Window

SHOWN_EVENTS: Final = 20  # named in a reason, of however many


def wire(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def of_event(trigger: EventTrigger, event: Facts, key: str) -> dict[str, Any]:
    """A matching event arrived."""
    about = f" on {event.resource_name}" if event.resource_name else ""
    return {
        "type": "event",
        "text": f"{event.name}{about} happened at {_clock(event.occurred_at)}{_for(key)}.",
        "events": [_named(event.occurred_at, event.id)],
        "count": 1,
        "within_seconds": trigger.within_seconds,
    }


def of_threshold(trigger: EventTrigger, used: Sequence[Entry], key: str) -> dict[str, Any]:
    """As many matching events as are needed lay within the time."""
    what = subject_of(trigger.match)
    span = duration(trigger.within_seconds)
    return {
        "type": "threshold",
        "text": (
            f"{what} happened {len(used)} times within {span}, from {_clock(used[0][0])}"
            f" to {_clock(used[-1][0])}{_for(key)}."
        ),
        "events": [_named(*entry) for entry in used[-SHOWN_EVENTS:]],
        "count": len(used),
        "within_seconds": trigger.within_seconds,
    }


def of_absence(trigger: AbsenceTrigger, window: Window) -> dict[str, Any]:
    """What was expected did not come, or not often enough."""
    what = subject_of(trigger.expect or trigger.match)
    count = len(window.seen)
    start, end = _clock(window.starts_at), _clock(window.ends_at)
    came = f"happened only {count} of {window.needed} times" if count else "did not happen"
    if trigger.after is None:
        text = f"{what} {came} between {start} and {end}{_for(window.key)}."
    else:
        opener = subject_of(trigger.after or trigger.match)
        text = f"After {opener} at {start}, {what} {came} by {end}{_for(window.key)}."
    return {
        "type": "absence",
        "text": text,
        "opened_by": None
        if window.opened_by is None
        else _named(window.starts_at, window.opened_by),
        "window": {"from": wire(window.starts_at), "to": wire(window.ends_at)},
        "due_at": wire(window.due_at),
        "needed": window.needed,
        "count": count,
        "seen": [str(event_id) for event_id in window.seen[:SHOWN_EVENTS]],
    }


def dedupe_of_window(window: Window) -> str:
    """Name the window among all of its automation, for ever."""
    digest = blake2b(window.key.encode(), digest_size=16).hexdigest()
    return f"window:{wire(window.starts_at)}:{window.opened_by or ''}:{digest}"


def _named(at: datetime, event_id: UUID) -> dict[str, str]:
    return {"id": str(event_id), "occurred_at": wire(at)}


def _clock(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _for(key: str) -> str:
    if not key:
        return ""
    values = read_key(key)
    return f", for {', '.join(values)}" if values else f", for {key}"
