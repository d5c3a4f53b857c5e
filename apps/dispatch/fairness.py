"""Pure: who of those that wait gets the free slots."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import TypeVar

Key = TypeVar("Key")


def share(slots: int, *, waiting: Mapping[Key, int], holding: Mapping[Key, int]) -> dict[Key, int]:
    """
    Give each slot to who holds the fewest, counting what was just given; return what each gets.

    In doubt to who comes first in `waiting`. So nobody with a long line keeps others from theirs.

    >>> share(3, waiting={"a": 9, "b": 1, "c": 1}, holding={})
    {'a': 1, 'b': 1, 'c': 1}
    >>> share(4, waiting={"a": 9, "b": 9}, holding={"a": 3})
    {'b': 3, 'a': 1}
    """
    given: dict[Key, int] = {}
    line = [
        (holding.get(key, 0), place, key) for place, key in enumerate(waiting) if waiting[key] > 0
    ]
    heapq.heapify(line)
    while line and sum(given.values()) < slots:
        held, place, key = heapq.heappop(line)
        given[key] = given.get(key, 0) + 1
        if given[key] < waiting[key]:
            heapq.heappush(line, (held + 1, place, key))
    return given
