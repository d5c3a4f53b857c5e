"""What changed between two sets of columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol


class Version(Protocol):
    """A set of columns and when it was seen; `models.SchemaVersion` is one."""

    @property
    def columns(self) -> list[dict[str, str]]: ...
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


def changes_of(versions: Sequence[Version]) -> list[SchemaChange]:
    """
    Return the changes from each version to the next, newest first.

    A version that came back after another is seen once, where it was first. Columns in another
    order only are no change.
    """
    ordered = sorted(versions, key=lambda version: (version.first_seen, version.last_seen))
    changes = []
    for before, after in pairwise(ordered):
        old = {column["name"]: column.get("type", "") for column in before.columns}
        new = {column["name"]: column.get("type", "") for column in after.columns}
        change = SchemaChange(
            at=after.first_seen,
            added=[name for name in new if name not in old],
            removed=[name for name in old if name not in new],
            retyped=[
                (name, old[name], kind)
                for name, kind in new.items()
                if name in old and old[name] != kind and old[name] and kind
            ],
        )
        if change.added or change.removed or change.retyped:
            changes.append(change)
    return changes[::-1]
