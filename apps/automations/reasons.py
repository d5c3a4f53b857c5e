"""Why a rule fired, kept with the firing: as data, and as one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from apps.automations.conditions import Facts, read_key
from apps.automations.enums import Side
from apps.automations.levels import Crossing, Turn
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.sentence import (
    duration,
    measure_of,
    number,
    subject_of,
    subject_of_metric,
)
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


def of_metric(
    trigger: MetricTrigger, crossing: Crossing, *, labels: Mapping[str, str], key: str
) -> dict[str, Any]:
    """A watched number crossed its threshold, or came back."""
    look = crossing.look
    is_firing = crossing.turn is Turn.FIRED
    said = _said_of_absence if trigger.side is Side.ABSENT else _said_of_level
    return {
        "type": "metric",
        "text": f"{said(trigger, crossing)}, at {_clock(look.at)}{_for(key)}.",
        "state": (Turn.FIRED if is_firing else Turn.RESOLVED).value,
        "metric": trigger.metric,
        "aggregate": trigger.aggregate.value,
        "is": trigger.side.value,
        "value": look.value,
        "threshold": trigger.threshold,
        "series": dict(labels),
        "window": {"from": wire(look.at - trigger.within), "to": wire(look.at)},
        "since": wire(crossing.since),
        "count": look.count,
    }


def _said_of_absence(trigger: MetricTrigger, crossing: Crossing) -> str:
    what = subject_of_metric(trigger)
    if crossing.turn is Turn.FIRED:
        silent = duration(trigger.within_seconds + trigger.for_seconds)
        return f"{what} had no points for {silent}"
    if crossing.turn is Turn.RESOLVED:
        return f"{what} has points again"
    return f"{what} is no longer waited for"


def _said_of_level(trigger: MetricTrigger, crossing: Crossing) -> str:
    what, value = measure_of(trigger), crossing.look.value
    if crossing.turn is Turn.ENDED or value is None:
        return f"{subject_of_metric(trigger)} has no points any more"
    assert trigger.threshold is not None
    is_firing = crossing.turn is Turn.FIRED
    level = f"{trigger.side.value} {number(trigger.threshold)}"
    held = f" for {duration(trigger.for_seconds)}" if is_firing and trigger.for_seconds else ""
    over = f"{'' if is_firing else 'no longer '}{level}{held}"
    return f"{what} over {duration(trigger.within_seconds)} was {number(value)}, {over}"


def dedupe_of_crossing(crossing: Crossing, key: str) -> str:
    """Name the turn of a line at a moment among all of its automation, for ever."""
    turn = "fired" if crossing.turn is Turn.FIRED else "over"
    return f"metric:{turn}:{wire(crossing.look.at)}:{_digest(key)}"


def dedupe_of_window(window: Window) -> str:
    """Name the window among all of its automation, for ever."""
    return f"window:{wire(window.starts_at)}:{window.opened_by or ''}:{_digest(window.key)}"


def _digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=16).hexdigest()


def _named(at: datetime, event_id: UUID) -> dict[str, str]:
    return {"id": str(event_id), "occurred_at": wire(at)}


def _clock(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _for(key: str) -> str:
    if not key:
        return ""
    values = read_key(key)
    return f", for {', '.join(values)}" if values else f", for {key}"
