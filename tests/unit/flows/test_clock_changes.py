"""The table in docs/schedules.md, line by line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from apps.flows.recurrence import Cron, Interval, times_between
from apps.flows.rrule import Rule

PAGE = Path(__file__).parents[3] / "docs/schedules.md"
LINE = re.compile(r"\| (\S+/\S+) \| (\d{4}-\d\d-\d\d), \S+ → \S+ \| `(\w+) (.+)` \| (.+) \|")
LINES = LINE.findall(PAGE.read_text())


def first_of(due: str, year: int) -> datetime:
    return datetime.strptime(f"{year}-{due}", "%Y-%m-%d %H:%M %z")


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[:4]))
def test_the_table_says_what_is_so(line):
    zone, change, kind, text, due = line
    wanted = due.split(", ")
    first = first_of(wanted[0], date.fromisoformat(change).year)
    if kind == "CRON":
        recurrence = Cron(expression=text, timezone=zone)
    elif kind == "RRULE":
        begin = first.replace(hour=0, minute=0) - timedelta(days=1)
        recurrence = Rule(text=text, anchor=begin, timezone=zone)
    else:
        recurrence = Interval(every=timedelta(seconds=int(text)), anchor=first)
    after = first.astimezone(UTC) - timedelta(seconds=1)

    times = times_between(recurrence, after=after, until=after + timedelta(days=9))

    shown = [
        at.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M %z")
        for at in islice(times, len(wanted))
    ]
    assert shown == wanted


def test_the_table_has_each_kind_in_both_changes_of_three_zones():
    kinds = {(zone, change, kind) for zone, change, kind, _, _ in LINES}

    assert len({(zone, change) for zone, change, _ in kinds}) == 6
    assert len(kinds) == 18
