import itertools
from datetime import UTC, datetime, timedelta

import pytest

from apps.runs.buckets import MAX_BUCKETS, bucket_starts, choose_step

AT = datetime(2026, 3, 10, 13, 37, 21, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(seconds=60), timedelta(seconds=1)),
        (timedelta(hours=1), timedelta(minutes=1)),
        (timedelta(hours=24), timedelta(minutes=15)),
        (timedelta(days=7), timedelta(hours=2)),
        (timedelta(days=30), timedelta(hours=12)),
        (timedelta(days=366), timedelta(days=7)),
    ],
)
def test_the_step_is_round(span, step):
    assert choose_step(AT - span, AT) == step


@pytest.mark.parametrize("days", [0.0001, 0.3, 1, 17, 400, 4000, 40_000, 200_000])
def test_there_are_never_more_than_120_buckets(days):
    since = AT - timedelta(days=days)

    starts = bucket_starts(since, AT, choose_step(since, AT))

    assert 1 <= len(starts) <= MAX_BUCKETS


def test_buckets_cover_the_range_without_a_gap():
    since, step = AT - timedelta(minutes=61), timedelta(minutes=1)

    starts = bucket_starts(since, AT, step)

    assert starts[0] <= since < starts[1]
    assert starts[-1] < AT <= starts[-1] + step
    assert {b - a for a, b in itertools.pairwise(starts)} == {step}
