"""
Which way data flows along a relation.

Pure. `reads`: from the other to who reads it. `writes`: from who writes to the other.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

# (from, role, to) where data goes from `to` into `from`.
INTO: Final = ("reads", "uses", "depends_on")
# (from, role, to) where data goes out of `from` into `to`.
OUT_OF: Final = ("writes", "produces")
# Data does not flow through these: who reads one table and writes another has not made one of the
# other.
ENDS: Final = frozenset({"user", "service", "database"})
# Left out unless asked for: there are thousands of them around a busy table.
HIDDEN: Final = frozenset({"query", "column", "run"})


class Direction(StrEnum):
    """Where to look from the focus."""

    UP = "up"  # what it is made of
    DOWN = "down"  # what is made of it
    BOTH = "both"


def roles_from(direction: Direction) -> tuple[str, ...]:
    """Return the roles of relations to follow from their `from` to their `to`."""
    return INTO if direction is Direction.UP else OUT_OF


def roles_to(direction: Direction) -> tuple[str, ...]:
    """Return the roles of relations to follow from their `to` back to their `from`."""
    return OUT_OF if direction is Direction.UP else INTO


def flow_of(role: str) -> bool | None:
    """Return True when data goes from `from` to `to`, False when back, None when none flows."""
    if role in OUT_OF:
        return True
    return False if role in INTO else None
