"""
What of an app's tables goes into an export: kinds as data, read in keyset pages.

Each app lists its kinds as `selectors.WORKSPACE_EXPORTS` (or `ACCOUNT_EXPORTS`); the app on top
composes them. A kind names its columns one by one, so that a new column, which may be a secret,
is exported only once somebody decided so. What is written while an export is made may be missing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

Row = dict[str, Any]
Cursor = list[Any]  # of JSON's own types: it is stored between two pages
PARENTS: Final = 100  # whose children are read together


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage:
    """Some rows, and from where to go on; None: that was all."""

    rows: list[Row]
    cursor: Cursor | None


Reader = Callable[[uuid.UUID, Cursor | None, int], ExportPage]
Source = Callable[[uuid.UUID], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One file of an export. `read(owner, cursor, limit)` is called inside the owner's scope."""

    name: str
    read: Reader


def export_of(
    name: str, source: Source, *, key: Sequence[str], fields: Sequence[str]
) -> ExportKind:
    """
    Return the kind of these columns of the owner's rows, in the order of `key`.

    `key` is unique and without nulls. `fields` may follow relations: `user__email`.
    """

    def read(owner_id: uuid.UUID, after: Cursor | None, limit: int) -> ExportPage:
        rows = source(owner_id)
        if after is not None:
            rows = rows.filter(beyond(key, after))
        return _page(rows, key=key, fields=fields, limit=limit)

    return ExportKind(name, read)


def export_of_children(
    name: str,
    parents: Source,
    children: Callable[[uuid.UUID, Sequence[uuid.UUID]], QuerySet[Any]],
    *,
    key: Sequence[str],
    fields: Sequence[str],
) -> ExportKind:
    """
    Return the kind of rows that no index finds by their owner, but by their parents.

    Parents are taken a hundred at a time by (created_at, id); `children(owner, ids)` are theirs.
    """

    def read(owner_id: uuid.UUID, after: Cursor | None, limit: int) -> ExportPage:
        start, inner = (after[:2], after[2]) if after is not None else (None, None)
        while True:
            found = parents(owner_id)
            if start is not None:
                found = found.filter(beyond(PARENT_KEY, start) | Q(id=start[1]))
            batch = list(found.order_by(*PARENT_KEY).values_list(*PARENT_KEY)[: PARENTS + 1])
            if not batch:
                return ExportPage(rows=[], cursor=None)
            here = [plain(value) for value in batch[0]]
            rows = children(owner_id, [each[1] for each in batch[:PARENTS]])
            if inner is not None:
                rows = rows.filter(beyond(key, inner))
            page = _page(rows, key=key, fields=fields, limit=limit)
            if page.cursor is not None:
                return ExportPage(rows=page.rows, cursor=[*here, page.cursor])
            following = [plain(value) for value in batch[-1]] if len(batch) > PARENTS else None
            if page.rows or following is None:
                cursor = None if following is None else [*following, None]
                return ExportPage(rows=page.rows, cursor=cursor)
            start, inner = following, None

    return ExportKind(name, read)


PARENT_KEY: Final = ("created_at", "id")


def beyond(key: Sequence[str], values: Sequence[Any]) -> Q:
    """Return `(a, b) > (x, y)` as `a >= x AND (a > x OR (a = x AND b > y))`: that uses an index."""
    condition = Q()
    for index, name in enumerate(key):
        equal = Q(**{key[position]: values[position] for position in range(index)})
        condition |= equal & Q(**{f"{name}__gt": values[index]})
    return Q(**{f"{key[0]}__gte": values[0]}) & condition


def plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _page(
    rows: QuerySet[Any], *, key: Sequence[str], fields: Sequence[str], limit: int
) -> ExportPage:
    wanted = dict.fromkeys([*fields, *key])
    found = list(rows.order_by(*key).values(*wanted)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return ExportPage(
        rows=[{name: row[name] for name in fields} for row in found],
        cursor=[plain(found[-1][name]) for name in key] if more else None,
    )
