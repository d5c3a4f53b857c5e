"""What a rule would have done over events that are already there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.automations import reasons
from apps.automations.conditions import Facts
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.rules import Hit, Part, Rule, Rulebook
from apps.automations.triggers import AbsenceTrigger, EventTrigger
from apps.automations.windows import Bucket, Row, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldFire:
    """One firing that would have been."""

    at: datetime
    key: str
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """`concerned`: the events that are anything to the rule, oldest first."""

    concerned: list[Facts]
    fired: list[WouldFire]


def backtest(rule: Rule, events: Sequence[Facts], *, until: datetime) -> Backtest:
    """Play the events, in order of their time, to the rule; windows due by `until` are decided."""
    hits = Rulebook([rule]).hits(events)
    concerned = list({hit.event.id: hit.event for hit in hits}.values())
    if isinstance(rule.trigger, EventTrigger):
        fired = _happened(rule.trigger, hits)
    elif isinstance(rule.trigger, MetricTrigger):
        fired = []  # no event is anything to it; see `services.preview_metric`
    elif rule.is_row:
        fired = _rows(rule, rule.trigger, hits, until)
    else:
        fired = _opened(rule, rule.trigger, hits, until)
    return Backtest(concerned=concerned, fired=sorted(fired, key=lambda one: (one.at, one.key)))


def _happened(trigger: EventTrigger, hits: Sequence[Hit]) -> list[WouldFire]:
    fired = []
    buckets: dict[str, Bucket] = {}
    for hit in hits:
        at = hit.event.occurred_at
        if trigger.threshold == 1:
            reason = reasons.of_event(trigger, hit.event, hit.key)
        else:
            bucket = buckets.setdefault(hit.key, Bucket())
            used = bucket.take((at, hit.event.id), needed=trigger.threshold, within=trigger.within)
            if used is None:
                continue
            reason = reasons.of_threshold(trigger, used, hit.key)
        fired.append(WouldFire(at=at, key=hit.key, reason=reason))
    return fired


def _opened(
    rule: Rule, trigger: AbsenceTrigger, hits: Sequence[Hit], until: datetime
) -> list[WouldFire]:
    waiting: dict[str, list[Window]] = {}
    missed: list[Window] = []
    for hit in hits:
        at, event_id = hit.event.occurred_at, hit.event.id
        of_key = waiting.setdefault(hit.key, [])
        missed += [window for window in of_key if window.is_open and window.ends_at < at]
        of_key[:] = [window for window in of_key if window.is_open and window.ends_at >= at]
        if hit.part is Part.OPENS:
            of_key.append(rule.frame.open(hit.key, at, opened_by=event_id))
        else:
            for window in of_key:
                window.count(at, event_id)
    missed += [window for of_key in waiting.values() for window in of_key if window.is_open]
    return [_missed(trigger, window) for window in missed if window.due_at <= until]


def _rows(
    rule: Rule, trigger: AbsenceTrigger, hits: Sequence[Hit], until: datetime
) -> list[WouldFire]:
    rows: dict[str, Row] = {}
    if not trigger.for_each:
        first = rule.frame.open("", rule.active_since)
        rows[""] = Row(rule.frame, "", rule.active_since, [first])
    fired: list[WouldFire] = []

    def decide(row: Row, by: datetime, *, itself: bool) -> None:
        """Decide what was due before the moment, or at the moment itself."""
        while due := [
            window
            for window in row.windows.values()
            if window.due_at < by or (itself and window.due_at == by)
        ]:
            window = min(due, key=lambda each: each.starts_at)
            window.close()
            if not window.is_satisfied:
                fired.append(_missed(trigger, window))
            row.follow(window, may_forget=bool(trigger.for_each))
            # Events come in the order of their time: none will lie in this window any more.
            del row.windows[window.starts_at]

    for hit in hits:
        at, event_id = hit.event.occurred_at, hit.event.id
        row = rows.setdefault(hit.key, Row(rule.frame, hit.key, rule.active_since, []))
        decide(row, at, itself=False)
        row.count(at, event_id)
    for row in rows.values():
        decide(row, until, itself=True)
    return fired


def _missed(trigger: AbsenceTrigger, window: Window) -> WouldFire:
    return WouldFire(at=window.due_at, key=window.key, reason=reasons.of_absence(trigger, window))
