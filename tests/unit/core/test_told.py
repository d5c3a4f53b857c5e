"""What a reader was told: each row once, and those that come late too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.core.ids import uuid7
from apps.core.told import Told

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(seconds=10)


def key(seconds):
    return (NOW + timedelta(seconds=seconds), uuid7())


def behind(told, rows, most=1_000):
    """Read as the store does: in order, from the edge on, no more than there is room for."""
    found = sorted(row for row in rows if told.edge is None or row[0] >= told.edge)
    return found[: told.room(most)]


def test_each_row_is_told_once_and_in_order():
    told = Told(edge=NOW, overlap=OVERLAP)
    first, second, third = key(1), key(2), key(3)

    assert told.take([second, first], now=NOW) == [first, second]
    assert told.take([first, second, third], now=NOW) == [third]


def test_a_row_that_commits_late_is_told_though_later_ones_were():
    told = Told(edge=NOW, overlap=OVERLAP)
    early, late = key(5), key(14)
    told.take(behind(told, [late]), now=late[0])

    assert told.take(behind(told, [early, late]), now=late[0]) == [early]


def test_among_the_rows_kept_one_is_found_however_late_it_is():
    told = Told(edge=None, overlap=OVERLAP, kept=5)
    rows = [key(0), key(600)]
    told.take(behind(told, rows), now=NOW)
    very_late = key(-900)

    assert told.take(behind(told, [*rows, very_late]), now=NOW) == [very_late]


def test_a_fast_clock_does_not_hide_the_others():
    told = Told(edge=NOW, overlap=OVERLAP)
    ahead, usual = key(3_600), key(1)
    told.take(behind(told, [ahead]), now=NOW)

    assert told.take(behind(told, [ahead, usual]), now=NOW) == [usual]


@pytest.mark.parametrize("kept", [0, 3])
def test_what_is_remembered_does_not_grow(kept):
    told = Told(edge=None, overlap=OVERLAP, kept=kept)
    rows = [key(second) for second in range(500)]

    for count in range(1, 501):
        told.take(behind(told, rows[:count]), now=rows[count - 1][0])

    assert told.room(0) <= 11
    assert told.edge == rows[-1][0] - OVERLAP


@pytest.mark.parametrize("kept", [0, 50])
def test_a_flood_is_told_look_by_look_without_a_gap(kept):
    told = Told(edge=None, overlap=OVERLAP, kept=kept)
    rows = [key(number / 100) for number in range(5_000)]
    heard = []

    while fresh := told.take(behind(told, rows, most=200), now=rows[-1][0]):
        heard += fresh

    assert heard == rows
