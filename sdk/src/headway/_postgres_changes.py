"""
What was executed between two readings of pg_stat_statements, and how it is told. Pure.

Rather nothing is told than anything twice: counters whose beginning is not known to be after the
last reading are only compared with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from headway._ids import uuid7
from headway._json import encode

BATCH = 1_000  # items of one request
BATCH_BYTES = 2 * 1024 * 1024
TEXT_LENGTH = 10_000  # characters of a statement: as many as Headway reads
LABEL_LENGTH = 200

Counters = tuple[float, float, float, float | None]  # calls, ms, rows, since when they are counted

# What stands in quotes; first what may hold a quote without being one. An open one goes to the end.
_QUOTED = re.compile(
    r"""
      (?P<kept> --[^\n]* | /\*.*?(?:\*/|\Z) | "(?:[^"]|"")*(?:"|\Z) )
    | (?<![\w$])[eE]'(?:\\.|''|[^'\\])*(?:'|\Z)
    | '(?:''|[^'])*(?:'|\Z)
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    One line of pg_stat_statements.

    `text` is None when the server could not read it just now; `since` is when its counters began,
    in seconds since 1970 by the server's clock, or None where the server does not say.
    """

    key: str
    user: str
    database: str
    text: str | None
    calls: float
    total_ms: float
    rows: float
    since: float | None = None

    @property
    def counters(self) -> Counters:
        return self.calls, self.total_ms, self.rows, self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All statements at one time. `began` and `reset` are seconds by the server's clock."""

    server: str
    name: str  # postgres://host:port, as it was reached
    began: float
    reset: float | None  # when all counters were reset; None where the server does not say
    at: str
    statements: list[Statement]


@dataclass(slots=True)
class Memory:
    """What the next reading is compared with, and what is on its way."""

    server: str = ""
    began: float = 0.0
    reset: float | None = None
    counters: dict[str, Counters] | None = None  # None: nothing was read yet
    pending: list[dict[str, Any]] = field(default_factory=list)  # batches, each with its ids


def is_first(memory: Memory, reading: Reading) -> bool:
    """Return whether there is nothing to compare the reading with."""
    if memory.counters is None or memory.server != reading.server:
        return True
    # Reset, but before the last reading: that was of another server with the same identity, as a
    # primary and its replicas are.
    return reading.reset is not None and memory.reset != reading.reset <= memory.began


def changes(memory: Memory, reading: Reading) -> list[Statement]:
    """
    Return what was executed since, as counters of that time; nothing at the first reading.

    A statement that was not there has begun since. One whose counters are of another beginning, or
    have gone back, was reset or thrown out and came again: what it has now is new.
    """
    if is_first(memory, reading):
        return []
    before = (memory.counters or {}) if memory.reset == reading.reset else {}
    told = (_change(now, before.get(now.key), memory.began) for now in reading.statements)
    return [each for each in told if each is not None and each.calls > 0]


def _change(now: Statement, old: Counters | None, last: float) -> Statement | None:
    if now.text is None:
        return None
    if old is not None and old[3] == now.since and not _went_back(now, old):
        return replace(
            now, calls=now.calls - old[0], total_ms=now.total_ms - old[1], rows=now.rows - old[2]
        )
    if now.since is not None and now.since <= last:
        return None  # counted before the last reading, which did not have it: of another server
    return now


def _went_back(now: Statement, old: Counters) -> bool:
    return now.calls < old[0] or now.total_ms < old[1] or now.rows < old[2]


def remembered(memory: Memory, reading: Reading) -> dict[str, Counters]:
    """Return the counters to compare with next; of a text that could not be read the last ones."""
    before = {} if is_first(memory, reading) else memory.counters or {}
    counters = {}
    for each in reading.statements:
        if each.text is not None:
            counters[each.key] = each.counters
        elif each.key in before:
            counters[each.key] = before[each.key]
    return counters


def without_values(text: str) -> str:
    """
    Return a statement without what it says in quotes.

    pg_stat_statements does this itself for what reads and writes rows, but not for other commands.

    >>> without_values("ALTER ROLE ada PASSWORD 'it''s secret'")
    "ALTER ROLE ada PASSWORD '?'"
    """
    return _QUOTED.sub(lambda found: found["kept"] or "'?'", text)


def _shown(text: str) -> str:
    # An open quote goes to the end, so what is cut before cannot show what it would have hidden.
    shown = without_values(text[: 4 * TEXT_LENGTH])
    if len(shown) <= TEXT_LENGTH and len(text) <= 4 * TEXT_LENGTH:
        return shown
    return f"{shown[:TEXT_LENGTH]}… [cut: of {len(text)} characters]"


def batches_of(found: Iterable[Statement], *, at: str, namespace: str) -> list[dict[str, Any]]:
    """Return what is sent: an event for each statement, and points for each user and database."""
    sums: dict[tuple[str, str], list[float]] = {}
    events = []
    for each in found:
        of_user = sums.setdefault((each.user, each.database), [0.0, 0.0, 0.0])
        for place, value in enumerate((each.calls, each.total_ms, each.rows)):
            of_user[place] += value
        events.append(_event(each, at, namespace))
    names = (("calls", "1"), ("time", "ms"), ("rows", "1"))
    points = [
        {
            "id": uuid7(),
            "name": f"postgres.statements.{name}",
            "unit": unit,
            "occurred_at": at,
            "value": of_user[place],
            "labels": {"server": namespace[:LABEL_LENGTH], "user": user, "database": database},
        }
        for (user, database), of_user in sums.items()
        for place, (name, unit) in enumerate(names)
    ]
    return [
        *({"events": part} for part in _parts(events)),
        *({"points": part} for part in _parts(points)),
    ]


def _event(each: Statement, at: str, namespace: str) -> dict[str, Any]:
    database = {"kind": "database", "name": each.database, "namespace": namespace}
    return {
        "id": uuid7(),
        "name": "query.executed",
        "occurred_at": at,
        "source": "pg_stat_statements",
        "resource": database,
        "related": [
            {"role": "executed_by", "kind": "user", "name": each.user},
            {"role": "on", **database},
        ],
        "payload": {
            "text": _shown(each.text or ""),
            "user": each.user,
            "database": each.database,
            "dialect": "postgres",
            "calls": int(each.calls),
            "duration_ms": round(each.total_ms / each.calls, 3),
            "total_ms": round(each.total_ms, 3),
            "rows": int(each.rows),
        },
    }


def _parts(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    size = 0
    for item in items:
        length = len(encode(item).encode())
        if part and (len(part) >= BATCH or size + length > BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part
