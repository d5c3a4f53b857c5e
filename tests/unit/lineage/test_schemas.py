"""When columns changed, from the days on which a table was seen with which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.lineage.schemas import changes_of

COLUMNS = {
    "A": [{"name": "id", "type": "int"}],
    "B": [{"name": "id", "type": "int"}, {"name": "day", "type": "date"}],
    "C": [{"name": "id", "type": "text"}],
    "a": [{"name": "id", "type": ""}],  # told without types
}


@dataclass(frozen=True)
class Seen:
    """A hash seen on a day of May, from one hour to another."""

    number: int
    hash: str
    first: int = 0
    last: int = 23

    @property
    def day(self) -> date:
        return date(2026, 5, self.number)

    @property
    def first_seen(self) -> datetime:
        return datetime(2026, 5, self.number, self.first, tzinfo=UTC)

    @property
    def last_seen(self) -> datetime:
        return datetime(2026, 5, self.number, self.last, tzinfo=UTC)


def told(*seen: Seen) -> list[tuple[int, int, str]]:
    """Return (day, hour, what) of the changes, oldest first."""
    return [
        (
            change.at.day,
            change.at.hour,
            " ".join(
                [f"+{name}" for name in change.added]
                + [f"-{name}" for name in change.removed]
                + [f"{name}:{before}>{after}" for name, before, after in change.retyped]
            ),
        )
        for change in reversed(changes_of(seen, COLUMNS))
    ]


@pytest.mark.parametrize(
    ("seen", "changes"),
    [
        pytest.param([], [], id="never-seen"),
        pytest.param([Seen(1, "A"), Seen(2, "A"), Seen(9, "A")], [], id="the-same"),
        pytest.param([Seen(1, "A", 0, 9), Seen(1, "B", 10, 20)], [(1, 10, "+day")], id="one-day"),
        pytest.param(
            [Seen(1, "A"), Seen(2, "B", 5), Seen(3, "A", 7), Seen(4, "A")],
            [(2, 5, "+day"), (3, 7, "-day")],
            id="went-and-came-back",
        ),
        pytest.param(
            [Seen(1, "A"), Seen(3, "B", 4), Seen(20, "A", 2), Seen(28, "B", 1)],
            [(3, 4, "+day"), (20, 2, "-day"), (28, 1, "+day")],
            id="again-and-again",
        ),
        pytest.param(
            [Seen(1, "A"), Seen(2, "A"), Seen(2, "B", 10, 12), Seen(3, "A", 1)],
            [(2, 10, "+day"), (3, 1, "-day")],
            id="put-right-on-the-same-day-is-told-on-the-next",
        ),
        pytest.param(
            [each for day in range(1, 9) for each in (Seen(day, "A", 2, 2), Seen(day, "C", 3, 3))],
            [(1, 3, "id:int>text")],
            id="two-that-see-it-differently-each-day",
        ),
        pytest.param(
            [Seen(1, "A"), Seen(2, "B", 3, 4), Seen(2, "C", 8, 9), Seen(3, "C")],
            [(2, 3, "+day"), (2, 8, "-day id:int>text")],
            id="twice-in-a-day",
        ),
        pytest.param([Seen(1, "A"), Seen(2, "a")], [], id="types-not-told"),
        pytest.param([Seen(1, "A"), Seen(2, "unknown"), Seen(3, "A")], [], id="no-columns-kept"),
        pytest.param(
            [Seen(1, "A", 5, 6), Seen(1, "A", 1, 2), Seen(1, "B", 3, 4)],
            [(1, 3, "+day")],
            id="two-names-of-one-table",
        ),
    ],
)
def test_changes(seen, changes):
    assert told(*seen) == changes


def test_two_of_one_moment_come_in_the_same_order_however_they_are_read():
    at_once = [Seen(1, "C", 3, 3), Seen(1, "A", 3, 3)]

    assert told(*at_once) == told(*reversed(at_once)) == [(1, 3, "id:int>text")]


@given(
    st.lists(
        st.builds(
            Seen,
            number=st.integers(1, 9),
            hash=st.sampled_from("ABC"),
            first=st.integers(0, 11),
            last=st.integers(12, 23),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_each_change_goes_on_from_the_one_before(seen, random):
    changes = changes_of(seen, COLUMNS)
    shuffled = random.sample(seen, len(seen))

    assert changes_of(shuffled, COLUMNS) == changes
    times = [change.at for change in changes]
    assert times == sorted(times, reverse=True)
    # No two in a row tell the same: a column that came cannot come once more before it went.
    for later, earlier in pairwise(changes):
        assert (later.added, later.removed, later.retyped) != (
            earlier.added,
            earlier.removed,
            earlier.retyped,
        )
