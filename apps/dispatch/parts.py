"""
Pure: the parts of a backfill, and what each of them says to its run.

A part is a time or a partition. Its key is text; the run gets it as the value of one parameter, in
the form that the flow's schema asks for: a date, a moment, a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

MAX_PARTS = 10_000
MAX_ALTERNATIVES = 100  # of one parameter; a flow's own annotation has a few
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
    found = _properties(schema).get(parameter)
    followed = {f"#/properties/{parameter}"}
    return list(islice(_alternatives(schema, found, followed), MAX_ALTERNATIVES))


def alone_in(schema: Mapping[str, Any], parameter: str) -> dict[str, Any]:
    """Return the schema of the parameters for one of them, whatever the others are."""
    properties = _properties(schema)
    own = {parameter: properties[parameter]} if parameter in properties else {}
    return {**schema, "required": [], "properties": own}


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _alternatives(
    root: Mapping[str, Any], schema: Any, followed: set[str]
) -> Iterator[dict[str, Any]]:
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        # SECURITY: each but once. What refers to itself many times would be walked for ever.
        if reference in followed:
            return
        followed.add(reference)
        target: Any = root
        for name in reference.removeprefix("#/").split("/"):
            target = target.get(name) if isinstance(target, dict) else None
        yield from _alternatives(root, target, followed)
        return
    inner = [each for name in ("anyOf", "oneOf") for each in schema.get(name) or ()]
    if not inner:
        yield schema
    for each in inner:
        yield from _alternatives(root, each, followed)


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
