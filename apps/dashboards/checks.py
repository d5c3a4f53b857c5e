"""Looking through JSON piece by piece, pure: what is wrong is collected, each with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Json = Any  # what a JSON document holds: it is looked at piece by piece
Errors = dict[str, list[str]]  # by place: `panels.3.queries.0.name`


class Check:
    """Collects what is wrong, each with its place."""

    def __init__(self) -> None:
        self.errors: Errors = {}

    def say(self, place: str, message: str) -> None:
        self.errors.setdefault(place, []).append(message)

    def text(self, place: str, value: Json, *, most: int, least: int = 1) -> bool:
        if not isinstance(value, str) or not least <= len(value) <= most:
            self.say(place, f"Must be a text of {least} to {most} characters.")
        elif "\x00" in value:
            self.say(place, "Must not hold NUL characters.")
        else:
            return True
        return False

    def number(self, place: str, value: Json, *, least: int, most: int) -> bool:
        # True is a whole number to Python.
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.say(place, f"Must be a whole number from {least} to {most}.")
            return False
        return True

    def one_of(self, place: str, value: Json, known: Sequence[str]) -> bool:
        if not isinstance(value, str) or value not in known:
            self.say(place, f"Must be one of {', '.join(known)}.")
            return False
        return True

    def pattern(self, place: str, value: Json, pattern: re.Pattern[str], said: str) -> bool:
        if not isinstance(value, str) or not pattern.match(value):
            self.say(place, said)
            return False
        return True

    def list(self, place: str, value: Json, *, most: int, least: int = 0) -> list[Json]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            self.say(place, f"Must be a list of {least} to {most}.")
            return []
        return value

    def object(
        self, place: str, value: Json, *, needs: Sequence[str], may: Sequence[str] = ()
    ) -> dict[str, Json] | None:
        """Return an object without fields that nobody reads; None when it is none or lacks some."""
        if not isinstance(value, dict):
            self.say(place, "Must be an object.")
            return None
        for name in value:
            if name not in needs and name not in may:
                shown = name if len(name) <= 40 else f"{name[:40]}…"
                self.say(f"{place}.{shown}", "Unknown field.")
        missing = [name for name in needs if name not in value]
        for name in missing:
            self.say(f"{place}.{name}", "Is required.")
        return None if missing else value
