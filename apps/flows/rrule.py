"""
Pure: the times of an RFC 5545 recurrence rule, on the wall clock of a time zone.

What the rule says of days and times is read by python-dateutil. Everything around it is ours: which
rules are taken, what a changed clock does to a time, and that asking costs little however long ago
the rule began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import InitVar, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from apps.flows.zones import (
    FAR,
    BadRecurrenceError,
    find_zone,
    first_moment_of,
    is_steady,
    moments_of,
    wall_time,
)

MAX_COUNT = 1_000  # such a rule is counted through from its first time, each time it is asked
MAX_TIMES_A_DAY = 48  # of rules that go by days; those of more times go by hours or minutes
MAX_LISTED = 400
MAX_INTERVAL = 10_000
FIRST_YEAR, LAST_YEAR = 1970, 2200
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WITHIN_A_DAY = frozenset({"HOURLY", "MINUTELY"})
_FREQUENCIES = frozenset({"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}) | _WITHIN_A_DAY
# Of each list, how small and how large a number may be; 0 is never one but of hours and minutes.
_LISTS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
}
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_OF_YEARS_ONLY = ("BYYEARDAY", "BYWEEKNO")
_KNOWN = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"}) | _LISTS.keys()
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")

# The calendar repeats itself every 400 years, to the day of the week. dateutil looks for a next
# time up to the year 9999: for a rule that has none, 8,000 years of looking. Asked as late in that
# span as the same calendar allows, it gives up after less than 400, which is where all is seen.
_CYCLE = timedelta(days=146_097)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    A rule on the wall clock of `timezone`, counted from `anchor`, its DTSTART.

    By days and longer: a time that the clock skips is due at the first moment after the gap, one
    that it shows twice is due once, the first time. By hours and minutes: what is skipped is
    passed over, and what is shown twice is due twice.
    """

    text: str
    anchor: datetime
    timezone: str
    checked: InitVar[bool] = False  # it was refused or taken before, and was taken

    def __post_init__(self, checked: bool) -> None:
        """Refuse what cannot be understood, or never comes."""
        if checked:
            return
        find_zone(self.timezone)
        if not FIRST_YEAR <= self.anchor.year <= LAST_YEAR:
            message = f"Must be in a year from {FIRST_YEAR} to {LAST_YEAR}."
            raise BadRecurrenceError("anchor_at", message)
        _check(self._parts)
        try:
            is_ever_due = self.next_after(self.anchor - timedelta(seconds=1)) is not None
        except ValueError:  # what dateutil says of hours or minutes that no step ever meets
            is_ever_due = False
        if not is_ever_due:
            raise _bad("This rule is never due.")

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than `moment`, in UTC; None when it was the last."""
        zone = self._zone
        # Nothing before the first time; and nothing that anybody lives to see.
        moment = max(moment, self.anchor - timedelta(seconds=1))
        if moment.year > LAST_YEAR + 200:
            return None
        after = wall_time(moment, zone)
        if is_steady(moment, zone):
            walls = self._walls(after)
            return next((due for wall in walls for due in self._moments(wall)), None)
        # The clock is set near here: what the wall showed a while ago may come again.
        found: datetime | None = None
        for wall in self._walls(after - FAR):
            if found is not None and wall > wall_time(found, zone) + FAR:
                break
            later = [due for due in self._moments(wall) if due > moment]
            found = min([*later, *([found] if found else [])], default=None)
        return found

    @cached_property
    def _zone(self) -> ZoneInfo:
        return find_zone(self.timezone)

    @cached_property
    def _parts(self) -> dict[str, str]:
        return _split(self.text)

    @cached_property
    def _start(self) -> datetime:
        return wall_time(self.anchor, self._zone).replace(microsecond=0)

    def _moments(self, wall: datetime) -> list[datetime]:
        if self._parts["FREQ"] in _WITHIN_A_DAY:
            return moments_of(wall, self._zone)
        return [first_moment_of(wall, self._zone)]

    def _walls(self, after: datetime) -> Iterator[datetime]:
        """Yield what the wall shows at each time of the rule later than `after`, in order."""
        after = max(after, self._start - timedelta(seconds=1))
        start = self._start if "COUNT" in self._parts else self._nearer_start(after)
        shift = max((9_998 - max(start.year, after.year)) // 400, 0) * _CYCLE
        rule: Any = rrulestr(self._explicit, dtstart=start + shift)
        last = self._until
        for wall in rule.xafter(after + shift):
            wall = wall - shift
            if last is not None and wall > last:
                return
            if wall.year > LAST_YEAR + 400:
                return
            yield wall

    @cached_property
    def _explicit(self) -> str:
        """
        The rule with all that it takes from its first time written out, and without its end.

        So it says the same whatever day it is begun on, as long as that is in step.
        """
        parts, start = dict(self._parts), self._start
        parts.pop("UNTIL", None)
        frequency = parts["FREQ"]
        by_day = any(name in parts for name in ("BYDAY", "BYMONTHDAY", *_OF_YEARS_ONLY))
        if not by_day and frequency in {"YEARLY", "MONTHLY"}:
            if frequency == "YEARLY":
                parts.setdefault("BYMONTH", str(start.month))
            parts["BYMONTHDAY"] = str(start.day)
        if not by_day and frequency == "WEEKLY":
            parts["BYDAY"] = _DAYS[start.weekday()]
        if frequency not in _WITHIN_A_DAY:
            parts.setdefault("BYHOUR", str(start.hour))
        if frequency != "MINUTELY":
            parts.setdefault("BYMINUTE", str(start.minute))
        parts["BYSECOND"] = str(start.second)
        return ";".join(f"{name}={value}" for name, value in parts.items())

    def _nearer_start(self, after: datetime) -> datetime:
        """Return a start in step with the rule's own that lies as shortly before `after` as can."""
        start, every = self._start, int(self._parts.get("INTERVAL", "1"))
        match self._parts["FREQ"]:
            case "YEARLY":
                year = start.year + (after.year - start.year) // every * every
                return max(start, datetime(year, 1, 1))  # noqa: DTZ001 - a wall has no zone
            case "MONTHLY":
                first = start.year * 12 + start.month - 1
                month = first + (after.year * 12 + after.month - 1 - first) // every * every
                return max(start, datetime(month // 12, month % 12 + 1, 1))  # noqa: DTZ001
            case "WEEKLY":
                step = timedelta(weeks=every)
            case "DAILY":
                step = timedelta(days=every)
            case "HOURLY":
                step = timedelta(hours=every)
            case _:
                step = timedelta(minutes=every)
        # One step before: a week's first day may lie after `after`, and a position counts in a set.
        return start + max((after - start) // step - 1, 0) * step

    @cached_property
    def _until(self) -> datetime | None:
        """The last time that the wall may show; of a day without a time, all of it."""
        given = self._parts.get("UNTIL")
        if given is None:
            return None
        found = _UNTIL.fullmatch(given)
        assert found is not None
        day, clock, is_utc = found.groups()
        until = datetime.strptime(day + (clock or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007
        return wall_time(until.replace(tzinfo=UTC), self._zone) if is_utc else until


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().removeprefix("RRULE:").upper().split(";"):
        name, separator, value = part.partition("=")
        if not separator or not value:
            raise _bad(f"{part[:50]!r} is not NAME=VALUE.")
        if name in parts:
            raise _bad(f"{name} stands there twice.")
        parts[name] = value
    return parts


def _check(parts: dict[str, str]) -> None:
    """Refuse what is no rule, and what would take long to follow."""
    frequency = parts.get("FREQ", "")
    if frequency == "SECONDLY":
        raise _bad("FREQ=SECONDLY is not taken; use an interval.")
    if frequency not in _FREQUENCIES:
        raise _bad(f"FREQ must be one of {', '.join(sorted(_FREQUENCIES))}.")
    if unknown := sorted(parts.keys() - _KNOWN):
        raise _bad(f"{unknown[0][:30]} is not known here.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _bad("COUNT and UNTIL cannot both be given.")
    _number(parts, "INTERVAL", MAX_INTERVAL)
    _number(parts, "COUNT", MAX_COUNT)
    if parts.get("WKST", "MO") not in _DAYS:
        raise _bad(f"WKST must be one of {', '.join(_DAYS)}.")
    for name, bounds in _LISTS.items():
        _check_list(parts, name, *bounds)
    _check_days(parts.get("BYDAY"), frequency)
    _check_until(parts.get("UNTIL"))
    # Looking for such a day would take a second, and find none.
    months = _numbers(parts.get("BYMONTH")) or range(1, 13)
    days = _numbers(parts.get("BYMONTHDAY")) or [1]
    if min(map(abs, days)) > max(_DAYS_OF_MONTH[month - 1] for month in months):
        raise _bad("This rule is never due: no such month has such a day.")
    for name in _OF_YEARS_ONLY:
        if name in parts and frequency != "YEARLY":
            raise _bad(f"{name} goes with FREQ=YEARLY only.")
    # PERF: with any of these the next time may be decades of single steps away.
    if "BYMONTHDAY" in parts and frequency in _WITHIN_A_DAY | {"WEEKLY"}:
        raise _bad(f"BYMONTHDAY does not go with FREQ={frequency}.")
    if "BYSETPOS" in parts and frequency in _WITHIN_A_DAY | {"DAILY"}:
        raise _bad(f"BYSETPOS does not go with FREQ={frequency}.")
    times = len(parts.get("BYHOUR", "0").split(",")) * len(parts.get("BYMINUTE", "0").split(","))
    if frequency not in _WITHIN_A_DAY and times > MAX_TIMES_A_DAY:
        raise _bad(
            f"At most {MAX_TIMES_A_DAY} times a day; FREQ=HOURLY or FREQ=MINUTELY take BYDAY too."
        )
    others = parts.keys() - {"BYSETPOS"}
    if "BYSETPOS" in parts and not any(name.startswith("BY") for name in others):
        raise _bad("BYSETPOS needs something to choose from, e.g. BYDAY.")


def _number(parts: dict[str, str], name: str, most: int) -> None:
    text = parts.get(name, "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise _bad(f"{name} must be a number from 1 to {most:,}.")


def _numbers(text: str | None) -> list[int]:
    return [int(each) for each in text.split(",")] if text else []


def _check_list(parts: dict[str, str], name: str, least: int, most: int) -> None:
    if name not in parts:
        return
    given = parts[name].split(",")
    fits = len(given) <= MAX_LISTED and all(
        re.fullmatch(r"[+-]?\d{1,3}", each)
        and least <= int(each) <= most
        and (least == 0 or int(each) != 0)
        for each in given
    )
    if not fits:
        raise _bad(f"{name} must be numbers from {least} to {most}, with commas between.")


def _check_days(text: str | None, frequency: str) -> None:
    if text is None:
        return
    found = [_BYDAY.fullmatch(each) for each in text.split(",")]
    if not all(found) or len(found) > MAX_LISTED:
        raise _bad("BYDAY must be weekdays such as MO,TH, or with a place such as 1MO or -1FR.")
    places = [int(each[1]) for each in found if each and each[1]]
    if places and frequency not in {"YEARLY", "MONTHLY"}:
        raise _bad("A place such as 1MO goes with FREQ=MONTHLY and FREQ=YEARLY only.")
    if any(not 1 <= abs(place) <= 53 for place in places):
        raise _bad("The place of a weekday must be from 1 to 53, or from -53 to -1.")


def _check_until(text: str | None) -> None:
    if text is None:
        return
    message = "UNTIL must look like 20270131, 20270131T180000 or 20270131T180000Z."
    found = _UNTIL.fullmatch(text)
    if not found:
        raise _bad(message)
    try:
        datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise _bad(message) from None


def _bad(message: str) -> BadRecurrenceError:
    return BadRecurrenceError("rrule", message)
