"""
How one line of a watched metric stands: well, pending, firing; and when it turns. Pure.

Told the value at each moment in a row, it says at which of them the rule fires and at which that is
over. docs/automations.md states the rules in words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from apps.automations.enums import Level, Side
from apps.automations.metric_trigger import MetricTrigger

SILENT_WINDOWS: Final = 2  # behind the one that had no points, after which a line is forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen at one moment: of the window before it. Without points and value: nothing."""

    at: datetime
    value: float | None
    count: int  # of points


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A line of which nothing is known, or the condition holds, or held and is not over."""

    level: Level
    since: datetime  # no data, pending: when that began; firing: when it fired
    value: float | None
    silent_since: datetime | None = None  # the first moment in a row without points


class Turn(StrEnum):
    """What became of a line at one moment."""

    FIRED = "firing"
    RESOLVED = "resolved"
    ENDED = "ended"  # resolved, because its points ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A line turned: it fires from here on, or does no more. `since`: from when on it held."""

    turn: Turn
    look: Look
    since: datetime


def follow(
    trigger: MetricTrigger,
    standing: Standing | None,
    looks: Iterable[Look],
    *,
    before: int,
) -> tuple[Standing | None, list[Crossing]]:
    """
    Return how a line stands after a row of moments, and where it turned.

    `before` is how many points there were at the moment before the first. A line of `for_each` is
    known from its points only: without any, now and at the moment before, it cannot begin to hold.
    """
    crossings: list[Crossing] = []
    for look in looks:
        is_known = not trigger.for_each or bool(look.count or before or standing)
        before = look.count
        if not is_known:
            continue
        standing, crossing = _next(trigger, standing, look)
        if crossing is not None:
            crossings.append(crossing)
    return standing, crossings


def _next(
    trigger: MetricTrigger, standing: Standing | None, look: Look
) -> tuple[Standing | None, Crossing | None]:
    holds = trigger.holds(look.value, look.count)
    if standing is not None and trigger.is_month:
        if trigger.start_of(look.at) == trigger.start_of(standing.since):
            if standing.level is Level.FIRING:
                # Corrected or not: once a month.
                return replace(standing, value=look.value), None
        else:
            standing = None  # what was of the month before is over
    silent_since = None
    if not look.count:
        silent_since = (standing and standing.silent_since) or look.at
    if standing is not None and standing.level is Level.FIRING:
        if trigger.is_over(look.value, look.count):
            return None, Crossing(turn=Turn.RESOLVED, look=look, since=standing.since)
        if _is_gone(trigger, look, silent_since):
            return None, Crossing(turn=Turn.ENDED, look=look, since=standing.since)
        return replace(standing, value=look.value, silent_since=silent_since), None
    if not holds:
        return _unknown(trigger, standing, look, silent_since), None
    held_before = standing is not None and standing.level is Level.PENDING
    since = standing.since if standing is not None and held_before else look.at
    held = Standing(level=Level.PENDING, since=since, value=look.value, silent_since=silent_since)
    if (look.at - since).total_seconds() < trigger.for_seconds:
        return held, None
    fires = replace(held, level=Level.FIRING, since=look.at)
    return fires, Crossing(turn=Turn.FIRED, look=look, since=since)


def _unknown(
    trigger: MetricTrigger, standing: Standing | None, look: Look, silent_since: datetime | None
) -> Standing | None:
    """Return that there is nothing to compare, which is neither well nor bad; None: there is."""
    is_compared = look.count > 0 or look.value is not None or trigger.side is Side.ABSENT
    if is_compared or trigger.for_each:
        return None  # a line of `for_each` without points is none
    if standing is not None and standing.level is Level.NO_DATA:
        return standing
    return Standing(level=Level.NO_DATA, since=look.at, value=None, silent_since=silent_since)


def _is_gone(trigger: MetricTrigger, look: Look, silent_since: datetime | None) -> bool:
    """Tell whether a line's points ended for good: nothing else would ever end what it says."""
    if silent_since is None:
        return False
    if not trigger.for_each and (trigger.side is Side.ABSENT or look.value is not None):
        return False  # it is there, and says that there is nothing
    return look.at - silent_since >= SILENT_WINDOWS * trigger.within
