import pytest

from apps.core.http.token_bucket import Bucket, refilled, seconds_until, take

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("level", "elapsed_seconds", "expected"),
    [
        (0, 0, 0),
        (0, 30, 300),
        (0, 60, 600),
        (0, 3600, 600),  # a burst of one minute, however long nobody came
        (599.5, 1, 600),
        (-120, 6, -60),  # what is owed is paid first
        (100, -50, 100),  # the clock was set back
    ],
)
def test_a_bucket_of_600_fills_in_a_minute_and_no_further(level, elapsed_seconds, expected):
    at = 1_000 * SECOND

    now = refilled(Bucket(level, at), capacity=600, now=at + elapsed_seconds * SECOND)

    assert now.level == pytest.approx(expected)
    assert now.at == max(at, at + elapsed_seconds * SECOND)


@pytest.mark.parametrize(
    ("level", "asked", "reserve", "granted"),
    [
        (600, 600, 0, 600),
        (600, 1_000, 0, 600),  # what fits
        (0.99, 1, 0, 0),  # no fractions
        (1, 1, 0, 1),
        (600, 1_000, 60, 540),  # the rest is for a higher class
        (59, 1, 60, 0),
        (-5, 3, 0, 0),
        (-5, 3, -(10**15), 3),  # taken already: owed
        (600, 0, 0, 0),
    ],
)
def test_what_is_granted(level, asked, reserve, granted):
    bucket, given = take(Bucket(level, 0), capacity=600, asked=asked, reserve=reserve, now=0)

    assert given == granted
    assert bucket.level == pytest.approx(level - granted)


def test_nobody_took_from_it_yet():
    assert take(None, capacity=5, asked=7, reserve=0, now=9) == (Bucket(0.0, 9), 5)


def test_a_larger_plan_fills_faster_and_a_smaller_one_holds_less():
    bucket = Bucket(500.0, 0)

    assert refilled(bucket, capacity=6_000, now=SECOND).level == 600
    assert refilled(bucket, capacity=60, now=SECOND).level == 60


def test_a_batch_larger_than_the_bucket_passes_in_pieces():
    bucket, now, left, rounds = None, 0, 1_000, 0
    while left:
        bucket, granted = take(bucket, capacity=60, asked=left, reserve=0, now=now)
        left -= granted
        now += seconds_until(bucket.level, capacity=60, wanted=left) * SECOND
        rounds += 1

    assert rounds == 17
    assert now == (15 * 60 + 40) * SECOND


@pytest.mark.parametrize(
    ("level", "wanted", "reserve", "seconds"),
    [
        (0, 400, 0, 40),
        (0, 1_000, 0, 60),  # a full bucket is all that one can wait for
        (10, 5, 0, 0),
        (0.5, 1, 0, 1),
        (0, 540, 60, 60),
        (0, 1_000, 60, 60),
        (-600, 1, 0, 61),
    ],
)
def test_how_long_to_wait(level, wanted, reserve, seconds):
    assert seconds_until(level, capacity=600, wanted=wanted, reserve=reserve) == seconds
