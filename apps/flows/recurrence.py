"""
When a schedule is due: cron expressions and rules in a time zone, intervals, and single times.

Daylight saving time, as written in docs/schedules.md and held by the tests:
- CRON follows the wall clock of its zone. A time that the clock skips in spring is due at the first
  moment after the gap; a time that the clock shows twice in autumn is due once, the first time.
  Expressions that fire every hour or more often keep firing at each real occurrence.
- RRULE does the same: by days as CRON at a time of the day, by hours and minutes as frequent ones.
- INTERVAL counts elapsed seconds from its anchor and takes no notice of the wall clock.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import InitVar, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from cronsim import CronSim, CronSimError

from apps.flows.enums import MissedPolicy
from apps.flows.rrule import Rule
from apps.flows.zones import BadRecurrenceError, find_zone

CRON_FIELDS = 5  # cronsim would take a sixth, seconds; a run per second is an event, not a schedule
MIN_INTERVAL = timedelta(seconds=1)
MAX_INTERVAL = timedelta(days=3660)
ON_TIME = timedelta(minutes=1)  # how late a time may be found without having been missed
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# PERF: what was missed is looked for from its end, in growing windows: a minutely schedule that
# slept for a month costs the same as one that slept for an hour (60 us for each time computed).
_WINDOWS = (*(timedelta(hours=hours) for hours in (2, 12)), *map(timedelta, (3, 12, 40, 400)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A five-field cron expression read on the wall clock of `timezone`."""

    expression: str
    timezone: str
    checked: InitVar[bool] = False  # it was refused or taken before, and was taken

    def __post_init__(self, checked: bool) -> None:
        """Refuse what cannot be understood, or never comes."""
        if checked:
            return
        zone = find_zone(self.timezone)
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
        times = CronSim(self.expression, moment.astimezone(find_zone(self.timezone)))
        due = next(times).astimezone(UTC)
        # In the repeated hour cronsim may name the first of two equal wall times again.
        while due <= moment:
            due = next(times).astimezone(UTC)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One moment, and never again."""

    at: datetime

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the moment while it lies ahead."""
        return self.at if self.at > moment else None


Recurrence = Cron | Interval | Rule | Once


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The times for which runs are to be made now, and when to look again: never for None."""

    due_at: list[datetime]
    next_at: datetime | None


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
    following = recurrence.next_after(next_at)
    if (following is None or following > now) and now < next_at + ON_TIME:
        return Due(due_at=[next_at], next_at=following)
    most = cap if policy is MissedPolicy.ALL else 1
    times = _latest(recurrence, most, since=next_at, until=now)
    following = recurrence.next_after(max(times[-1], now))
    if policy is MissedPolicy.SKIP and times[-1] <= now - ON_TIME:
        times = []
    return Due(due_at=times, next_at=following)


def times_between(
    recurrence: Recurrence, *, after: datetime, until: datetime
) -> Iterator[datetime]:
    """Yield the due times later than `after`, up to `until`, as far as they are asked for."""
    due = recurrence.next_after(after)
    while due is not None and due <= until:
        yield due
        due = recurrence.next_after(due)


def jitter(*, schedule_id: UUID, due_at: datetime, most_seconds: int) -> timedelta:
    """
    Return by how much later than `due_at` the run starts: less than `most_seconds`.

    Drawn from the schedule and the time alone, so that everybody who asks gets the same.
    """
    seed = f"{schedule_id} {due_at.astimezone(UTC).isoformat()}".encode()
    drawn = int.from_bytes(blake2b(seed, digest_size=8).digest()) / 2**64
    return timedelta(milliseconds=int(drawn * most_seconds * 1_000))


def _latest(
    recurrence: Recurrence, most: int, *, since: datetime, until: datetime
) -> list[datetime]:
    """Return the last `most` due times in `since … until`; `since` is due itself, always one."""
    if isinstance(recurrence, Interval):
        whole = max((until - since) // recurrence.every, 0)
        return [since + n * recurrence.every for n in range(max(whole - most + 1, 0), whole + 1)]
    for window in _WINDOWS:
        if until - window <= since:
            break
        times = deque(times_between(recurrence, after=until - window, until=until), maxlen=most)
        if len(times) == most:
            return list(times)
    later = times_between(recurrence, after=since, until=until)
    return list(deque((since, *later), maxlen=most))
