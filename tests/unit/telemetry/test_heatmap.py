"""Heat maps: which rows, what is in them, and that nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.telemetry.deltas import Summary
from apps.telemetry.heatmap import MAX_ROWS, Scale, heat_map
from apps.telemetry.sketch import sketch_of


def summary(*values):
    return Summary(len(values), sum(values), min(values), max(values), 0.0, 0, sketch_of(values))


STEPS = st.dictionaries(
    st.integers(0, 100),
    st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=30),
    max_size=5,
)


@given(STEPS, st.integers(1, MAX_ROWS))
def test_every_value_is_in_one_row_of_its_step(steps, rows):
    summaries = {start: summary(*values) for start, values in steps.items()}

    found = heat_map(summaries, rows=rows)

    counts = dict.fromkeys(steps, 0)
    for cell in found.cells:
        assert 0 <= cell.row < len(found.edges) - 1 <= rows
        counts[cell.start] += cell.number
    assert counts == {start: len(values) for start, values in steps.items()}
    assert found.edges == sorted(found.edges)


def test_wide_positive_values_are_parted_by_magnitude():
    found = heat_map({0: summary(1, 10, 100, 1_000)}, rows=12)

    assert found.scale is Scale.LOG
    assert (found.edges[0], found.edges[-1]) == (1, 1_000)
    assert [cell.number for cell in found.cells] == [1, 1, 1, 1]
    for cell, value in zip(found.cells, (1, 10, 100, 1_000), strict=True):
        assert found.edges[cell.row] * 0.99 <= value <= found.edges[cell.row + 1] * 1.01


@pytest.mark.parametrize("values", [(-5, 0, 5), (0, 1, 2), (50, 60, 70)])
def test_other_values_are_parted_by_value(values):
    found = heat_map({0: summary(*values)}, rows=10)

    assert found.scale is Scale.LINEAR
    assert found.edges[0] == values[0]
    assert found.edges[-1] == values[-1]
    assert [cell.number for cell in found.cells] == [1, 1, 1]
    assert (found.cells[0].row, found.cells[-1].row) == (0, len(found.edges) - 2)


def test_no_row_is_narrower_than_a_sketch_can_tell():
    found = heat_map({0: summary(100, 101, 102, 103, 104)}, rows=MAX_ROWS)

    assert len(found.edges) - 1 == 1


def test_equal_values_have_one_row_and_nothing_has_none():
    assert heat_map({7: summary(3, 3)}, rows=20).cells == [(7, 0, 2)]
    assert heat_map({}, rows=20).edges == []
