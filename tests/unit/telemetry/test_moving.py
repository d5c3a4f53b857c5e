"""What a metric was over the window before each moment."""

import math

import pytest

from apps.telemetry.deltas import Summary
from apps.telemetry.moving import Measured, moving
from apps.telemetry.query import Aggregate
from apps.telemetry.sketch import sketch_of

MINUTE = 60


def summary(*values):
    return Summary(
        len(values), math.fsum(values), min(values), max(values), 0.0, 0, sketch_of(values)
    )


def measured(aggregate, by_minute, *, moments=(3, 4, 5), width=2):
    """Return the values from the first to the last minute, of points by the minute they lie in."""
    asked = range(moments[0] * MINUTE, (moments[-1] + 1) * MINUTE, MINUTE)
    return moving(
        aggregate,
        {minute * MINUTE: summary(*values) for minute, values in by_minute.items()},
        moments=asked,
        widths=[width] * len(asked),
    )


@pytest.mark.parametrize(
    ("aggregate", "values"),
    [
        (Aggregate.SUM, [6, 5, 0]),
        (Aggregate.COUNT, [3, 1, 0]),
        (Aggregate.AVG, [2, 5, None]),
        (Aggregate.MIN, [0, 5, None]),
        (Aggregate.MAX, [5, 5, None]),
        (Aggregate.RATE, [6 / 120, 5 / 120, 0]),
    ],
    ids=lambda each: each.value if isinstance(each, Aggregate) else "",
)
def test_a_window_has_its_start_and_not_its_moment(aggregate, values):
    # The window before minute 3 has minutes 1 and 2; what lies in minute 5 is in none.
    found = measured(aggregate, {0: [100], 1: [0, 1], 2: [5], 5: [100]})

    assert [each.value for each in found] == pytest.approx(values)
    assert [each.points for each in found] == [3, 1, 0]


def test_percentiles_are_of_the_whole_window():
    found = measured(Aggregate.P99, {1: range(1, 100), 2: [1_000]}, moments=(3,))

    assert found[0].value == pytest.approx(99, rel=0.011)
    assert found[0].points == 100


@pytest.mark.parametrize(
    "totals", [(math.inf, 1.0), (math.inf, -math.inf), (1e308, 1e308)], ids=str
)
def test_what_is_no_finite_number_is_no_value(totals):
    buckets = {
        place * MINUTE: Summary(1, total, total, total, 0.0, 0, {})
        for place, total in enumerate(totals)
    }

    found = moving(Aggregate.SUM, buckets, moments=range(120, 180, MINUTE), widths=[2])

    assert found == [Measured(None, 2)]


def test_a_moment_is_the_same_whichever_others_are_asked_about():
    by_minute = {minute: [0.1 * minute, 0.7, 1e9] for minute in range(50)}
    all_of_them = measured(Aggregate.SUM, by_minute, moments=(10, 49), width=7)

    for place, minute in enumerate(range(10, 50)):
        [alone] = measured(Aggregate.SUM, by_minute, moments=(minute,), width=7)
        assert alone == all_of_them[place]
