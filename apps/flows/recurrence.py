"""
When a schedule is due: cron expressions in a time zone, and fixed intervals from an anchor.

Daylight saving time, as written in the README and held by the tests:
- CRON follows the wall clock of its zone. A time that the clock skips in spring is due at the first
  moment after the gap; a time that the clock shows twice in autumn is due once, the first time.
  Expressions that fire every hour or more often keep firing at each real occurrence.
- INTERVAL counts elapsed seconds from its anchor and takes no notice of the wall clock.
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from apps.flows.enums import MissedPolicy

CRON_FIELDS = 5  # cronsim would take a sixth, seconds; a run per second is an event, not a schedule
MIN_INTERVAL = timedelta(seconds=1)
MAX_INTERVAL = timedelta(days=3660)
ON_TIME = timedelta(minutes=1)  # how late a time may be found without having been missed
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadRecurrenceError(ValueError):
    """The times cannot be understood; `field` names the input that is to blame."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A five-field cron expression read on the wall clock of `timezone`."""

    expression: str
    timezone: str

    def __post_init__(self) -> None:
        """Refuse what cannot be understood, or never comes."""
        zone = _zone(self.timezone)
        if len(self.expression.split()) != CRON_FIELDS:
            message = "A cron expression has five fields: minute hour day month weekday."
            raise BadRecurrenceError("cron", message)
        try:
            next(CronSim(self.expression, datetime(2024, 1, 1, tzinfo=zone)))
        except CronSimError as error:
            raise BadRecurrenceError("cron", f"Not a cron expression: {error}.") from error
        except StopIteration:
            raise BadRecurrenceError("cron", "This expression is never due.") from None

    def next_after(self, moment: datetime) -> datetime:
        """Return the first due time later than `moment`, in UTC."""
        times = CronSim(self.expression, moment.astimezone(_zone(self.timezone)))
        due = next(times).astimezone(UTC)
        # In the repeated hour cronsim may name the first of two equal wall times again.
        while due <= moment:
            due = next(times).astimezone(UTC)
        return due

    def latest_until(self, moment: datetime, *, since: datetime) -> datetime:
        """Return the last due time in `since … moment`; `since` must itself be due."""
        # PERF: steps back from the end in growing windows, so a minutely schedule that slept for a
        # month costs the same as one that slept for an hour (60 us for each time computed).
        for window in (timedelta(hours=2), timedelta(days=3), timedelta(days=40)):
            start = moment - window
            if start <= since:
                break
            due = self.next_after(start)
            if due <= moment:
                return self._walk(due, moment)
        return self._walk(since, moment)

    def _walk(self, due: datetime, moment: datetime) -> datetime:
        while (following := self.next_after(due)) <= moment:
            due = following
        return due


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Every `every` of elapsed time, counted from `anchor`."""

    every: timedelta
    anchor: datetime

    def __post_init__(self) -> None:
        """Refuse intervals that would flood the queue or overflow the calendar."""
        if not MIN_INTERVAL <= self.every <= MAX_INTERVAL:
            message = "Must be between 1 second and 10 years."
            raise BadRecurrenceError("interval_seconds", message)

    def next_after(self, moment: datetime) -> datetime:
        """Return the first due time later than `moment`, in UTC."""
        return self.anchor + ((moment - self.anchor) // self.every + 1) * self.every

    def latest_until(self, moment: datetime, *, since: datetime) -> datetime:
        """Return the last due time in `since … moment`; `since` must itself be due."""
        return max(since, self.anchor + ((moment - self.anchor) // self.every) * self.every)


Recurrence = Cron | Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The times for which runs are to be made now, and when to look again."""

    due_at: list[datetime]
    next_at: datetime


def take_due(
    recurrence: Recurrence,
    *,
    next_at: datetime,
    now: datetime,
    policy: MissedPolicy = MissedPolicy.LATEST,
    cap: int = 10,
) -> Due:
    """
    Return which of the times `next_at … now` get a run under `policy`, and the time after.

    Of ALL the last `cap` ones; SKIP makes none of what passed longer than a minute ago.
    """
    latest = recurrence.latest_until(now, since=next_at)
    following = recurrence.next_after(max(latest, now))
    match policy:
        case MissedPolicy.LATEST:
            return Due(due_at=[latest], next_at=following)
        case MissedPolicy.SKIP:
            in_time = latest > now - ON_TIME
            return Due(due_at=[latest] if in_time else [], next_at=following)
        case MissedPolicy.ALL:
            times: deque[datetime] = deque([next_at], maxlen=cap)
            while (due := recurrence.next_after(times[-1])) <= now:
                times.append(due)
            return Due(due_at=list(times), next_at=following)


def check_zone(name: str) -> None:
    """Refuse a time zone that nobody knows."""
    _zone(name)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadRecurrenceError("timezone", f"No time zone is called {name!r}.") from error
