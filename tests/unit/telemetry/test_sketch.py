"""The sketch: every percentile within 1 %, merging exact and in any order."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.telemetry import sketch

MAGNITUDES = st.floats(min_value=sketch.SMALLEST, max_value=sketch.LARGEST)
VALUES = st.one_of(st.just(0.0), MAGNITUDES, MAGNITUDES.map(lambda value: -value))
SAMPLES = st.lists(VALUES, min_size=1, max_size=200)
QUANTILES = st.floats(min_value=0.0, max_value=1.0)


def exact(values, q):
    return sorted(values)[max(math.ceil(q * len(values)), 1) - 1]


def estimate(values, q):
    return sketch.quantile(sketch.sketch_of(values), q, low=min(values), high=max(values))


@given(VALUES)
def test_the_value_of_a_bucket_is_within_one_percent_of_what_is_in_it(value):
    found = sketch.value_of(sketch.bucket_of(value))

    assert found == pytest.approx(value, rel=sketch.ACCURACY * 1.0001, abs=sketch.SMALLEST)


@given(SAMPLES, QUANTILES)
def test_any_quantile_is_within_one_percent(values, q):
    assert estimate(values, q) == pytest.approx(
        exact(values, q), rel=sketch.ACCURACY * 1.0001, abs=sketch.SMALLEST
    )


@given(st.lists(VALUES, max_size=100), st.lists(VALUES, max_size=100))
def test_merged_parts_equal_the_whole(left, right):
    merged = sketch.sketch_of(left)
    sketch.merge_into(merged, sketch.sketch_of(right))

    assert merged == sketch.sketch_of([*left, *right])


@given(st.lists(VALUES, max_size=60))
def test_order_does_not_matter(values):
    assert sketch.sketch_of(values) == sketch.sketch_of(reversed(values))


def test_merging_leaves_the_other_as_it_was():
    empty: sketch.Sketch = {}
    other = sketch.sketch_of([1.0, 2.0])

    sketch.merge_into(empty, other)
    sketch.merge_into(empty, other)

    assert other == sketch.sketch_of([1.0, 2.0])
    assert empty == sketch.sketch_of([1.0, 2.0, 1.0, 2.0])


@given(st.lists(VALUES, max_size=200))
def test_packing_and_unpacking_gives_the_same(values):
    made = sketch.sketch_of(values)

    assert sketch.decode(sketch.encode(made)) == made


@given(st.lists(st.lists(VALUES, max_size=60), max_size=8))
def test_packed_sketches_put_one_after_the_other_are_their_sum(parts):
    packed = b"".join(sketch.encode(sketch.sketch_of(part)) for part in parts)

    assert sketch.decode(packed) == sketch.sketch_of(value for part in parts for value in part)


@given(st.dictionaries(st.integers(-3_800, 3_800), st.integers(1, 2**40), max_size=50))
def test_great_counts_are_packed_too(made):
    assert sketch.decode(sketch.encode(made)) == made
    assert sketch.decode(sketch.encode(made) * 3) == {key: 3 * n for key, n in made.items()}


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_keys_order_as_values_do(values):
    keys = [sketch.bucket_of(value) for value in sorted(values)]

    assert keys == sorted(keys)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), QUANTILES)
def test_no_quantile_lies_outside_the_extremes(values, q):
    assert min(values) <= estimate(values, q) <= max(values)


@pytest.mark.parametrize(
    "value", [5e-324, -5e-324, 1e-13, 1e22, 1.7976931348623157e308, -1.7976931348623157e308]
)
def test_values_beyond_the_range_are_counted_and_bounded(value):
    made = sketch.sketch_of([value] * 3)

    assert sum(made.values()) == 3
    assert sketch.quantile(made, 0.5, low=value, high=value) == value


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.lognormvariate(0, 2),
        lambda random: random.expovariate(0.01),
        lambda random: random.uniform(-100, 100),
        lambda random: random.gauss(1000, 1),
        lambda random: float(random.randrange(10)),
    ],
)
def test_percentiles_of_usual_shapes(draw, q):
    random = Random(q)
    values = [draw(random) for _ in range(20_000)]

    assert estimate(values, q) == pytest.approx(exact(values, q), rel=0.0101)


def test_the_empty_sketch_has_no_quantile():
    assert sketch.quantile({}, 0.5, low=0, high=0) is None
    assert sketch.decode(b"") == {}
    assert sketch.decode(sketch.encode({})) == {}


def test_a_sketch_of_a_day_is_small():
    random = Random(1)
    values = [random.lognormvariate(3, 1) for _ in range(100_000)]

    assert len(sketch.encode(sketch.sketch_of(values))) < 2_000
