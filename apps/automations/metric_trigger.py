"""The trigger on a metric as data: which numbers are watched, and when they are too high. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from apps.automations.enums import Over, Side
from apps.costs.enums import COST_METRIC, CostLabel
from apps.telemetry.limits import LABEL_COUNT, LABEL_KEY_LENGTH, LABEL_VALUE_LENGTH, NAME_LENGTH
from apps.telemetry.moving import NOTHING
from apps.telemetry.query import Aggregate

MINUTE: Final = 60
DEFAULT_WINDOW_SECONDS: Final = 300
MAX_WINDOW_SECONDS: Final = 31 * 86_400
MAX_FOR_SECONDS: Final = 7 * 86_400
MAX_LATE_SECONDS: Final = 3_600
MAX_VALUES: Final = 100  # of one label
MAX_LABELS: Final = 4  # by which lines are told apart
MAX_LINES: Final = 100  # watched by one rule
# How often it is looked, by how far back: so a look reads at most 744 rows of a series.
STEPS: Final = ((7_200, MINUTE), (86_400, 5 * MINUTE), (MAX_WINDOW_SECONDS, 60 * MINUTE))

Label = Annotated[str, Meta(min_length=1, max_length=LABEL_KEY_LENGTH)]
LabelValue = Annotated[str, Meta(max_length=LABEL_VALUE_LENGTH)]
LabelValues = Annotated[list[LabelValue], Meta(min_length=1, max_length=MAX_VALUES)]


class MetricTrigger(Struct, kw_only=True, forbid_unknown_fields=True, tag="metric"):
    """
    A number was too high, too low, or missing, over the last while; or reached what it may be.

    Over the last `within_seconds`, or with `over`, from the beginning of the month on: that is at
    least the threshold once a month, and nothing ends it but the month.
    What `headway.cost` was over a month is read from the sums of costs, see docs/costs.md.

    `where` as in queries: any of a label's values, the empty text for series without it. `for_each`
    names labels; each set of their values is watched for itself.
    """

    metric: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
    aggregate: Aggregate = Aggregate.AVG
    where: Annotated[dict[Label, LabelValues], Meta(max_length=LABEL_COUNT)] = {}
    for_each: Annotated[list[Label], Meta(max_length=MAX_LABELS)] = []
    within_seconds: Annotated[int, Meta(ge=MINUTE, le=MAX_WINDOW_SECONDS)] | None = None  # 300
    over: Over | None = None
    side: Side = msgspec.field(name="is")
    threshold: float | None = None
    for_seconds: Annotated[int, Meta(ge=0, le=MAX_FOR_SECONDS)] = 0
    resolve_at: float | None = None  # from where on it is over; the threshold unless given
    tell_resolved: bool = False  # fire once more when it is over
    allow_late_seconds: Annotated[int, Meta(ge=0, le=MAX_LATE_SECONDS)] = 30

    def __post_init__(self) -> None:
        if self.over is None and self.within_seconds is None:
            self.within_seconds = DEFAULT_WINDOW_SECONDS

    @property
    def within(self) -> timedelta:
        """How long the last while is; of a month so far, as long as one may be."""
        return timedelta(seconds=self.within_seconds or MAX_WINDOW_SECONDS)

    @property
    def is_month(self) -> bool:
        return self.over is Over.MONTH

    @property
    def is_cost(self) -> bool:
        """Whether it is read from the sums of costs, and not from points."""
        return self.is_month and self.metric == COST_METRIC

    @property
    def allow_late(self) -> timedelta:
        return timedelta(seconds=self.allow_late_seconds)

    @property
    def step_seconds(self) -> int:
        """How often it is looked: at multiples of this since 1970."""
        if self.within_seconds is None:
            return MINUTE if self.is_cost else 60 * MINUTE
        within = self.within_seconds
        return next(step for longest, step in STEPS if within <= longest)

    @property
    def step(self) -> timedelta:
        return timedelta(seconds=self.step_seconds)

    def start_of(self, moment: datetime) -> datetime:
        """Return where the window of a look begins. The first of a month ends the one before."""
        return month_before(moment) if self.is_month else moment - self.within

    def width_at(self, moment: datetime) -> int:
        """Return how many steps the window of a look has."""
        return (moment - self.start_of(moment)) // self.step

    @property
    def is_nothing_zero(self) -> bool:
        """Whether a window without points has a value: nothing adds up to zero."""
        return self.aggregate in NOTHING

    def holds(self, value: float | None, count: int) -> bool:
        """Return whether this is what the rule watches for."""
        if self.side is Side.ABSENT:
            return count == 0
        assert self.threshold is not None
        if value is None:
            return False
        if self.side is Side.AT_LEAST:
            return value >= self.threshold
        return value > self.threshold if self.side is Side.ABOVE else value < self.threshold

    def is_over(self, value: float | None, count: int) -> bool:
        """Return whether what held is over: beyond `resolve_at`, where that is said."""
        if self.side is Side.ABSENT:
            return count > 0
        if value is None:
            return False
        level = self.threshold if self.resolve_at is None else self.resolve_at
        assert level is not None
        return value <= level if self.side is Side.ABOVE else value >= level


def month_before(moment: datetime) -> datetime:
    """Return the beginning of the month (UTC) that this moment is in, or ends."""
    last = moment.astimezone(UTC) - timedelta(microseconds=1)
    return last.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def metric_faults(trigger: MetricTrigger) -> Iterator[tuple[str, str]]:
    """Yield (field, what is wrong with it) of what the types do not say."""
    yield from _text_faults(trigger)
    yield from _level_faults(trigger)
    if trigger.is_month:
        yield from _month_faults(trigger)
    elif trigger.side is Side.AT_LEAST:
        yield "is", "Of a month so far only: say `over`, or watch what is above."
    step = trigger.step_seconds
    if trigger.within_seconds is not None and trigger.within_seconds % step:
        yield "within_seconds", f"Must be a multiple of {step}: so often it is looked."


def _month_faults(trigger: MetricTrigger) -> Iterator[tuple[str, str]]:
    if trigger.within_seconds is not None:
        yield "within_seconds", "A month is as long as it is: leave it out."
    if trigger.side is not Side.AT_LEAST:
        yield "is", "A month so far only grows: watch for what is at_least the threshold."
    if trigger.for_seconds:
        yield "for_seconds", "What a month reached stays so: leave it out."
    if trigger.resolve_at is not None:
        yield "resolve_at", "Only the next month ends it: leave it out."
    if trigger.tell_resolved:
        yield "tell_resolved", "Only the next month ends it: leave it out."
    if trigger.is_cost:
        yield from _cost_faults(trigger)


def _cost_faults(trigger: MetricTrigger) -> Iterator[tuple[str, str]]:
    if trigger.aggregate is not Aggregate.SUM:
        yield "aggregate", "What a month costs is a sum."
    known = [label.value for label in CostLabel]
    for label in trigger.where:
        if label not in known:
            yield f"where.{label}", f"Costs have {', '.join(known)}."
    for place, label in enumerate(trigger.for_each):
        if label not in known:
            yield f"for_each.{place}", f"Costs have {', '.join(known)}."
    currencies = trigger.where.get(CostLabel.CURRENCY.value, [])
    if len(currencies) != 1 and CostLabel.CURRENCY.value not in trigger.for_each:
        yield "where.currency", "Say one currency: amounts of several do not add up."


def _text_faults(trigger: MetricTrigger) -> Iterator[tuple[str, str]]:
    if "\x00" in trigger.metric:
        yield "metric", "NUL characters are not allowed."
    for label, values in trigger.where.items():
        if any("\x00" in text for text in (label, *values)):
            yield f"where.{label}".replace("\x00", ""), "NUL characters are not allowed."
    for place, label in enumerate(trigger.for_each):
        if "\x00" in label:
            yield f"for_each.{place}", "NUL characters are not allowed."
        elif label in trigger.for_each[:place]:
            yield f"for_each.{place}", "Named twice."


def _level_faults(trigger: MetricTrigger) -> Iterator[tuple[str, str]]:
    for field in ("threshold", "resolve_at"):
        value = getattr(trigger, field)
        if value is not None and trigger.side is Side.ABSENT:
            yield field, "What is absent is compared with nothing: leave it out."
        elif value is not None and not math.isfinite(value):
            yield field, "Must be a finite number."
    if trigger.side is Side.ABSENT:
        return
    if trigger.threshold is None:
        yield "threshold", f"Say {trigger.side.value} what."
    elif trigger.resolve_at is not None and trigger.holds(trigger.resolve_at, 1):
        yield "resolve_at", f"Must not be {trigger.side.value} the threshold."
