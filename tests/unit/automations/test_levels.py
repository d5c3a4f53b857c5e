"""How a line of a watched metric stands, moment by moment."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.automations.enums import Level
from apps.automations.levels import Look, follow
from apps.automations.triggers import parse_trigger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ABOVE = {"type": "metric", "metric": "lag", "is": "above", "threshold": 5}
BELOW = {"type": "metric", "metric": "lag", "is": "below", "threshold": 5}
ABSENT = {"type": "metric", "metric": "lag", "is": "absent", "within_seconds": 60}


def played(trigger, values, *, before=1, standing=None):
    """Return (minute, turn) of a row of values, a minute apart; None: there were no points."""
    looks = [
        Look(at=NOON + place * MINUTE, value=value, count=0 if value is None else 1)
        for place, value in enumerate(values)
    ]
    standing, crossings = follow(parse_trigger(trigger), standing, looks, before=before)
    turns = [((each.look.at - NOON) // MINUTE, each.turn.value) for each in crossings]
    return turns, None if standing is None else standing.level


@pytest.mark.parametrize(
    ("trigger", "values", "turns"),
    [
        (ABOVE, [5, 5.000001], [(1, "firing")]),
        (ABOVE, [6, 7, 6], [(0, "firing")]),
        (ABOVE, [6, 5, 6], [(0, "firing"), (1, "resolved"), (2, "firing")]),
        (BELOW, [5, 4.9, 5], [(1, "firing"), (2, "resolved")]),
        (ABOVE | {"for_seconds": 120}, [6, 6, 6, 6], [(2, "firing")]),
        (ABOVE | {"for_seconds": 120}, [6, 6, 5, 6, 6], []),
        (ABOVE | {"for_seconds": 90}, [6, 6, 6], [(2, "firing")]),
        (ABOVE | {"for_seconds": 120}, [6, None, 6, 6], []),
        (ABOVE | {"resolve_at": 2}, [6, 3, 6, 2], [(0, "firing"), (3, "resolved")]),
        (BELOW | {"resolve_at": 8}, [4, 7, 4, 8], [(0, "firing"), (3, "resolved")]),
        (ABOVE, [6, None, None, 6], [(0, "firing")]),
        (ABOVE | {"within_seconds": 60}, [6, None, None, None], [(0, "firing"), (3, "ended")]),
        (ABSENT, [1, None, None, 1], [(1, "firing"), (3, "resolved")]),
        (ABSENT, [None] * 100, [(0, "firing")]),
        (ABSENT | {"for_seconds": 60}, [1, None, 1, None, None], [(4, "firing")]),
        (ABSENT | {"for_each": ["t"]}, [1, None, None, None], [(1, "firing"), (3, "ended")]),
    ],
    ids=[
        "the threshold itself is not above it",
        "once while it stays above",
        "again after it came back",
        "the threshold itself is not below it",
        "when it held all along",
        "not when it came back in between",
        "at the first look after the time",
        "not when a value was missing in between",
        "over only at the level of relief, above",
        "over only at the level of relief, below",
        "missing values end nothing at once",
        "missing for two windows more, it ended",
        "absent until there are points",
        "absent without lines is never forgotten",
        "absent for long enough",
        "a line that is gone is forgotten",
    ],
)
def test_a_line_fires_once_per_crossing(trigger, values, turns):
    assert played(trigger, values)[0] == turns


def test_a_line_without_points_now_and_before_is_not_known():
    each = ABSENT | {"for_each": ["table"]}

    assert played(each, [None, None], before=0) == ([], None)
    assert played(each, [None, None], before=1) == ([(0, "firing")], Level.FIRING)


@pytest.mark.parametrize(
    ("trigger", "values", "told"),
    [
        (ABOVE, [None, None], ([], Level.NO_DATA)),
        (BELOW, [None, 9], ([], None)),
        (BELOW, [None, 4], ([(1, "firing")], Level.FIRING)),
        (BELOW | {"for_seconds": 60}, [None, 4, 4], ([(2, "firing")], Level.FIRING)),
        (BELOW | {"for_seconds": 60}, [4, None], ([], Level.NO_DATA)),
        (ABOVE | {"for_each": ["t"]}, [None, None], ([], None)),
        (ABSENT, [None], ([(0, "firing")], Level.FIRING)),
    ],
    ids=[
        "nothing to compare",
        "then well",
        "then too low",
        "the time without data is none in which it held",
        "pending, then nothing to compare",
        "lines of each have their points or are none",
        "what is absent is known to be",
    ],
)
def test_nothing_to_compare_is_neither_well_nor_bad(trigger, values, told):
    assert played(trigger, values) == told


def test_a_row_cut_anywhere_says_the_same():
    trigger = parse_trigger(ABOVE | {"for_seconds": 120, "resolve_at": 3, "within_seconds": 60})
    values = [6, 6, 6, 4, None, None, None, None, 6, 6, 2, 6, 6, 6, 3, 6]
    looks = [
        Look(at=NOON + place * MINUTE, value=value, count=0 if value is None else 1)
        for place, value in enumerate(values)
    ]
    whole = follow(trigger, None, looks, before=0)
    assert len(whole[1]) == 4

    for place in range(1, len(looks)):
        standing, first = follow(trigger, None, looks[:place], before=0)
        standing, second = follow(trigger, standing, looks[place:], before=looks[place - 1].count)
        assert (standing, first + second) == whole
