"""
What happened around a run: which of many things most likely has to do with how it went.

Pure. Each candidate gets a score between 0 and 1: what it is, how long before, how many steps away.
And the reasons in words, because a rank that nobody can follow helps nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Final
from uuid import UUID

HALF_LIFE: Final = timedelta(hours=2)  # a thing twice as long ago is not half as likely, but less
STEP: Final = 0.75  # for each step upstream
SHOWN: Final = 50
LEAST_SCORE: Final = 0.02
BREAK_FROM: Final = 4.0  # deviations from what is usual
LEAST_HISTORY: Final = 5  # values, below which nothing is usual


class Kind(StrEnum):
    """What sort of thing happened."""

    RUN = "run"  # another run, on what this one reads or writes
    DEPLOY = "deploy"
    SCHEMA = "schema"
    CHECK = "check"
    METRIC = "metric"
    QUERY = "query"
    EVENT = "event"


@dataclass(slots=True, kw_only=True)
class Candidate:
    """
    Something that happened. `weight`: how telling it is by itself, 0 to 1.

    `distance`: steps from the run to the resource, 0 for what it touches itself; None when it is
    about no resource of the run.
    """

    kind: Kind
    at: datetime
    title: str
    weight: float
    why: list[str]
    distance: int | None = None
    resource_id: UUID | None = None
    resource: str = ""
    event_id: UUID | None = None
    event_name: str = ""
    run_id: UUID | None = None
    count: int = 1
    score: float = field(default=0.0, init=False)


def rank(
    candidates: Iterable[Candidate], *, until: datetime, limit: int = SHOWN
) -> list[Candidate]:
    """
    Return the candidates by score, the likeliest first, with what can be said of their place.

    What says the same of the same resource (a query each minute) is one, with how often.
    """
    found: dict[tuple[Kind, str, UUID | None, UUID | None], Candidate] = {}
    for each in candidates:
        if each.at > until:
            continue
        each.score = _score(each, until)
        key = (each.kind, each.title, each.resource_id, each.run_id)
        known = found.get(key)
        if known is None:
            found[key] = each
            continue
        count = known.count + each.count
        if (each.score, each.at) > (known.score, known.at):
            found[key] = each
        found[key].count = count
    kept = [each for each in found.values() if each.score >= LEAST_SCORE]
    kept.sort(key=lambda each: (-each.score, -each.at.timestamp(), each.kind.value, each.title))
    for each in kept[:limit]:
        each.why = [*each.why, *_place_in_words(each, until)]
    return kept[:limit]


def _score(each: Candidate, until: datetime) -> float:
    before = max((until - each.at) / HALF_LIFE, 0.0)
    # 1 right before, 1/2 after one half-life, 1/3 after two: slower than an exponential, since a
    # schema that changed in the evening breaks the load of the morning.
    closeness = 1 / (1 + before)
    nearness = STEP**each.distance if each.distance is not None else STEP**3
    return min(max(each.weight, 0.0), 1.0) * closeness * nearness


def _place_in_words(each: Candidate, until: datetime) -> list[str]:
    before = until - each.at
    words = ["right before" if before < timedelta(seconds=1) else f"{in_words(before)} before"]
    if each.distance == 0:
        words.append("on something that this run touches")
    elif each.distance is not None:
        words.append(f"{each.distance} step{'' if each.distance == 1 else 's'} upstream of it")
    if each.count > 1:
        words.append(f"{each.count} times")
    return words


def in_words(span: timedelta) -> str:
    """Return a length of time as people say it."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3_600)} h"


_BROKE: Final = re.compile(
    r"(?:^|[._\- ])(?:fail|failed|failure|error|crash|crashed|broken|incident|alert|down|outage"
    r"|timeout|denied|refused|breached)(?:$|[._\- ])",
    re.IGNORECASE,
)
_DEPLOYED: Final = re.compile(
    r"(?:^|[._\- ])(?:deploy|deployed|deployment|release|released|rollout|rollback|merge|merged"
    r"|push|migrate|migrated|migration|upgrade|upgraded|config|grant|revoke)(?:$|[._\- ])",
    re.IGNORECASE,
)
# What the database looks for among many events; `classify` then says what each one is.
NOTABLE: Final = (
    r"(fail|error|crash|broken|incident|alert|outage|timeout|denied|breached|deploy|release"
    r"|roll(out|back)|merge|push|migrat|upgrade|schema)"
)
_CHANGING: Final = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "DROP", "ALTER", "TRUNCATE", "COPY", "GRANT"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """What an event is, how telling that is, and why."""

    kind: Kind
    weight: float
    why: str


def classify(
    *,
    name: str,
    verb: str = "",
    has_error: bool = False,
    on_resource: bool,
    by_this_run: bool,
    by_a_run: bool = False,
) -> Sort | None:
    """Return what sort of event it is, None for what tells nothing."""
    if by_this_run:
        # What the run said itself is in its logs; but that something broke belongs here, too.
        return (
            Sort(kind=Kind.EVENT, weight=0.5, why="the run said so")
            if _BROKE.search(name)
            else None
        )
    is_query = name.startswith("query.")
    if is_query and (has_error or _BROKE.search(name)):
        return Sort(kind=Kind.QUERY, weight=0.6, why="the statement failed")
    if is_query and verb.upper() in _CHANGING:
        ddl = verb.upper() in {"DROP", "ALTER", "TRUNCATE", "GRANT"}
        return Sort(
            kind=Kind.QUERY,
            weight=0.75 if ddl else 0.4,
            # Often the same flow's, an hour before, under the same user: nobody else.
            why=f"{'another run' if by_a_run else 'somebody else'}’s {verb.upper()}",
        )
    if is_query:
        return None
    if name.startswith("check.") and _BROKE.search(name):
        return Sort(kind=Kind.CHECK, weight=0.85, why="a check failed")
    if _BROKE.search(name):
        return Sort(kind=Kind.EVENT, weight=0.7, why="its name says that something broke")
    if "schema" in name.lower():
        return Sort(kind=Kind.SCHEMA, weight=0.7, why="its name says that a schema changed")
    if _DEPLOYED.search(name):
        return Sort(kind=Kind.DEPLOY, weight=0.6, why="something was deployed or configured")
    if on_resource:
        return Sort(kind=Kind.EVENT, weight=0.2, why="it is about the same resource")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A value that is not like those before it. `usual`: their median."""

    at: datetime
    value: float
    usual: float
    deviations: float

    @property
    def weight(self) -> float:
        return min(0.5 + 0.05 * self.deviations, 0.85)

    @property
    def in_words(self) -> str:
        if self.usual:
            change = (self.value - self.usual) / abs(self.usual) * 100
            return f"{self.value:,.6g} where {self.usual:,.6g} is usual ({change:+,.0f} %)"
        return f"{self.value:,.6g} where {self.usual:,.6g} is usual"


def find_break(points: Sequence[tuple[datetime, float]], *, since: datetime) -> Break | None:
    """
    Return the value since then that differs most from those before it, if any does enough.

    Measured in deviations from the median (of the absolute ones, so that one earlier break does not
    make the next look usual); a fiftieth of the median at least, or values that hardly ever
    change would break at each step.
    """
    before = [value for at, value in points if at < since]
    after = [(at, value) for at, value in points if at >= since]
    if len(before) < LEAST_HISTORY or not after:
        return None
    usual = median(before)
    spread = 1.4826 * median(abs(value - usual) for value in before)
    spread = max(spread, abs(usual) / 50, 1e-9)
    at, value = max(after, key=lambda point: (abs(point[1] - usual), point[0]))
    deviations = abs(value - usual) / spread
    if deviations < BREAK_FROM:
        return None
    return Break(at=at, value=value, usual=usual, deviations=deviations)
