"""Pure: what of a change goes into the log: what differs, as JSON, without secrets."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

HIDDEN: Final = "•••"
MAX_TEXT: Final = 2_000  # characters of one value
MAX_ITEMS: Final = 200  # of one list or object
MAX_DEPTH: Final = 12

_SECRET_WORDS: Final = (
    *("secret", "token", "password", "passwd", "passphrase", "credential", "authorization"),
    *("private_key", "privatekey", "api_key", "apikey", "access_key", "accesskey", "cookie"),
)
# The part of an address that lets somebody in: user:password@.
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
_OWN_KEY = re.compile(r"\bhw[a-z]?_[0-9A-Za-z]{20,}")
# What Postgres' jsonb cannot hold: NUL, and halves of a surrogate pair.
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")

Change = Mapping[str, object]
PERSON_ID: Final = "person_id"  # beside a `name` that is a person's


def person(person_id: uuid.UUID, name: str) -> dict[str, str]:
    """Return somebody as `before` and `after` name them, so that they can be forgotten later."""
    return {PERSON_ID: str(person_id), "name": name}


def changed_only(
    before: Change | None, after: Change | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return both without what is equal in them, and without the values of secrets."""
    if before is not None and after is not None:
        changed = [
            name
            for name in {**before, **after}
            if name not in before or name not in after or before[name] != after[name]
        ]
        before = {name: before[name] for name in changed if name in before}
        after = {name: after[name] for name in changed if name in after}
    return _top(before), _top(after)


def _top(value: Change | None) -> dict[str, Any] | None:
    return None if value is None else _object(value, 0)


def _object(value: Mapping[Any, object], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in value.items():
        if len(found) == MAX_ITEMS:
            found["…"] = f"{len(value) - MAX_ITEMS} more"
            break
        told = each not in (None, "") if isinstance(each, str | None) else True
        found[_text(str(name))] = HIDDEN if told and is_secret(str(name)) else _plain(each, depth)
    return found


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return _object(value, depth + 1)
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        shown = [_plain(each, depth + 1) for each in items[:MAX_ITEMS]]
        return shown if len(items) <= MAX_ITEMS else [*shown, f"… {len(items) - MAX_ITEMS} more"]
    if isinstance(value, bytes | bytearray | memoryview):
        return HIDDEN  # nothing that people change is bytes, but keys are
    return _text(str(value))


def _text(value: str) -> str:
    value = _OWN_KEY.sub(HIDDEN, _IN_ADDRESS.sub(f"{HIDDEN}@", _NOT_TEXT.sub("�", value)))
    return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"


def is_secret(name: str) -> bool:
    """Say whether what goes by this name is not for the log."""
    lowered = name.lower().replace("-", "_")
    return any(word in lowered for word in _SECRET_WORDS)
