"""
Rules ready to be asked, and what an event is to them. Pure.

The evaluator and the preview both go through here, so that a preview promises what will be done.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.automations.conditions import Conditions, Facts, Index, Reader, key_of
from apps.automations.metric_trigger import MetricTrigger
from apps.automations.triggers import AbsenceTrigger, EventTrigger, Trigger
from apps.automations.windows import Frame

# What automations tell of themselves is not for them: a rule that heard it could go on for ever.
OWN_EVENTS: Final = "headway.automation."


class Part(enum.Enum):
    """What an event is to a rule."""

    HAPPENED = "happened"
    OPENS = "opens"
    EXPECTED = "expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of an automation, as the evaluator sees it."""

    id: UUID
    version: int
    active_since: datetime
    trigger: Trigger

    @property
    def parts(self) -> list[tuple[Part, Conditions]]:
        """What of events it asks about; one on a metric asks about none."""
        trigger = self.trigger
        if isinstance(trigger, MetricTrigger):
            return []
        if isinstance(trigger, EventTrigger):
            return [(Part.HAPPENED, trigger.conditions)]
        if trigger.opening is None:
            return [(Part.EXPECTED, trigger.expected)]
        # Opening first: an event that both opens and is expected never counts for its own window.
        return [(Part.OPENS, trigger.opening), (Part.EXPECTED, trigger.expected)]

    @property
    def key_readers(self) -> list[Reader]:
        return [] if isinstance(self.trigger, MetricTrigger) else self.trigger.key_readers

    @property
    def is_row(self) -> bool:
        """Windows follow each other by themselves."""
        return isinstance(self.trigger, AbsenceTrigger) and self.trigger.after is None

    @property
    def frame(self) -> Frame:
        trigger = self.trigger
        assert isinstance(trigger, AbsenceTrigger)
        return Frame(within=trigger.within, allow_late=trigger.allow_late, needed=trigger.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An event concerns a rule."""

    rule: Rule
    part: Part
    key: str
    event: Facts


class Rulebook:
    """The rules of one workspace."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._index: Index[tuple[Rule, Part]] = Index(
            ((rule, part), conditions) for rule in rules for part, conditions in rule.parts
        )

    def hits(self, events: Iterable[Facts]) -> list[Hit]:
        """Return what the events are to the rules: events in their order, then rules in theirs."""
        found = []
        for event in events:
            if event.name.startswith(OWN_EVENTS):
                continue
            for rule, part in self._index.concerned(event):
                if event.occurred_at < rule.active_since:
                    continue
                key = key_of(event, rule.key_readers)
                if key is not None:
                    found.append(Hit(rule=rule, part=part, key=key, event=event))
        return found
