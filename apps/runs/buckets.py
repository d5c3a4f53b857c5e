"""Pure: how a range of time is cut for a chart."""

from datetime import UTC, datetime, timedelta

MAX_BUCKETS = 120
_STEPS = [1, 2, 5, 10, 15, 30]
_STEPS += [60 * minutes for minutes in (1, 2, 5, 10, 15, 30)]
_STEPS += [3600 * hours for hours in (1, 2, 3, 4, 6, 12)]
_STEPS += [86_400 * days for days in (1, 2, 7, 14, 28, 91, 364)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def choose_step(since: datetime, until: datetime) -> timedelta:
    """Return the smallest round step that cuts the range into at most 120 buckets."""
    for seconds in _STEPS:
        step = timedelta(seconds=seconds)
        if (until - bucket_start(since, step)) / step <= MAX_BUCKETS:
            return step
    return timedelta(
        seconds=_STEPS[-1] * (1 + (until - since) // timedelta(days=364) // MAX_BUCKETS)
    )


def bucket_start(at: datetime, step: timedelta) -> datetime:
    """Return the start of the bucket that holds `at`; buckets are aligned to 1970 UTC."""
    return _EPOCH + (at - _EPOCH) // step * step


def bucket_starts(since: datetime, until: datetime, step: timedelta) -> list[datetime]:
    """Return the starts of all buckets that the range touches, in order."""
    start = bucket_start(since, step)
    count = -((start - until) // step)
    return [start + index * step for index in range(count)]
