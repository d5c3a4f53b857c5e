"""Histograms of others, in our sketch: what is exact, and how near the rest comes."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.telemetry.distribution import (
    Buckets,
    Distribution,
    Exponential,
    difference,
    spread_of,
)
from apps.telemetry.sketch import quantile

BOUNDS = [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 1000.0]


def explicit(values, bounds=BOUNDS, **extremes):
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[sum(value > bound for bound in bounds)] += 1
    return Distribution(len(values), math.fsum(values), Buckets(bounds, counts), **extremes)


def exponential(values, scale):
    step = math.log(2) * 2.0**-scale
    found = Exponential(scale, 0, {}, {})
    for value in values:
        if value == 0:
            found.zero += 1
            continue
        side = found.positive if value > 0 else found.negative
        index = math.ceil(math.log(abs(value)) / step) - 1
        side[index] = side.get(index, 0) + 1
    return Distribution(len(values), math.fsum(values), found)


def percentile(spread, q):
    return quantile(spread.sketch, q, low=spread.low, high=spread.high)


measured = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=200)
anything = st.lists(st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6), min_size=1)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, unique=True).map(sorted)
)
@example([-1.7e308, 1.7e308])
def test_no_bounds_are_too_far_apart(bounds):
    counts = [3] * (len(bounds) - 1)

    spread = spread_of(
        Distribution(
            sum(counts), None, Buckets(bounds[:-1], counts), low=bounds[0], high=bounds[-1]
        )
    )

    assert sum(spread.sketch.values()) == sum(counts)
    assert bounds[0] <= percentile(spread, 0.5) <= bounds[-1]


@given(measured)
def test_counts_sums_and_given_extremes_are_exact(values):
    spread = spread_of(explicit(values, low=min(values), high=max(values)))

    assert spread.number == sum(spread.sketch.values()) == len(values)
    assert spread.mean == math.fsum(values) / len(values)
    assert (spread.low, spread.high) == (min(values), max(values))


@given(measured, st.sampled_from([0.5, 0.9, 0.99]))
def test_a_percentile_is_in_the_bucket_that_it_was_measured_in(values, q):
    spread = spread_of(explicit(values, low=min(values), high=max(values)))

    exact = sorted(values)[max(math.ceil(q * len(values)), 1) - 1]
    index = sum(exact > bound for bound in BOUNDS)
    low = BOUNDS[index - 1] if index else 0.0
    high = BOUNDS[index] if index < len(BOUNDS) else max(values)
    assert low * 0.99 - 1e-9 <= percentile(spread, q) <= high * 1.01


@given(anything, st.integers(-4, 12))
def test_exponential_percentiles_are_as_fine_as_the_buckets(values, scale):
    spread = spread_of(exponential(values, scale))

    assert sum(spread.sketch.values()) == len(values)
    base = 2**2.0**-scale
    for q in (0.5, 0.9):
        exact = sorted(values)[max(math.ceil(q * len(values)), 1) - 1]
        found = percentile(spread, q)
        near, far = sorted((exact * base, exact / base))
        assert near - abs(near) * 0.03 - 1e-9 <= found <= far + abs(far) * 0.03 + 1e-9


def test_fine_exponential_buckets_keep_percentiles_within_two_percent():
    chance = random.Random(7)
    values = [chance.lognormvariate(3, 1) for _ in range(5_000)]
    spread = spread_of(exponential(values, 6))

    for q in (0.5, 0.95, 0.99):
        exact = sorted(values)[math.ceil(q * len(values)) - 1]
        assert abs(percentile(spread, q) - exact) / exact < 0.02


@given(measured, measured)
def test_a_difference_is_what_came_since(before, after):
    old, new = explicit(before), explicit(before + after)

    added = difference(new, old)

    assert added.buckets == explicit(after).buckets
    assert added.count == len(after)
    assert added.total == pytest.approx(math.fsum(after), rel=1e-6, abs=1e-3)


@given(measured, measured, st.integers(0, 6), st.integers(0, 4))
def test_a_sender_may_have_made_its_buckets_coarser(before, after, scale, shift):
    old, new = exponential(before, scale + shift), exponential(before + after, scale)

    added = difference(new, old)

    # Where a value is at the very edge of a bucket, rounding may put it into the next one.
    if added is not None:
        assert added.count == len(after)
        assert sum(added.buckets.positive.values()) == len(after)


@pytest.mark.parametrize(
    "new",
    [
        explicit([1.0]),
        explicit([1.0, 2.0, 3.0], bounds=[1.0, 2.0]),
        explicit([300.0, 300.0, 300.0]),
        exponential([1.0, 2.0, 3.0], 2),
    ],
    ids=["fewer", "other bounds", "elsewhere", "another kind"],
)
def test_what_is_no_continuation_has_no_difference(new):
    assert difference(new, explicit([1.0, 2.0])) is None


def test_without_buckets_the_mean_is_all_that_is_known():
    spread = spread_of(Distribution(4, 20.0, Buckets([], []), 1.0, 9.0))

    assert (spread.mean, spread.low, spread.high, percentile(spread, 0.5)) == pytest.approx(
        (5.0, 1.0, 9.0, 5.0), rel=0.01
    )


def test_without_a_sum_the_mean_is_that_of_the_buckets():
    values = [1.0, 2.0, 4.0]
    found = exponential(values, 8)
    found.total = None

    assert spread_of(found).mean == pytest.approx(7 / 3, rel=0.02)


def test_mad_exponents_stay_numbers():
    spread = spread_of(Distribution(2, 1.0, Exponential(-10, 0, {2**31 - 1: 1}, {-(2**31): 1})))

    assert all(map(math.isfinite, (spread.low, spread.high)))
