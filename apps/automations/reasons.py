"""Why a rule fired, kept with the firing: as data, and as one sentence. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from apps.automations.budget import plain_amount
from apps.automations.conditions import Facts, read_key
from apps.automations.enums import Side
from apps.automations.levels import Crossing, Turn
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.sentence import (
    costing,
    duration,
    measure_of,
    number,
    subject_of,
    subject_of_metric,
)
from apps.automations.triggers import AbsenceTrigger, EventTrigger
from apps.automations.windows import Entry, Window
from apps.costs.enums import CostLabel

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
    trigger: MetricTrigger,
    crossing: Crossing,
    *,
    labels: Mapping[str, str],
    key: str,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """
    A watched number crossed its threshold, or came back.

    `names`: of what a rule on costs speaks of by id. Of a month so far it also says which `month`,
    of costs in which `currency`.
    """
    look = crossing.look
    is_firing = crossing.turn is Turn.FIRED
    if trigger.is_month:
        text = f"{_said_of_month(trigger, crossing, labels, names or {})}{_for(key)}."
    else:
        said = _said_of_absence if trigger.side is Side.ABSENT else _said_of_level
        text = f"{said(trigger, crossing)}, at {_clock(look.at)}{_for(key)}."
    month = {"month": _month(trigger, look.at)} if trigger.is_month else {}
    if trigger.is_cost:
        month["currency"] = currency_of(trigger, labels)
    return {
        "type": "metric",
        "text": text,
        "state": (Turn.FIRED if is_firing else Turn.RESOLVED).value,
        "metric": trigger.metric,
        "aggregate": trigger.aggregate.value,
        "is": trigger.side.value,
        "value": look.value,
        "threshold": trigger.threshold,
        "series": dict(labels),
        "window": {"from": wire(trigger.start_of(look.at)), "to": wire(look.at)},
        "since": wire(crossing.since),
        "count": look.count,
        **month,
    }


def currency_of(trigger: MetricTrigger, labels: Mapping[str, str]) -> str:
    """Return in which currency a rule on costs counts, of this line."""
    named = labels.get(CostLabel.CURRENCY.value)
    return trigger.where[CostLabel.CURRENCY.value][0] if named is None else named


def _said_of_month(
    trigger: MetricTrigger,
    crossing: Crossing,
    labels: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    assert trigger.threshold is not None
    assert crossing.look.value is not None
    value, level = crossing.look.value, trigger.threshold
    month = f"{trigger.start_of(crossing.look.at):%B %Y}"
    by = _clock(crossing.look.at)
    if trigger.is_cost:
        what, currency = costing(trigger, names), currency_of(trigger, labels)
        spent, amount = plain_amount(round(value, 6)), plain_amount(level)
        return f"{what} cost {spent} {currency} in {month} by {by}, of {amount} {currency}"
    return f"{measure_of(trigger)} in {month} was {number(value)} by {by}, at least {number(level)}"


def _month(trigger: MetricTrigger, at: datetime) -> str:
    return f"{trigger.start_of(at):%Y-%m}"


def _said_of_absence(trigger: MetricTrigger, crossing: Crossing) -> str:
    what = subject_of_metric(trigger)
    if crossing.turn is Turn.FIRED:
        silent = duration(_within(trigger) + trigger.for_seconds)
        return f"{what} had no points for {silent}"
    if crossing.turn is Turn.RESOLVED:
        return f"{what} has points again"
    return f"{what} is no longer waited for"


def _within(trigger: MetricTrigger) -> int:
    assert trigger.within_seconds is not None
    return trigger.within_seconds


def _said_of_level(trigger: MetricTrigger, crossing: Crossing) -> str:
    what, value = measure_of(trigger), crossing.look.value
    if crossing.turn is Turn.ENDED or value is None:
        return f"{subject_of_metric(trigger)} has no points any more"
    assert trigger.threshold is not None
    is_firing = crossing.turn is Turn.FIRED
    level = f"{trigger.side.value} {number(trigger.threshold)}"
    held = f" for {duration(trigger.for_seconds)}" if is_firing and trigger.for_seconds else ""
    over = f"{'' if is_firing else 'no longer '}{level}{held}"
    return f"{what} over {duration(_within(trigger))} was {number(value)}, {over}"


def dedupe_of_crossing(trigger: MetricTrigger, crossing: Crossing, key: str) -> str:
    """
    Name the turn of a line at a moment among all of its automation, for ever.

    Of a month, its turn in this month for what is asked: a pause, or a correction there and back,
    makes no other one. Another threshold does.
    """
    if trigger.is_month:
        return dedupe_of_month(trigger, _month(trigger, crossing.look.at), key)
    turn = "fired" if crossing.turn is Turn.FIRED else "over"
    return f"metric:{turn}:{wire(crossing.look.at)}:{_digest(key)}"


def dedupe_of_month(trigger: MetricTrigger, month: str, key: str) -> str:
    """Name that a line reached its threshold in a month ("2026-11")."""
    where = {label: sorted(values) for label, values in trigger.where.items()}
    asked = [trigger.metric, trigger.aggregate.value, where, trigger.for_each, trigger.threshold]
    return f"month:{month}:{_digest(json.dumps([*asked, key], sort_keys=True))}"


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
