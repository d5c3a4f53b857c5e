"""JSON for whatever users hand us: it always works, and it never says NaN."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

from headway._clock import iso
from headway._units import text_of

MAX_PARAMETER_CHARACTERS = 16_000
MAX_PARAMETERS_BYTES = 60_000  # all together; the server takes 64 KiB


def encode(value: object) -> str:
    """
    Return `value` as compact JSON; what JSON lacks becomes its nearest neighbour.

    >>> from decimal import Decimal
    >>> encode({"at": date(2026, 3, 1), "share": float("nan"), "cost": Decimal("1.50")})
    '{"at":"2026-03-01","share":null,"cost":"1.50"}'
    """
    try:
        return _dumps(value)
    except (ValueError, TypeError, RecursionError):
        return _dumps(_plain(value))


def _dumps(value: object) -> str:
    text = json.dumps(
        value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_neighbour
    )
    if text.isascii():
        return text
    # Lone surrogates (undecodable file names) are no UTF-8 and would spoil the whole batch.
    return text.encode("utf-8", "replace").decode("utf-8")


def _neighbour(value: object) -> object:
    try:
        return _nearest(value)
    except Exception as problem:  # noqa: BLE001  the user's class cannot say what it is
        return f"<{type(value).__name__}, whose text failed: {type(problem).__name__}>"


def _nearest(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump) and hasattr(type(value), "model_json_schema"):
        return dump(mode="json")  # a model of pydantic's
    item = getattr(value, "item", None)  # numpy scalars
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item()
    if type(value).__str__ is not object.__str__ and not hasattr(value, "__len__"):
        return str(value)[:1000]  # Decimal, UUID, Path
    return repr(value)[:200]


def _plain(value: Any, *, around: frozenset[int] = frozenset()) -> Any:
    """Return `value` as JSON knows it; `around` are the ids of the containers it is inside of."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if id(value) in around:
        return "… itself"
    if len(around) > 50:
        return "… deeper than 50 levels"
    inside = around | {id(value)}
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, str) else text_of(key): _plain(item, around=inside)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, around=inside) for item in value]
    return _plain(_neighbour(value), around=inside)


def snapshot_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return parameters as plain JSON values, frozen as they are now; huge ones as a preview.

    >>> snapshot_parameters({"day": date(2026, 3, 1), "n": 3})
    {'day': '2026-03-01', 'n': 3}
    """
    texts = {name: encode(value) for name, value in parameters.items()}
    for name, text in texts.items():
        if len(text) > MAX_PARAMETER_CHARACTERS:
            texts[name] = _preview(text)
    sizes = {name: len(name.encode()) + len(text.encode()) for name, text in texts.items()}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if sum(sizes.values()) <= MAX_PARAMETERS_BYTES:
            break
        texts[name] = _preview(texts[name])
        sizes[name] = len(name.encode()) + len(texts[name].encode())
    return {name: json.loads(text) for name, text in texts.items()}


def _preview(text: str) -> str:
    return _dumps(f"{text[:500]} … {len(text)} characters")
