"""Show what a rule on a metric would have made of the points that are there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from apps.automations import reasons
from apps.automations.backtest import WouldFire
from apps.automations.enums import Side
from apps.automations.levels import Look, Standing, Turn, follow
from apps.automations.metric_trigger import MAX_LINES, MetricTrigger
from apps.automations.selectors import names_in
from apps.automations.services.reading import Reader, looks_of
from apps.automations.services.watch import first_moment

MOMENTS: Final = 1_440  # read at once
SKETCHED: Final = 240  # of percentiles
MAX_WORK: Final = 20_000_000  # steps summed up for one preview; then it is cut
SKETCH_COSTS: Final = 20  # as much as so many numbers
SHOWN_LINES: Final = 10
SHOWN_POINTS: Final = 300  # of each line


@dataclass(slots=True, kw_only=True)
class MovingValues:
    """What the rule compares of one line, moment by moment."""

    labels: dict[str, str]
    looks: list[Look] = field(default_factory=list)
    standing: Standing | None = None
    fired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedMetric:
    """`read_until`: earlier than asked when it was too much to reckon with at once."""

    lines: list[MovingValues]
    moments: int
    fired: list[WouldFire]
    read_until: datetime
    is_cut: bool


def play_metric(
    *, workspace_id: uuid.UUID, trigger: MetricTrigger, since: datetime, until: datetime
) -> PlayedMetric:
    """
    Let a rule look at each of its moments from `since` to `until`, as if it had been there.

    Raises: QueryTooLarge.
    """
    lines: dict[str, MovingValues] = {}
    fired: list[WouldFire] = []
    at_once = MOMENTS if trigger.aggregate.quantile is None else SKETCHED
    width = 1 if trigger.is_cost else trigger.within // trigger.step
    cost = width * (1 if trigger.aggregate.quantile is None else SKETCH_COSTS)
    reader = Reader(workspace_id)
    names = names_in(workspace_id=workspace_id, triggers=[trigger])
    first, work, count = first_moment(trigger, since), 0, 0
    while first <= until and work < MAX_WORK:
        some = min((until - first) // trigger.step + 1, at_once)
        moments = [first + number * trigger.step for number in range(some)]
        found = reader.read(trigger, moments)
        for key in [*found, *(key for key in lines if key not in found)][:MAX_LINES]:
            line = found.get(key)
            played = lines.setdefault(key, MovingValues(labels=line.labels if line else {}))
            before, looks = looks_of(trigger, moments, line)
            played.looks += looks
            played.standing, crossings = follow(trigger, played.standing, looks, before=before)
            for crossing in crossings:
                if crossing.turn is Turn.FIRED or trigger.tell_resolved:
                    reason = reasons.of_metric(
                        trigger, crossing, labels=played.labels, key=key, names=names
                    )
                    fired.append(WouldFire(at=crossing.look.at, key=key, reason=reason))
                played.fired += crossing.turn is Turn.FIRED
        count += some
        work += some * cost * max(len(found), 1)
        first = moments[-1] + trigger.step
    is_cut = first <= until
    return PlayedMetric(
        lines=_most_telling(trigger, list(lines.values())),
        moments=count,
        fired=sorted(fired, key=lambda one: (one.at, one.key)),
        read_until=first - trigger.step if is_cut else until,
        is_cut=is_cut,
    )


def shown_points(trigger: MetricTrigger, looks: Sequence[Look]) -> list[tuple[int, float | None]]:
    """
    Return (milliseconds since 1970, value), at most 300: of several moments what is the worst.

    So that no crossing is hidden: above a threshold the highest, below it the lowest. Of what is
    absent the number of points.
    """
    stride = -(-len(looks) // SHOWN_POINTS) or 1
    worst = max if trigger.side.is_high else min
    points: list[tuple[int, float | None]] = []
    for place in range(0, len(looks), stride):
        some = looks[place : place + stride]
        values = [value for look in some if (value := _compared(trigger, look)) is not None]
        at = int(some[0].at.timestamp() * 1_000)
        points.append((at, worst(values) if values else None))
    return points


def _compared(trigger: MetricTrigger, look: Look) -> float | None:
    return float(look.count) if trigger.side is Side.ABSENT else look.value


def _most_telling(trigger: MetricTrigger, lines: list[MovingValues]) -> list[MovingValues]:
    """Return the lines that fired most often, then those that came nearest."""
    sign = -1 if trigger.side.is_high else 1

    def nearest(line: MovingValues) -> tuple[int, float]:
        values = [value for look in line.looks if (value := _compared(trigger, look)) is not None]
        return -line.fired, min((sign * value for value in values), default=float("inf"))

    return sorted(lines, key=nearest)[:SHOWN_LINES]
