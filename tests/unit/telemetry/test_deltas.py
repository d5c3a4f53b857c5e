"""Deltas: whatever way points are split into batches, the sums are the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.telemetry import deltas
from apps.telemetry.deltas import EventMinute, LogMinute

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SERIES = [UUID(int=n) for n in range(3)]
MOMENTS = st.timedeltas(timedelta(minutes=-3), timedelta(minutes=3)).map(lambda by: START + by)
POINTS = st.lists(
    st.tuples(
        st.sampled_from(SERIES),
        MOMENTS,
        st.integers(-1_000, 1_000).map(float),
        st.sampled_from([None, UUID(int=9)]),
    ),
    max_size=60,
)


def merged(parts):
    minutes, runs = {}, {}
    for part in parts:
        found_minutes, found_runs = deltas.summarise_points(part)
        for each in found_minutes:
            _merge(minutes, (each.series_id, each.minute), each.summary)
        for each in found_runs:
            _merge(runs, (each.run_id, each.series_id), each.summary)
    return minutes, runs


def _merge(into, key, summary):
    if key in into:
        into[key].merge(summary)
    else:
        into[key] = summary.copy()


@given(POINTS, st.integers(0, 60), st.randoms(use_true_random=False))
def test_any_split_in_any_order_gives_the_same(points, cut, random):
    shuffled = list(points)
    random.shuffle(shuffled)

    assert merged([shuffled[:cut], shuffled[cut:]]) == merged([points])


@given(POINTS)
def test_packing_and_unpacking_gives_the_same(points):
    series, runs = deltas.summarise_points(points)
    made = deltas.Deltas(
        events=[EventMinute("a.b", 3, 4)],
        logs=[LogMinute(20, 3, 4, 500)],
        series=series,
        runs=runs,
    )

    assert deltas.decode(deltas.encode(made)) == made


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), MOMENTS), max_size=60))
def test_events_are_counted_per_name_and_minute(events):
    expected: dict[tuple[str, int], int] = {}
    for name, at in events:
        key = (name, int(at.timestamp()) // 60)
        expected[key] = expected.get(key, 0) + 1

    found = deltas.count_events([name for name, _ in events], [at for _, at in events])

    assert {(each.name, each.minute): each.count for each in found} == expected


def test_logs_are_counted_in_lines_and_bytes():
    found = deltas.count_logs(
        [
            (20, START, 10),
            (40, START, 1),
            (20, START + timedelta(seconds=59), 5),
            (20, START + timedelta(seconds=60), 7),
        ]
    )

    minute = int(START.timestamp()) // 60
    assert sorted((each.level, each.minute - minute, each.count, each.bytes) for each in found) == [
        (20, 0, 2, 15),
        (20, 1, 1, 7),
        (40, 0, 1, 1),
    ]


@pytest.mark.parametrize("microsecond", [0, 1, 999_999])
def test_moments_survive_the_way_through_microseconds(microsecond):
    at = START.replace(microsecond=microsecond)

    assert deltas.moment(deltas.microseconds(at)) == at


def test_the_latest_value_is_that_of_the_latest_point():
    series, _ = deltas.summarise_points(
        [
            (SERIES[0], START + timedelta(seconds=2), 5.0, None),
            (SERIES[0], START + timedelta(seconds=9), 7.0, None),
            (SERIES[0], START + timedelta(seconds=4), 99.0, None),
        ]
    )

    assert series[0].summary.last == 7.0
