"""Deleting the rows of a workspace that is gone, a bounded number at a time."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection, models


def erase_rows(
    tables: Sequence[type[models.Model]],
    *,
    workspace_id: uuid.UUID,
    limit: int,
    key: Sequence[str] = ("id",),
) -> int:
    """
    Delete up to `limit` rows of the first of these tables that has any; return how many.

    Children stand before their parents. 0: there is nothing left in any. For loops.
    """
    for model in tables:
        table, columns = model._meta.db_table, ", ".join(key)
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE workspace_id = %s AND ({columns}) IN"  # noqa: S608 - names of ours
                f" (SELECT {columns} FROM {table} WHERE workspace_id = %s LIMIT %s)",
                [workspace_id, workspace_id, limit],
            )
            if cursor.rowcount:
                return int(cursor.rowcount)
    return 0
