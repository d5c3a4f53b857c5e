"""How upper layers take what lower ones left: claim, work and delete in one transaction."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def claim(pending: models.QuerySet[Row], *, limit: int) -> list[Row]:
    """
    Lock up to `limit` of the rows for this transaction; rows that others hold are passed over.

    A cursor over ids is no substitute: a slow transaction commits a lower id after it has passed.
    """
    return list(pending.select_for_update(skip_locked=True, of=("self",))[:limit])
