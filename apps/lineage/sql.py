"""
Which tables a statement reads and which it writes, when its text is all that is known.

Pure. The cost is bounded: a text beyond `TEXT_LENGTH` is not read at all, and statements that
differ in literals only are read once, since what is remembered is their shape.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from apps.lineage.names import dialect_named

TEXT_LENGTH: Final = 10_000  # characters; some 40 ms at the worst
STATEMENTS: Final = 20  # of one text
REMEMBERED: Final = 4_096
MOST_TABLES: Final = 60  # named by one text, reads and writes each

_SPELT: Final = {"mssql": "tsql", "oracle": "oracle"}  # what the parser calls our dialects

# PERF: what is opened and never closed goes to the end of the text: else each mark would be looked
# at as a beginning once more, and long texts of them would take the square of their length.
_LITERALS = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<text>'(?:[^'\\]|''|\\.)*+(?:'|\Z))"
    r"|(?P<name>\"[^\"]*+(?:\"|\Z)|`[^`]*+(?:`|\Z)|\b[A-Za-z_][\w$]*)"
    r"|(?P<number>\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)",
    re.DOTALL,
)
_SPACE = re.compile(r"\s+")
_LISTS = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
# Marks of literals: no text of a statement holds them, for Unicode has no characters there.
_TEXT, _NUMBER = "\ufdd0", "\ufdd1"
_VALUES = re.compile(f"([{_TEXT}{_NUMBER}])(?: ?, ?[{_TEXT}{_NUMBER}])+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a text touches, as it spells them: names may be quoted and lack their schema."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    verb: str = ""


def shape_of(text: str) -> str:
    """Return the text without comments, literals and layout: equal for the same statement."""
    shape = _marked(text[:TEXT_LENGTH]).replace(_TEXT, "?").replace(_NUMBER, "?")
    return _LISTS.sub("(?)", shape).rstrip(";").strip()


# PERF: of one text its shape is asked for and then what it touches.
@lru_cache(maxsize=4)
def _marked(text: str) -> str:
    """Return the text without comments and layout, with marks in place of its literals."""

    def plain(match: re.Match[str]) -> str:
        if match["name"] is not None:
            return match[0]
        if match["comment"] is not None:
            return " "
        return _TEXT if match["text"] is not None else _NUMBER

    return _SPACE.sub(" ", _LITERALS.sub(plain, text)).strip()


def fingerprint(shape: str) -> str:
    """Return a short name of a statement's shape."""
    return blake2b(shape.encode(), digest_size=8).hexdigest()


def read_statement(text: str, *, dialect: str | None) -> Statement:
    """Return what the text touches; nothing when it cannot be read."""
    if not text.strip() or len(text) > TEXT_LENGTH:
        return Statement(verb=_verb(text))
    return _read_shape(_parameters_out(text), dialect)


def _parameters_out(text: str) -> str:
    """Return the shape as something that parses: literals become `0`, whatever they were."""
    # Long lists of values are what makes texts long, and they name no table.
    found = _VALUES.sub(r"\1", _marked(text))
    return found.replace(_TEXT, "'0'").replace(_NUMBER, "0")


def _verb(text: str) -> str:
    match = re.match(r"\W*(\w+)", text[:200])
    return match[1].upper() if match else ""


@lru_cache(maxsize=REMEMBERED)
def _read_shape(shape: str, dialect: str | None) -> Statement:
    # Here and not above: it takes 0.3 s and 20 MB, and only the loop that reads events needs it.
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    # It warns of each statement that it does not know; we take such a one for one without tables.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

    try:
        trees = parse(shape, read=_SPELT.get(dialect or "", dialect) or None)
    except (SqlglotError, RecursionError, ValueError):
        return Statement(verb=_verb(shape))
    reads: dict[str, None] = {}
    writes: dict[str, None] = {}
    quotes = known.quotes if (known := dialect_named(dialect)) is not None else '"'
    known_trees = (
        *(exp.Query, exp.Insert, exp.Create, exp.Update, exp.Delete, exp.Merge),
        *(exp.Drop, exp.Copy, exp.TruncateTable, exp.Alter),
    )
    for tree in trees[:STATEMENTS]:
        if not isinstance(tree, known_trees):
            continue
        try:
            target = _target_of(tree)
            for table in tree.find_all(exp.Table):
                name = _spelt(table, quotes[0])
                if name is None or _is_of_with(table):
                    continue
                if table is target or isinstance(table.parent, exp.TruncateTable):
                    writes[name] = None
                else:
                    reads[name] = None
        except RecursionError:
            return Statement(verb=_verb(shape))
    return Statement(
        reads=tuple(reads)[:MOST_TABLES], writes=tuple(writes)[:MOST_TABLES], verb=_verb(shape)
    )


def _target_of(tree: object) -> object | None:
    """Return the table that the statement changes."""
    from sqlglot import exp

    target: object
    if isinstance(tree, exp.Insert | exp.Create | exp.Update | exp.Delete | exp.Merge | exp.Alter):
        target = tree.this
    elif isinstance(tree, exp.Drop):
        found = tree.args.get("tables") or tree.this
        target = found[0] if isinstance(found, list) and found else found
    elif isinstance(tree, exp.Copy):
        # COPY t FROM …: `kind` is true. COPY t TO … reads it.
        target = tree.this if tree.args.get("kind") else None
    else:
        return None
    # INSERT INTO t (a, b), CREATE TABLE t (a int): a schema around the table.
    if isinstance(target, exp.Schema):
        target = target.this
    return target


def _spelt(table: object, mark: str) -> str | None:
    """Return the table's name as written; None for functions, files and parameters."""
    from sqlglot import exp

    assert isinstance(table, exp.Table)
    if not isinstance(table.this, exp.Identifier) or not table.name:
        return None
    parts = [part for part in table.parts if isinstance(part, exp.Identifier)]
    if any("/" in part.name or part.name in {"0", "?"} for part in parts):
        return None  # a file, read as if it were a table
    close = "]" if mark == "[" else mark
    return ".".join(
        mark + part.name.replace(close, close * 2) + close if part.args.get("quoted") else part.name
        for part in parts
    )


def _is_of_with(table: object) -> bool:
    """Return whether the name is one that a WITH around it gives, and not a table's."""
    from sqlglot import exp

    assert isinstance(table, exp.Table)
    if table.args.get("db"):
        return False
    name = table.name.lower()
    inside: list[exp.CTE] = []
    node = table.parent
    while node is not None:
        if isinstance(node, exp.CTE):
            inside.append(node)
        with_ = node.args.get("with_") or node.args.get("with")
        if isinstance(with_, exp.With):
            for each in with_.expressions:
                if each.alias.lower() != name:
                    continue
                # WITH orders AS (SELECT … FROM orders): within, the real table is meant.
                if each in inside and not with_.args.get("recursive"):
                    continue
                return True
        node = node.parent
    return False
