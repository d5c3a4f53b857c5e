"""When a table's columns changed, told from the days on which it was seen with which. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol, TypeAlias

Columns: TypeAlias = list[dict[str, str]]  # [{name, type}]


class Sighting(Protocol):
    """A set of columns, by its hash, seen on a day; `models.SchemaSighting` is one."""

    @property
    def day(self) -> date: ...
    @property
    def hash(self) -> str: ...
    @property
    def first_seen(self) -> datetime: ...
    @property
    def last_seen(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """What a table's columns became at a time. `retyped`: (name, before, after)."""

    at: datetime
    added: list[str]
    removed: list[str]
    retyped: list[tuple[str, str, str]]

    @property
    def breaks_readers(self) -> bool:
        """Return whether a query that worked before may fail now."""
        return bool(self.removed or self.retyped)


def changes_of(sightings: Iterable[Sighting], columns: Mapping[str, Columns]) -> list[SchemaChange]:
    """
    Return how one table's columns changed, newest first. `columns`: of each hash.

    Columns in another order only are no change. Two that see one table each day and differ (a
    warehouse's types and an engine's) tell one change, once, and not one a day: what was seen on
    the day before is not news. What came back within a day is told on the next one.
    """
    changes = []
    for before, after, at in _turns(sightings):
        if before in columns and after in columns:
            change = _difference(columns[before], columns[after], at)
            if change.added or change.removed or change.retyped:
                changes.append(change)
    return changes[::-1]


class _Seen(NamedTuple):
    first: datetime
    last: datetime


def _turns(sightings: Iterable[Sighting]) -> Iterator[tuple[str, str, datetime]]:
    """Yield (hash before, hash after, when it was first seen), oldest first."""
    days: dict[date, dict[str, _Seen]] = defaultdict(dict)
    for one in sightings:
        # Several of a day and hash are those of a table's aliases.
        known = days[one.day].get(one.hash, _Seen(one.first_seen, one.last_seen))
        days[one.day][one.hash] = _Seen(
            min(known.first, one.first_seen), max(known.last, one.last_seen)
        )
    told: str | None = None  # what the table was last said to have
    before: Iterable[str] = ()
    for day in sorted(days):
        seen = days[day]
        news = sorted(
            (each for each in seen if each not in before), key=lambda each: (seen[each], each)
        )
        if not news and told not in seen:
            news = [max(seen, key=lambda each: (seen[each].last, each))]
        for hash_ in news:
            if told is not None and told != hash_:
                yield told, hash_, seen[hash_].first
            told = hash_
        before = seen


def _difference(before: Columns, after: Columns, at: datetime) -> SchemaChange:
    old = {column["name"]: column.get("type", "") for column in before}
    new = {column["name"]: column.get("type", "") for column in after}
    return SchemaChange(
        at=at,
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
        retyped=[
            (name, old[name], kind)
            for name, kind in new.items()
            if name in old and old[name] != kind and old[name] and kind
        ],
    )
