"""What docstrings say of parameters, in the three ways in which people write that."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

_TITLES = frozenset({"args", "arguments", "parameters", "params", "attributes"})
_GOOGLE = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMPY = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?")
_SPHINX = re.compile(r":(?:param|arg|parameter)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)")
_RULE = re.compile(r"-{3,}")


def describe_parameters(doc: str | None) -> dict[str, str]:
    """
    Return the text that a docstring has for each of a function's parameters.

    >>> describe_parameters('''Load.
    ...
    ...     Args:
    ...         table: Which one,
    ...             by its name.
    ...         days (int): How many.
    ... ''')
    {'table': 'Which one, by its name.', 'days': 'How many.'}
    >>> describe_parameters("Load.\\n\\n:param str table: Which one.\\n:returns: Rows.")
    {'table': 'Which one.'}
    """
    lines = inspect.cleandoc(doc or "").splitlines()
    found = _read_fields(lines)
    for number, line in enumerate(lines):
        if line.strip().rstrip(":").lower() not in _TITLES:
            continue
        following = lines[number + 1 :]
        if following and _RULE.fullmatch(following[0].strip()):
            return found | _read_section(following[1:], _indent(line), _NUMPY)
        if line.strip().endswith(":"):
            return found | _read_section(following, _indent(line) + 1, _GOOGLE)
    return found


def _read_fields(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        begun = _SPHINX.fullmatch(line.strip())
        if begun:
            current = found.setdefault(begun[1], [])
            current.append(begun[2])
        elif line.strip().startswith(":") or not line.strip():
            current = None
        elif current is not None:
            current.append(line)
    return _joined(found)


def _read_section(lines: Iterable[str], least: int, begin: re.Pattern[str]) -> dict[str, str]:
    """Read what is indented by `least` or more, up to the next section."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    at: int | None = None  # how far the names are indented
    for line in lines:
        if not line.strip():
            continue
        depth = _indent(line)
        if depth < least or _RULE.fullmatch(line.strip()):
            break
        at = depth if at is None else at
        begun = begin.fullmatch(line.strip()) if depth <= at else None
        if begun:
            current = found.setdefault(begun[1], [])
            current.extend(begun.groups()[1:])
        else:
            current.append(line)
    return _joined(found)


def _joined(found: dict[str, list[str]]) -> dict[str, str]:
    texts = {
        name: " ".join(line.strip() for line in lines if line.strip())
        for name, lines in found.items()
    }
    return {name: text for name, text in texts.items() if text}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
