"""
How long a regular expression may take. Pure.

SECURITY: Python's expressions backtrack: a repeat inside a repeat, or a row of optional parts,
takes exponential time on a hostile value and holds the whole process meanwhile. What counts is the
number of ways in which a pattern can be laid over a text; it is bounded from the parsed pattern.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from re import _constants as ops  # type: ignore[attr-defined] # not in the stubs
from re import _parser as parser  # type: ignore[attr-defined] # not in the stubs
from typing import Any, Final, NamedTuple

MAX_PATTERN_LENGTH: Final = 200
MAX_MATCHED_LENGTH: Final = 256  # characters of a value that a pattern is tried on
MAX_WAYS_BITS: Final = 22  # 2**22 ways take about a third of a second
_OPEN_FROM: Final = 16  # a repeat with more choices than this counts as one without end

_REPEATS: Final = {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}
_LOOKS: Final = {ops.ASSERT, ops.ASSERT_NOT}
_BEGINNINGS: Final = {ops.AT_BEGINNING, ops.AT_BEGINNING_STRING}


class _Ways(NamedTuple):
    """`opens` repeats share the text's length among them; all else multiplies, in bits."""

    opens: int
    bits: float


_ENDLESS: Final = _Ways(0, math.inf)


def find_pattern_fault(pattern: str) -> str | None:
    """Return why a pattern cannot be used, or None."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        return f"A pattern may have at most {MAX_PATTERN_LENGTH} characters."
    try:
        parsed = parser.parse(pattern)
        ways = _of_sequence(parsed)
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return f"The pattern {pattern!r} is not a regular expression."
    is_anchored = bool(parsed) and parsed[0][0] is ops.AT and parsed[0][1] in _BEGINNINGS
    if _bits(ways, starts=not is_anchored) > MAX_WAYS_BITS:
        hint = "" if is_anchored else ", or begin it with ^"
        return (
            f"The pattern {pattern!r} can match in too many ways, which may take for ever:"
            f" repeat fewer parts, and no part that repeats or chooses itself{hint}."
        )
    return None


def _bits(ways: _Ways, *, starts: bool = False) -> float:
    opens = ways.opens + starts
    return math.log2(math.comb(MAX_MATCHED_LENGTH + opens, opens)) + ways.bits


def _of_sequence(items: Iterable[Any]) -> _Ways:
    opens, bits = 0, 0.0
    for kind, argument in items:
        inner = _of_item(kind, argument)
        opens, bits = opens + inner.opens, bits + inner.bits
    return _Ways(opens, bits)


def _of_item(kind: Any, argument: Any) -> _Ways:
    if kind in _REPEATS:
        return _of_repeat(*argument)
    if kind is ops.BRANCH:
        return _of_branch([_of_sequence(choice) for choice in argument[1]])
    if kind is ops.SUBPATTERN:
        return _of_sequence(argument[3])
    if kind in _LOOKS:
        return _of_sequence(argument[1])
    if kind is ops.ATOMIC_GROUP:
        return _of_sequence(argument)
    if kind in {ops.GROUPREF, ops.GROUPREF_EXISTS}:
        return _ENDLESS
    return _Ways(0, 0)


def _of_repeat(least: Any, most: Any, body: Iterable[Any]) -> _Ways:
    inner = _of_sequence(body)
    most = min(int(most), MAX_MATCHED_LENGTH)
    choices = max(most - int(least) + 1, 1)
    if most <= 1:
        return _Ways(inner.opens, inner.bits + math.log2(choices))
    if not inner.opens and not inner.bits:
        return _Ways(1, 0) if choices > _OPEN_FROM else _Ways(0, math.log2(choices))
    return _Ways(0, _bits(inner) * most + math.log2(choices))


def _of_branch(choices: list[_Ways]) -> _Ways:
    bits = max(each.bits for each in choices)
    return _Ways(max(each.opens for each in choices), bits + math.log2(len(choices)))
