"""Keyset pages: stable under inserts, as fast on page 1,000 as on page 1."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from rest_framework.request import Request

from apps.core.clock import read_moment
from apps.core.errors import InvalidRequest

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
Row = TypeVar("Row", bound=models.Model)


def encode_cursor(values: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def decode_cursor(cursor: str, *, size: int) -> list[Any]:
    """Return the values of a cursor made by `encode_cursor`; refuse anything else."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != size:
        raise InvalidRequest("The cursor is not one of ours.", fields={"cursor": ["Invalid."]})
    return values


def key_cursor(key: tuple[datetime, UUID] | None) -> str | None:
    """Return the cursor of a place in a list that is ordered by time and id."""
    return None if key is None else encode_cursor([key[0].isoformat(), str(key[1])])


def read_key(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Return the place that `key_cursor` wrote; refuse anything else."""
    if cursor is None:
        return None
    at, id_ = decode_cursor(cursor, size=2)
    try:
        return read_moment(str(at)), UUID(str(id_))
    except ValueError as error:
        raise InvalidRequest(
            "The cursor is not one of ours.", fields={"cursor": ["Invalid."]}
        ) from error


def read_limit(request: Request) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))
    if not is_number or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidRequest(
            "The limit is out of range.", fields={"limit": [f"Must be 1 to {MAX_LIMIT}."]}
        )
    return int(text)


def page_of(
    queryset: models.QuerySet[Row],
    *,
    request: Request,
    order: Sequence[str],
    render: Callable[[list[Row]], Iterable[object]],
) -> dict[str, object]:
    """
    Return `{"items": […], "next_cursor": …}` for the request's `cursor` and `limit`.

    `order` names columns, all in one direction, ending in a unique one; no column may be null.
    """
    limit = read_limit(request)
    columns = [name.lstrip("-") for name in order]
    descending = order[0].startswith("-")
    if cursor := request.query_params.get("cursor"):
        fields = [_column(queryset.model, name) for name in columns]
        try:
            values = [
                _value_of(field, value)
                for field, value in zip(
                    fields, decode_cursor(cursor, size=len(columns)), strict=True
                )
            ]
        except (ValueError, TypeError, LookupError, ValidationError) as error:
            raise InvalidRequest(
                "The cursor is not one of ours.", fields={"cursor": ["Invalid."]}
            ) from error
        queryset = queryset.filter(_beyond(columns, values, descending=descending))
    rows = list(queryset.order_by(*order)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    next_cursor = None
    if more:
        next_cursor = encode_cursor([_plain(getattr(rows[-1], name)) for name in columns])
    return {"items": list(render(rows)), "next_cursor": next_cursor}


def _column(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{name} is not a column of {model.__name__}")
    return field


def _value_of(field: models.Field[Any, Any], value: object) -> object:
    """Return a cursor's value as its column's type; raises for what the column cannot hold."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise TypeError("not a value of a column")
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("Postgres text holds no NUL")
    if isinstance(field, models.DateTimeField):
        return read_moment(str(value))
    # Its validators know the column's range.
    found = field.to_python(value)
    field.run_validators(found)
    return found


def _plain(value: object) -> object:
    return (
        value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, UUID)
        else value
    )


def _beyond(columns: Sequence[str], values: Sequence[object], *, descending: bool) -> Q:
    """Return `(a, b) < (x, y)` as `a <= x AND (a < x OR (a = x AND b < y))`: that uses an index."""
    suffix = "lt" if descending else "gt"
    condition = Q()
    for index in range(len(columns)):
        equal = Q(**{columns[position]: values[position] for position in range(index)})
        condition |= equal & Q(**{f"{columns[index]}__{suffix}": values[index]})
    return Q(**{f"{columns[0]}__{suffix}e": values[0]}) & condition
