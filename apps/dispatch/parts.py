"""
Pure: the parts of a backfill, and what each of them says to its run.

A part is a time or a partition. Its key is text; the run gets it as the value of one parameter, in
the form that the flow's schema asks for: a date, a moment, a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

MAX_PARTS = 10_000
_AHEAD_AT_LEAST = 20
_AHEAD_AT_MOST = 500


class Recurring(Protocol):
    """What has due times; None when no further one comes."""

    def next_after(self, moment: datetime) -> datetime | None: ...


class BadPartsError(ValueError):
    """The parts cannot be had so; `field` names the input that is to blame."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def times_in(recurrence: Recurring, *, since: datetime, until: datetime) -> list[datetime]:
    """
    Return the due times from `since` on and before `until`, oldest first.

    Raises: BadPartsError when there are none, or too many.
    """
    times: list[datetime] = []
    due = recurrence.next_after(since - timedelta(microseconds=1))
    while due is not None and due < until:
        if len(times) == MAX_PARTS:
            message = f"Over {MAX_PARTS:,} times lie in this range; make it shorter."
            raise BadPartsError("until", message)
        times.append(due)
        due = recurrence.next_after(due)
    if not times:
        raise BadPartsError("until", "No time of it lies in this range.")
    return times


def keys_of_times(
    times: Sequence[datetime], *, zone: ZoneInfo, takes: Sequence[Mapping[str, Any]]
) -> list[str]:
    """
    Return the key of each time: its date in `zone` for a parameter that takes dates, else in UTC.

    Raises: BadPartsError when two of them would be the same date.
    """
    if any(each.get("format") == "date" for each in takes):
        keys = [time.astimezone(zone).date().isoformat() for time in times]
    else:
        keys = [time.astimezone(UTC).isoformat().replace("+00:00", "Z") for time in times]
    if len(set(keys)) < len(keys):
        message = "The parameter takes dates, and several times of this range are on one day."
        raise BadPartsError("parameter", message)
    return keys


def value_of(key: str, *, takes: Sequence[Mapping[str, Any]]) -> object:
    """
    Return what a run gets for a part: the key itself where the parameter takes text, else its JSON.

    >>> value_of("7", takes=[{"type": "integer"}]), value_of("7", takes=[{"type": "string"}])
    (7, '7')
    """
    types = {name for each in takes for name in _types(each)}
    if not types or "string" in types:
        return key
    try:
        value = orjson.loads(key)
    except orjson.JSONDecodeError:
        return key
    return value if isinstance(value, bool | int | float) else key


def schemas_of(schema: Mapping[str, Any], parameter: str) -> list[Mapping[str, Any]]:
    """Return what a parameter may be, each alternative by itself; none when nothing is said."""
    properties = schema.get("properties")
    found = properties.get(parameter) if isinstance(properties, dict) else None
    return list(_alternatives(schema, found, depth=0))


def _alternatives(root: Mapping[str, Any], schema: Any, *, depth: int) -> Iterator[dict[str, Any]]:
    if not isinstance(schema, dict) or depth > 5:
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target: Any = root
        for name in reference.removeprefix("#/").split("/"):
            target = target.get(name) if isinstance(target, dict) else None
        yield from _alternatives(root, target, depth=depth + 1)
        return
    inner = [each for name in ("anyOf", "oneOf") for each in schema.get(name) or ()]
    if not inner:
        yield schema
    for each in inner:
        yield from _alternatives(root, each, depth=depth + 1)


def _types(schema: Mapping[str, Any]) -> set[str]:
    said = schema.get("type")
    if isinstance(said, str):
        return {said}
    if isinstance(said, list):
        return {each for each in said if isinstance(each, str)}
    if "enum" in schema:
        return {"string" for each in schema["enum"] if isinstance(each, str)} or {"enum"}
    return set()


def most_open(concurrency: int) -> int:
    """
    Return how many runs of a backfill are made ahead of their end: going on, and next in line.

    Enough that a free slot never waits for the loop, and few enough that a pause or a
    cancellation finds most of the work unmade.
    """
    return concurrency + min(max(2 * concurrency, _AHEAD_AT_LEAST), _AHEAD_AT_MOST)


def seconds_for(*, parts: int, concurrency: int, seconds_each: float | None) -> float | None:
    """Return how long parts take with so many at once; None when nobody knows one's time."""
    if seconds_each is None:
        return None
    return -(-parts // concurrency) * seconds_each
