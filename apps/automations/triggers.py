"""Triggers as data: decoded and checked at the door, compiled once for the evaluator. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from apps.automations.conditions import Conditions, Reader, find_field_fault, reader_of
from apps.automations.metric_trigger import MetricTrigger, metric_faults

MAX_WITHIN_SECONDS: Final = 31 * 86_400
MIN_ABSENCE_SECONDS: Final = 10
MAX_LATE_SECONDS: Final = 7 * 86_400
MAX_THRESHOLD: Final = 1_000
MAX_FIELDS: Final = 20
MAX_PATTERNS: Final = 50
MAX_PATTERN_LENGTH: Final = 1_025  # a resource's name and a star
MAX_FIELD_LENGTH: Final = 300
MAX_FOR_EACH: Final = 4

Patterns = Annotated[list[str | int | float | bool], Meta(min_length=1, max_length=MAX_PATTERNS)]
RawMatcher = Annotated[dict[str, Patterns], Meta(max_length=MAX_FIELDS)]
ForEach = Annotated[list[str], Meta(max_length=MAX_FOR_EACH)]
Threshold = Annotated[int, Meta(ge=1, le=MAX_THRESHOLD)]
Matcher = dict[str, list[str]]


class EventTrigger(Struct, kw_only=True, forbid_unknown_fields=True, tag="event", dict=True):
    """Something happened: once, or N times within a time."""

    match: RawMatcher
    for_each: ForEach = []
    threshold: Threshold = 1
    within_seconds: Annotated[int, Meta(ge=1, le=MAX_WITHIN_SECONDS)] = 60

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions(_texts(self.match))

    @cached_property
    def key_readers(self) -> list[Reader]:
        return [reader_of(field) for field in self.for_each]

    @property
    def within(self) -> timedelta:
        return timedelta(seconds=self.within_seconds)


class AbsenceTrigger(Struct, kw_only=True, forbid_unknown_fields=True, tag="absence", dict=True):
    """Something failed to happen: after something else, or again and again."""

    expect: RawMatcher
    match: RawMatcher = {}
    after: RawMatcher | None = None
    for_each: ForEach = []
    threshold: Threshold = 1
    within_seconds: Annotated[int, Meta(ge=MIN_ABSENCE_SECONDS, le=MAX_WITHIN_SECONDS)]
    allow_late_seconds: Annotated[int, Meta(ge=0, le=MAX_LATE_SECONDS)] = 0

    @cached_property
    def expected(self) -> Conditions:
        return Conditions(_texts(self.match), _texts(self.expect))

    @cached_property
    def opening(self) -> Conditions | None:
        if self.after is None:
            return None
        return Conditions(_texts(self.match), _texts(self.after))

    @cached_property
    def key_readers(self) -> list[Reader]:
        return [reader_of(field) for field in self.for_each]

    @property
    def within(self) -> timedelta:
        return timedelta(seconds=self.within_seconds)

    @property
    def allow_late(self) -> timedelta:
        return timedelta(seconds=self.allow_late_seconds)


EventsTrigger = EventTrigger | AbsenceTrigger
Trigger = EventsTrigger | MetricTrigger
Faults = dict[str, list[str]]


class TriggerFaultError(ValueError):
    """The trigger cannot be understood; `faults` says where and why."""

    def __init__(self, faults: Faults) -> None:
        super().__init__("; ".join(text for texts in faults.values() for text in texts))
        self.faults = faults


def parse_trigger(raw: object) -> Trigger:
    """Return the trigger that JSON describes. Raises: TriggerFaultError."""
    try:
        trigger: Trigger = msgspec.convert(raw, Trigger)
    except msgspec.ValidationError as error:
        raise TriggerFaultError(faults_of(error, "trigger")) from None
    faults: Faults = {}
    found = metric_faults(trigger) if isinstance(trigger, MetricTrigger) else _faults(trigger)
    for field, fault in found:
        faults.setdefault(f"trigger.{field}", []).append(fault)
    if faults:
        raise TriggerFaultError(faults)
    return trigger


def plain(trigger: Trigger) -> dict[str, Any]:
    """Return the trigger as it is stored and shown: patterns as texts, every field present."""
    built: dict[str, Any] = msgspec.to_builtins(trigger)
    for name in ("match", "after", "expect"):
        if built.get(name):
            built[name] = _texts(built[name])
    return built


def faults_of(error: msgspec.ValidationError, field: str) -> Faults:
    """Turn msgspec's "… - at `$.a.b[0]`" into `{"trigger.a.b.0": ["…"]}`."""
    text, _, place = str(error).partition(" - at ")
    # Of a key that will not do the place begins with "`key` in ".
    place = place.rpartition("$")[2].strip("`").replace("[...]", "").replace("[", ".")
    return {f"{field}{place.replace(']', '')}".rstrip("."): [f"{text}."]}


def _faults(trigger: EventsTrigger) -> Iterator[tuple[str, str]]:
    matchers: dict[str, Mapping[str, list[Any]] | None] = {"match": trigger.match}
    if isinstance(trigger, AbsenceTrigger):
        matchers |= {"after": trigger.after, "expect": trigger.expect}
    for name, matcher in matchers.items():
        for field, patterns in (matcher or {}).items():
            if fault := _field_fault(field):
                yield f"{name}.{field}"[:MAX_FIELD_LENGTH], fault
            for pattern in patterns:
                if fault := _pattern_fault(_text(pattern)):
                    yield f"{name}.{field}"[:MAX_FIELD_LENGTH], fault
    for place, field in enumerate(trigger.for_each):
        if fault := _field_fault(field):
            yield f"for_each.{place}", fault
        elif field in trigger.for_each[:place]:
            yield f"for_each.{place}", "Named twice."
    if isinstance(trigger, EventTrigger) and not trigger.match:
        yield "match", "Say which events: a rule for all of them would never rest."
    if isinstance(trigger, AbsenceTrigger):
        if not trigger.match and not trigger.expect:
            yield "expect", "Say which events are expected."
        if trigger.after is not None and not trigger.match and not trigger.after:
            yield "after", "Say after which events, or leave it out."


def _field_fault(field: str) -> str | None:
    if len(field) > MAX_FIELD_LENGTH:
        return f"At most {MAX_FIELD_LENGTH} characters."
    if "\x00" in field:
        return "NUL characters are not allowed."
    return find_field_fault(field)


def _pattern_fault(pattern: str) -> str | None:
    if pattern in {"", "!"}:
        return "A pattern must not be empty; `*` stands for any value."
    if len(pattern) > MAX_PATTERN_LENGTH:
        return f"A pattern has at most {MAX_PATTERN_LENGTH} characters."
    if "\x00" in pattern:
        return "NUL characters are not allowed."
    if "*" in pattern[:-1]:
        return "A star may stand at the end only."
    return None


def _text(pattern: object) -> str:
    return pattern if isinstance(pattern, str) else msgspec.json.encode(pattern).decode()


def _texts(matcher: Mapping[str, list[Any]]) -> Matcher:
    return {field: [_text(pattern) for pattern in patterns] for field, patterns in matcher.items()}
