"""Metric queries: which buckets, which rollup, which value, which gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apps.telemetry import query
from apps.telemetry.deltas import Summary, microseconds
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.query import Aggregate, Fill, Plan, Rollup
from apps.telemetry.sketch import sketch_of

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(days=-2_000), timedelta(days=2_000)).map(lambda by: NOON + by)
SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=800))


def summary(*values):
    return Summary(
        len(values),
        sum(values),
        min(values, default=0.0),
        max(values, default=0.0),
        0.0,
        0,
        sketch_of(values),
    )


@given(MOMENTS, SPANS)
def test_a_plan_covers_the_range_with_whole_buckets(since, span):
    plan = query.plan(since, since + span)

    step = plan.step_seconds * 1_000_000
    assert plan.start <= since < plan.start + timedelta(seconds=plan.step_seconds)
    assert plan.end - timedelta(seconds=plan.step_seconds) < since + span <= plan.end
    assert microseconds(plan.start) % step == 0
    assert microseconds(plan.end) % step == 0
    assert len(plan.starts()) == plan.bucket_count <= query.WANTED_POINTS + 2


@given(MOMENTS, SPANS, st.integers(1, 100 * query.DAY))
def test_a_given_step_is_kept_or_rounded_up_to_minutes(since, span, step):
    assume(span / timedelta(seconds=step) < 900)
    plan = query.plan(since, since + span, step_seconds=step)

    assert step <= plan.step_seconds < step + query.MINUTE
    assert plan.step_seconds <= query.MINUTE or plan.step_seconds % query.MINUTE == 0


@given(st.integers(1, 3_000_000))
def test_the_rollup_fills_the_step_and_no_coarser_one_would(step):
    rollup = query.coarsest_rollup(step)

    if rollup is not Rollup.RAW:
        assert step % rollup.seconds == 0
    coarser = [each for each in Rollup if each.seconds > rollup.seconds]
    assert all(step % each.seconds != 0 for each in coarser)


@pytest.mark.parametrize(
    ("span", "step", "rollup"),
    [
        (timedelta(minutes=5), 1, Rollup.RAW),
        (timedelta(hours=1), 15, Rollup.RAW),
        (timedelta(hours=5), 60, Rollup.MINUTE),
        (timedelta(days=1), 300, Rollup.MINUTE),
        (timedelta(days=7), 3_600, Rollup.HOUR),
        (timedelta(days=30), 10_800, Rollup.HOUR),
        (timedelta(days=300), 86_400, Rollup.DAY),
        (timedelta(days=3_000), 14 * 86_400, Rollup.DAY),
    ],
)
def test_the_step_follows_the_range(span, step, rollup):
    plan = query.plan(NOON - span, NOON)

    assert (plan.step_seconds, plan.rollup) == (step, rollup)


@pytest.mark.parametrize(
    ("given_step", "step", "rollup"),
    [
        (1, 1, Rollup.RAW),
        (59, 59, Rollup.RAW),
        (60, 60, Rollup.MINUTE),
        (61, 120, Rollup.MINUTE),
        (90, 120, Rollup.MINUTE),
        (3_600, 3_600, Rollup.HOUR),
        (3_660, 3_660, Rollup.MINUTE),
        (86_400, 86_400, Rollup.DAY),
        (129_600, 129_600, Rollup.HOUR),
    ],
)
def test_a_step_decides_the_rollup(given_step, step, rollup):
    plan = query.plan(NOON - timedelta(minutes=10), NOON, step_seconds=given_step)

    assert (plan.step_seconds, plan.rollup) == (step, rollup)


def test_too_many_points_are_refused_with_the_step_that_would_do():
    with pytest.raises(QueryTooLarge) as refused:
        query.plan(NOON - timedelta(days=1), NOON, step_seconds=60)

    assert refused.value.fields == {"step_seconds": ["Must be at least 87."]}
    assert query.plan(NOON - timedelta(days=1), NOON, step_seconds=87).bucket_count <= 1_000


@pytest.mark.parametrize("until", [NOON, NOON - timedelta(seconds=1)])
def test_an_empty_range_is_refused(until):
    with pytest.raises(QueryTooLarge):
        query.plan(NOON, until)


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        (Aggregate.AVG, 2.5),
        (Aggregate.SUM, 10.0),
        (Aggregate.MIN, 1.0),
        (Aggregate.MAX, 4.0),
        (Aggregate.COUNT, 4.0),
        (Aggregate.RATE, 1.0),
        (Aggregate.P50, pytest.approx(2.0, rel=0.01)),
        (Aggregate.P90, 4.0),
        (Aggregate.P95, 4.0),
        (Aggregate.P99, 4.0),
    ],
)
def test_each_aggregate(aggregate, value):
    assert query.value_of(aggregate, summary(4.0, 1.0, 3.0, 2.0), step_seconds=10) == value


@pytest.mark.parametrize("aggregate", list(Aggregate))
def test_no_points_no_value(aggregate):
    assert query.value_of(aggregate, summary(), step_seconds=10) is None


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (Fill.NULL, [None, 1.0, None, None, 2.0]),
        (Fill.ZERO, [0.0, 1.0, 0.0, 0.0, 2.0]),
        (Fill.PREVIOUS, [None, 1.0, 1.0, 1.0, 2.0]),
    ],
)
def test_gaps_are_filled(fill, expected):
    plan = Plan(NOON, NOON + timedelta(minutes=5), 60, Rollup.MINUTE)
    first = plan.starts()[0]

    points = query.fill_gaps({first + 60: 1.0, first + 240: 2.0, first - 60: 9.0}, plan, fill)

    assert [value for _, value in points] == expected
    assert [at for at, _ in points] == [(first + 60 * step) * 1_000 for step in range(5)]


def test_a_series_without_the_label_is_grouped_under_the_empty_text():
    assert query.group_labels({"a": "1"}, ("a", "b")) == (("a", "1"), ("b", ""))
    assert query.group_labels({"a": "1"}, ()) == ()


@pytest.mark.parametrize(
    ("days_ago", "hours", "least"),
    [
        pytest.param(1, 2, 1, id="kept"),
        pytest.param(30, 24, 1, id="begins a moment before"),
        pytest.param(31, 24, query.HOUR, id="gone"),
        pytest.param(33, 24 * 5, query.HOUR, id="half of it gone"),
        pytest.param(500, 24, query.DAY, id="hours gone too"),
    ],
)
def test_the_least_step_is_the_one_that_is_left(days_ago, hours, least):
    reach = query.Reach(NOON - timedelta(days=30, minutes=-5), NOON - timedelta(days=400))
    since = NOON - timedelta(days=days_ago)

    assert reach.least_step(since, since + timedelta(hours=hours)) == least


@given(MOMENTS, SPANS, st.integers(1, 100 * query.DAY), st.sampled_from([query.HOUR, query.DAY]))
def test_a_least_step_is_a_part_of_every_step(since, span, step, least):
    assume(span / timedelta(seconds=step) < 900)

    for asked in (None, step):
        plan = query.plan(since, since + span, step_seconds=asked, least_step=least)
        assert plan.step_seconds % least == 0
        assert plan.rollup in {Rollup.HOUR, Rollup.DAY}
