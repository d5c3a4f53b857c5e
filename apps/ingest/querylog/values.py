"""What stands in the cells of query logs: times, durations, counts, names of tables. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from apps.ingest.doors.items import ItemRefused
from apps.ingest.hooks.port import printable
from apps.telemetry.limits import NAME_LENGTH, RELATED_COUNT, RESOURCE_NAME_LENGTH

MOST: Final = 1 << 62  # of a count
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s*"
    r"(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?")
_UNITS: Final = {
    "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "min": 6e4, "h": 3.6e6,
    "d": 8.64e7,
}  # fmt: skip
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|min|m|h|d)")
_CLOCK = re.compile(r"(?:(\d+) days? )?(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_BITS: Final = 1_000
_CELL_LENGTH: Final = 100  # of one that is no free text: patterns take their time over long ones
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def text_in(value: Any) -> str:
    """
    Return a cell as text; what is empty, or NULL as databases print it, is empty.

    Raises: ItemRefused for numbers that nobody counts to.
    """
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, int) and value.bit_length() > _BITS:  # too long to be printed, too
        raise ItemRefused("A number of too many digits.")
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    text = printable(text).replace("\x00", "").strip()
    return "" if text in {"NULL", "\\N", "null"} else text


def _short(value: Any, field: str) -> str:
    text = text_in(value)
    if len(text) > _CELL_LENGTH:
        raise ItemRefused(f"Over {_CELL_LENGTH} characters.", field)
    return text


def time_in(value: Any, field: str, zone: tzinfo | None) -> datetime | None:
    """
    Return the moment: ISO 8601 or as databases print it, or seconds, ms or µs since 1970.

    Raises: ItemRefused for what is none, and without an offset when no zone is known.
    """
    text = _short(value, field)
    if not text:
        return None
    try:
        if _NUMBER.fullmatch(text):
            number = Decimal(text)
            scale = 1_000_000 if number < 10**11 else 1_000 if number < 10**14 else 1
            return _EPOCH + timedelta(microseconds=int(number * scale))
        found = _TIME.fullmatch(text)
        if found is None:
            raise ItemRefused("Expected a time.", field)
        day, clock, offset = found.groups()
        offset = (offset or "").upper()
        if offset in {"Z", "UTC", "GMT"}:
            offset = "+00:00"
        moment = datetime.fromisoformat(f"{day}T{clock.replace(',', '.')}{offset}")
        if moment.tzinfo is None:
            if zone is None:
                raise ItemRefused("The time has no offset: name the zone of the log.", field)
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ItemRefused("Expected a time.", field) from error


def milliseconds_in(value: Any, field: str, unit: float = 1.0) -> float | None:
    """
    Return a duration: a number of `unit` milliseconds, `12.5 ms`, `1.20m`, or `0:00:12.3`.

    Raises: ItemRefused for what is none.
    """
    text = _short(value, field)
    if not text:
        return None
    if found := _CLOCK.fullmatch(text):
        days, hours, minutes, seconds = (float(each or 0) for each in found.groups())
        parts = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return _duration(parts * 1e3, field)
    spans = _SPAN.findall(text)
    if spans and not _SPAN.sub("", text).strip():
        return _duration(sum(float(number) * _UNITS[each] for number, each in spans), field)
    try:
        return _duration(float(text) * unit, field)
    except ValueError as error:
        raise ItemRefused("Expected a duration.", field) from error


def _duration(found: float, field: str) -> float:
    if not 0 <= found < 1e15:  # also what is no number
        raise ItemRefused("Expected a duration.", field)
    return round(found, 6)


def count_in(value: Any, field: str) -> int | None:
    """Return a whole number that is not below zero. Raises: ItemRefused."""
    text = _short(value, field)
    if not text:
        return None
    try:
        found = int(text) if text.isdecimal() and len(text) < 20 else int(float(text))
    except (ValueError, OverflowError) as error:
        raise ItemRefused("Expected a count.", field) from error
    if found < 0:
        return None  # as some systems say that they do not know
    if found > MOST:
        raise ItemRefused("The count has more than 62 bits.", field)
    return found


def amount_in(value: Any, field: str) -> float | None:
    """Return a number that is not below zero. Raises: ItemRefused."""
    text = _short(value, field)
    if not text:
        return None
    try:
        found = float(Decimal(text))
    except (InvalidOperation, OverflowError, ValueError) as error:  # ValueError: sNaN
        raise ItemRefused("Expected a number.", field) from error
    if not math.isfinite(found) or found < 0:
        raise ItemRefused("Expected a number that is not below zero.", field)
    return found


def tables_in(value: Any) -> list[str]:
    """
    Return names of tables: a JSON list of names or of BigQuery's references, or names with commas.
    """
    if isinstance(value, str) and value.strip()[:1] in {"[", "{"}:
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return []
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, str):
        value = value.split(",")
    names = [_table_name(each) for each in value] if isinstance(value, list) else []
    kept = [name[:RESOURCE_NAME_LENGTH] for name in names if name]
    return list(dict.fromkeys(kept))[: RELATED_COUNT // 2]


def _table_name(value: Any) -> str:
    if not isinstance(value, dict):
        return text_in(value)
    said = {name.lower().replace("_", ""): text_in(each) for name, each in value.items()}
    parts = [said.get(name, "") for name in ("projectid", "datasetid", "tableid")]
    # Results that nobody named are tables of datasets that begin with `_`.
    return "" if not parts[2] or parts[1].startswith("_") else ".".join(filter(None, parts))


def name_in(value: Any, most: int = NAME_LENGTH) -> str:
    """Return a name, cut to what its place can hold."""
    return text_in(value)[:most]
