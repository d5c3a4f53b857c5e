"""
Does an event match? Matchers compiled once, values read from events, keys, and an index of rules.

Pure. A matcher names fields and, for each, patterns: any of them may hold; a trailing `*` makes a
prefix; a leading `!` excludes. All fields must hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

Matcher = Mapping[str, Sequence[str]]
Values = Sequence[str]

MAX_KEY_BYTES: Final = 400  # a key is part of unique indexes, which hold 2,700 bytes in all
_NONE: Final[Values] = ()


class Facts(Protocol):
    """What a condition may ask of an event."""

    @property
    def id(self) -> UUID: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def name(self) -> str: ...
    @property
    def resource_kind(self) -> str | None: ...
    @property
    def resource_namespace(self) -> str | None: ...
    @property
    def resource_name(self) -> str | None: ...
    @property
    def related(self) -> Sequence[Mapping[str, str | None]]: ...
    @property
    def payload(self) -> Mapping[str, object]: ...
    @property
    def run_id(self) -> UUID | None: ...
    @property
    def task_run_id(self) -> UUID | None: ...
    @property
    def source(self) -> str: ...


Reader = Callable[[Facts], Values]

_RESOURCE_PARTS: Final = ("kind", "name", "namespace")


def _one(value: object) -> Values:
    return (str(value),) if value else _NONE


_SIMPLE: Final[Mapping[str, Reader]] = {
    "name": lambda event: (event.name,),
    "source": lambda event: _one(event.source),
    "run.id": lambda event: _one(event.run_id),
    "task_run.id": lambda event: _one(event.task_run_id),
    "resource.kind": lambda event: _one(event.resource_kind),
    "resource.name": lambda event: _one(event.resource_name),
    "resource.namespace": lambda event: _one(event.resource_namespace),
}


def find_field_fault(field: str) -> str | None:
    """Return why no event can have such a field, or None."""
    if field in _SIMPLE:
        return None
    parts = field.split(".")
    if parts[0] == "payload" and len(parts) > 1 and all(parts):
        return None
    if parts[0] == "related" and len(parts) > 2 and all(parts) and parts[-1] in _RESOURCE_PARTS:
        return None
    known = ", ".join(_SIMPLE)
    return f"Not a field of events: {known}, related.<role>.name, payload.<path>."


def reader_of(field: str) -> Reader:
    """Return the function that reads a field's values from an event."""
    if field in _SIMPLE:
        return _SIMPLE[field]
    head, _, rest = field.partition(".")
    if head == "payload":
        path = rest.split(".")
        return lambda event: _texts(_dig(event.payload, path))
    role, _, part = rest.rpartition(".")
    return lambda event: [
        text
        for relation in event.related
        if relation["role"] == role and (text := relation.get(part))
    ]


def _dig(value: object, path: Iterable[str]) -> object:
    for part in path:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part[:9]) < len(value):
            value = value[int(part[:9])]
        else:
            return {}  # as an object, nothing has no text
    return value


def _texts(value: object) -> Values:
    if isinstance(value, list):
        return [text for each in value for text in _text(each)]
    return _text(value)


def _text(value: object) -> Values:
    """Return a scalar's text: a string's own, JSON's of anything else; none for objects, lists."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (Mapping, list)):
        return _NONE
    return (json.dumps(value),)


class Condition:
    """The patterns of one field, ready to be asked."""

    __slots__ = ("_exact", "_not_exact", "_not_prefixes", "_prefixes", "_wants", "field", "read")

    def __init__(self, field: str, patterns: Sequence[str]) -> None:
        wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
        unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
        self.field = field
        self.read = reader_of(field)
        self._exact, self._prefixes = _split(wanted)
        self._not_exact, self._not_prefixes = _split(unwanted)
        self._wants = bool(wanted)

    @property
    def exact(self) -> frozenset[str] | None:
        """The values of which one is needed, or None when a prefix would do as well."""
        return self._exact if self._wants and not self._prefixes else None

    @property
    def wanted(self) -> list[str] | None:
        """The patterns of which one is needed, or None when there are none."""
        if not self._wants:
            return None
        return [*sorted(self._exact), *(f"{prefix}*" for prefix in self._prefixes)]

    def holds(self, event: Facts) -> bool:
        values = self.read(event)
        for value in values:
            if value in self._not_exact or value.startswith(self._not_prefixes):
                return False
        if not self._wants:
            return True
        return any(value in self._exact or value.startswith(self._prefixes) for value in values)


def _split(patterns: Sequence[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    exact = frozenset(pattern for pattern in patterns if not pattern.endswith("*"))
    return exact, tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))


class Conditions:
    """One or more matchers, all of which must hold."""

    __slots__ = ("_all",)

    def __init__(self, *matchers: Matcher) -> None:
        conditions = [
            Condition(field, patterns)
            for matcher in matchers
            for field, patterns in matcher.items()
        ]
        # What is read without parsing JSON is asked first.
        self._all = sorted(conditions, key=lambda one: (one.field not in _SIMPLE, one.field))

    def hold(self, event: Facts) -> bool:
        return all(condition.holds(event) for condition in self._all)

    @property
    def names(self) -> list[str] | None:
        """Patterns of which the event's name must match one; None: any name."""
        return next((c.wanted for c in self._all if c.field == "name" and c.wanted), None)

    @property
    def resource_names(self) -> list[str] | None:
        """Names of which the event's resource must have one; None: any."""
        found = (c.exact for c in self._all if c.field == "resource.name" and c.exact is not None)
        names = next(found, None)
        return None if names is None else sorted(names)

    def most_telling(self) -> Condition | None:
        """Return a condition with exact values, one that fewest events should meet; or None."""
        exact = [condition for condition in self._all if condition.exact is not None]
        return min(exact, key=_vagueness, default=None)


_VAGUE: Final = {"name": 1, "source": 2, "resource.kind": 3, "resource.namespace": 2}


def _vagueness(condition: Condition) -> tuple[int, int, str]:
    # A field of the payload is asked late, because reading it means parsing JSON.
    rank = _VAGUE.get(condition.field, 0 if condition.field in _SIMPLE else 4)
    return rank, len(condition.exact or ()), condition.field


def key_of(event: Facts, readers: Sequence[Reader]) -> str | None:
    """
    Return the key under which the event counts, "" for rules without `for_each`.

    None when the event lacks one of the fields. Of several values the first one counts.
    """
    if not readers:
        return ""
    values = []
    for read in readers:
        found = read(event)
        if not found:
            return None
        values.append(found[0])
    return make_key(values)


def make_key(values: Sequence[str]) -> str:
    """Write the values as one text; beyond 400 bytes the end is replaced by a digest of all."""
    key = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    data = key.encode()
    if len(data) <= MAX_KEY_BYTES:
        return key
    digest = blake2b(data, digest_size=16).hexdigest()
    return f"{data[: MAX_KEY_BYTES // 2].decode(errors='ignore')}…{digest}"


def read_key(key: str) -> list[str] | None:
    """Return the values of a key, or None when some were cut off."""
    try:
        values: list[str] = json.loads(key) if key else []
    except ValueError:
        return None
    return values


Subject = TypeVar("Subject")


class Index(Generic[Subject]):
    """
    Finds the rules that an event may concern without asking each of them.

    Each rule stands under the exact values of its most telling field; those that have none stand
    in a list, narrowed by name once per name that comes along.
    """

    def __init__(self, rules: Iterable[tuple[Subject, Conditions]]) -> None:
        self._exact: dict[str, tuple[Reader, dict[str, list[tuple[int, Subject, Conditions]]]]] = {}
        self._others: list[tuple[int, Subject, Conditions, Condition | None]] = []
        self._others_by_name: dict[str, list[tuple[int, Subject, Conditions]]] = {}
        for place, (subject, conditions) in enumerate(rules):
            telling = conditions.most_telling()
            if telling is None:
                patterns = conditions.names
                named = None if patterns is None else Condition("name", patterns)
                self._others.append((place, subject, conditions, named))
                continue
            _, by_value = self._exact.setdefault(telling.field, (telling.read, {}))
            for value in telling.exact or ():
                by_value.setdefault(value, []).append((place, subject, conditions))

    def concerned(self, event: Facts) -> list[Subject]:
        """Return the rules whose conditions the event meets, in the order of the rules."""
        found = {
            place: subject
            for place, subject, conditions in self._others_for(event)
            if conditions.hold(event)
        }
        for read, by_value in self._exact.values():
            for value in read(event):
                for place, subject, conditions in by_value.get(value, ()):
                    if place not in found and conditions.hold(event):
                        found[place] = subject
        return [found[place] for place in sorted(found)] if len(found) > 1 else [*found.values()]

    def _others_for(self, event: Facts) -> Sequence[tuple[int, Subject, Conditions]]:
        known = self._others_by_name.get(event.name)
        if known is None:
            if len(self._others_by_name) >= _MAX_NAMES:
                self._others_by_name.clear()
            known = self._others_by_name[event.name] = [
                (place, subject, conditions)
                for place, subject, conditions, named in self._others
                if named is None or named.holds(event)
            ]
        return known


_MAX_NAMES: Final = 10_000
