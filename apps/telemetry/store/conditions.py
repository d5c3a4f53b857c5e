# ruff: noqa: S608 - columns come from the tables below, whatever was written is a parameter
"""
What is looked for, as conditions in SQL.

SECURITY: whatever people wrote is a parameter, also the path into a payload and what it is compared
with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from apps.telemetry.acceptance import NIL
from apps.telemetry.search.parse import NUMBER
from apps.telemetry.search.terms import NONE, Kind, Operator, Query, Term, Value


@dataclass(frozen=True, slots=True)
class Condition:
    """What stands behind WHERE, beginning with AND where it is not empty, and its parameters."""

    sql: str = ""
    parameters: tuple[Any, ...] = ()

    def __add__(self, other: Condition) -> Condition:
        """Return both at once."""
        return Condition(self.sql + other.sql, self.parameters + other.parameters)


Part = tuple[str, list[Any]]

_EVENT_COLUMNS: Final = {
    "name": "name",
    "kind": "resource_kind",
    "namespace": "resource_namespace",
    "resource": "resource_name",
    "source": "source",
    "run": "run_id",
    "task": "task_run_id",
    "id": "id",
    "follows": "follows",
}
_RELATION_KEYS: Final = {
    "role": "role",
    "related": "name",
    "related.kind": "kind",
    "related.namespace": "namespace",
}
_LOG_COLUMNS: Final = {"logger": "logger", "run": "run_id", "task": "task_run_id"}
_COMPARED: Final = {
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
    Operator.MORE: ">",
    Operator.AT_LEAST: ">=",
}


def of_events(query: Query) -> Condition:
    """Return the condition on a row of events (or of their counts, when only names are asked)."""
    together = [term for term in query if term.kind is Kind.RELATION and not term.is_negated]
    parts = [_relations(together, is_negated=False)] if together else []
    for term in query:
        if term in together:
            continue
        match term.kind:
            case Kind.TEXT:
                parts.append(_text(_EVENT_COLUMNS[term.field], term))
            case Kind.ID:
                parts.append(_ids(_EVENT_COLUMNS[term.field], term, absent=None))
            case Kind.RELATION:
                parts.append(_relations([term], is_negated=True))
            case Kind.PAYLOAD:
                parts.append(_payload(term))
            case Kind.WORDS:
                parts.append(_words(["name", "resource_name", "payload::text"], term))
    return _all(parts)


def of_logs(query: Query) -> Condition:
    """Return the condition on a log line."""
    parts: list[Part] = []
    for term in query:
        column = _LOG_COLUMNS.get(term.field, "")
        match term.kind:
            case Kind.TEXT:
                parts.append(_text(column, term))
            case Kind.ID:
                parts.append(_ids(column, term, absent=NIL if term.field == "run" else None))
            case _:
                parts.append(_words(["message"], term))
    return _all(parts)


def _all(parts: Sequence[Part]) -> Condition:
    return Condition(
        "".join(f" AND {sql}" for sql, _ in parts),
        tuple(parameter for _, parameters in parts for parameter in parameters),
    )


def _turned(sql: str, is_negated: bool) -> str:
    # What is not there is not equal to anything: turned round, it fits.
    return f"NOT coalesce(({sql}), false)" if is_negated else f"({sql})"


def _text(column: str, term: Term) -> Part:
    sql, parameters = _any_text(column, term.values)
    return _turned(sql, term.is_negated), parameters


def _any_text(expression: str, values: Sequence[Value]) -> Part:
    exact = [value.text for value in values if value.prefix is None]
    prefixes = [value.prefix for value in values if value.prefix is not None]
    parts = [f"{expression} = ANY(%s)"] * bool(exact)
    parts += [f"starts_with({expression}, %s)"] * len(prefixes)
    return " OR ".join(parts), [*([exact] if exact else []), *prefixes]


def _ids(column: str, term: Term, *, absent: UUID | None) -> Part:
    ids = [UUID(value.text) for value in term.values if value.text != NONE]
    wants_none = len(ids) < len(term.values)
    if wants_none and absent is not None:
        ids.append(absent)
    sql = f"{column} = ANY(%s)" + (f" OR {column} IS NULL" if wants_none and not absent else "")
    return _turned(sql, term.is_negated), [ids]


def _relations(terms: Sequence[Term], *, is_negated: bool) -> Part:
    """Return that one related resource fits all of the terms."""
    parts = [_any_text(f"r ->> '{_RELATION_KEYS[term.field]}'", term.values) for term in terms]
    fits = " AND ".join(f"({sql})" for sql, _ in parts)
    sql = f"EXISTS (SELECT 1 FROM jsonb_array_elements(related) AS r WHERE {fits})"
    if is_negated:
        sql = f"NOT {sql}"
    return sql, [parameter for _, parameters in parts for parameter in parameters]


def _words(expressions: Sequence[str], term: Term) -> Part:
    patterns = [f"%{escaped(value.text)}%" for value in term.values]
    sql = " OR ".join(f"{expression} ILIKE %s" for expression in expressions for _ in patterns)
    return _turned(sql, term.is_negated), patterns * len(expressions)


def escaped(text: str) -> str:
    """Return a text as a pattern of LIKE that is that text."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _payload(term: Term) -> Part:
    path = "$" + "".join(f".{json.dumps(step, ensure_ascii=False)}" for step in term.path)
    if term.operator is Operator.EXISTS:
        return _turned("jsonb_path_exists(payload, %s::jsonpath)", term.is_negated), [path]
    tests: list[str] = []
    values: dict[str, object] = {}
    compare = _equal if term.operator in {Operator.IS, Operator.IS_NOT} else _ordered(term.operator)
    for number, value in enumerate(term.values):
        tests += compare(f"v{number}", value, values)
    # Numbers as they were written: they may have more digits than a float.
    variables = "{" + ", ".join(f'"{name}": {said}' for name, said in values.items()) + "}"
    found = "jsonb_path_exists(payload, %s::jsonpath, %s::jsonb, true)"
    parameters: list[Any] = [f"{path} ? ({' || '.join(tests)})", variables]
    if term.operator is Operator.IS_NOT:
        there = f"jsonb_path_exists(payload, %s::jsonpath) AND NOT {found}"
        return _turned(there, term.is_negated), [path, *parameters]
    return _turned(found, term.is_negated), parameters


def _equal(name: str, value: Value, values: dict[str, object]) -> list[str]:
    """Return tests of `@`; 7 is the number and the text, "7" only the text."""
    if value.prefix is not None:
        values[name] = json.dumps(value.prefix)
        return [f"@ starts with ${name}"]
    values[name] = json.dumps(value.text)
    tests = [f"@ == ${name}"]
    if value.is_quoted:
        return tests
    is_number = NUMBER.fullmatch(value.text)
    if is_number or value.text in {"true", "false", "null"}:
        values[f"{name}n"] = _number(value.text) if is_number else value.text
        tests.append(f"@ == ${name}n")
    return tests


def _ordered(operator: Operator) -> Callable[[str, Value, dict[str, object]], list[str]]:
    sign = _COMPARED[operator]

    def test(name: str, value: Value, values: dict[str, object]) -> list[str]:
        is_number = not value.is_quoted and NUMBER.fullmatch(value.text)
        values[name] = _number(value.text) if is_number else json.dumps(value.text)
        return [f"@ {sign} ${name}"]

    return test


def _number(text: str) -> str:
    """Return a number as JSON has it: without leading zeros."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole = digits.lstrip("0") if digits[:1] == "0" else digits
    return sign + (whole if whole[:1].isdigit() else f"0{whole}")
