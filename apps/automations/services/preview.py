"""Show what a trigger would have made of what is already there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from apps.automations.backtest import WouldFire, backtest
from apps.automations.conditions import Conditions, Facts
from apps.automations.errors import BadRule
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.rules import Rule
from apps.automations.services.check import parse_trigger
from apps.automations.services.preview_metric import MovingValues, play_metric
from apps.telemetry import selectors as telemetry
from apps.telemetry.selectors import EventScan

MAX_EVENTS = 5_000  # read for one preview
MAX_WINDOWS = 10_000  # played for one preview
SHOWN_EVENTS = 20
SHOWN_FIRINGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`events`: the newest that match. `read_until`: earlier than asked when it is cut."""

    events: list[Facts]
    total: int
    would_fire: list[WouldFire]
    fired: int
    is_cut: bool
    read_until: datetime
    lines: list[MovingValues] = field(default_factory=list)  # of a metric
    moments: int = 0  # at which it was looked at


def preview_trigger(
    *, workspace_id: uuid.UUID, trigger: object, since: datetime, until: datetime
) -> Preview:
    """
    Play the stored events of a time, in their order, to a trigger.

    Reads at most 5,000 events that have one of the names it asks for, the earliest first.
    Of a metric it plays the values at each moment at which it would be looked at.
    Raises: BadRule, QueryTooLarge.
    """
    parsed = parse_trigger(trigger)
    if isinstance(parsed, MetricTrigger):
        return _of_metric(workspace_id, parsed, since, until)
    rule = Rule(id=uuid.UUID(int=0), version=1, active_since=since, trigger=parsed)
    if rule.is_row and (until - since) / parsed.within > MAX_WINDOWS:
        message = f"At most {MAX_WINDOWS:,} windows of the trigger's length."
        raise BadRule("The range is too long.", fields={"from": [message]})
    asked = [conditions for _, conditions in rule.parts]
    events = telemetry.scan_events(
        workspace_id=workspace_id,
        only=EventScan(since=since, until=until, names=_names(asked)),
        limit=MAX_EVENTS + 1,
    )
    is_cut = len(events) > MAX_EVENTS
    events = events[:MAX_EVENTS]
    read_until = events[-1].occurred_at if is_cut else until
    result = backtest(rule, events, until=read_until)
    return Preview(
        events=result.concerned[: -SHOWN_EVENTS - 1 : -1],
        total=len(result.concerned),
        would_fire=result.fired[: -SHOWN_FIRINGS - 1 : -1],
        fired=len(result.fired),
        is_cut=is_cut,
        read_until=read_until,
    )


def _of_metric(
    workspace_id: uuid.UUID, trigger: MetricTrigger, since: datetime, until: datetime
) -> Preview:
    played = play_metric(workspace_id=workspace_id, trigger=trigger, since=since, until=until)
    return Preview(
        events=[],
        total=0,
        would_fire=played.fired[: -SHOWN_FIRINGS - 1 : -1],
        fired=len(played.fired),
        is_cut=played.is_cut,
        read_until=played.read_until,
        lines=played.lines,
        moments=played.moments,
    )


def _names(asked: list[Conditions]) -> list[str] | None:
    """Return the names that any of the conditions may match; None: any name."""
    names: list[str] = []
    for conditions in asked:
        if conditions.names is None:
            return None
        names += conditions.names
    return names
