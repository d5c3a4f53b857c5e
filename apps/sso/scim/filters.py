"""
Pure: filters of RFC 7644 §3.4.2.2: text → tree → does a resource match?

Where the RFC leaves it open: `ne` is the opposite of `eq`, so it holds for what is absent; a
multi-valued attribute matches when one of its values does; text is compared without regard to case
unless the schema says that case counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.sso.scim.attributes import Attribute, ResourceKind
from apps.sso.scim.errors import bad_filter

MAX_LENGTH = 8_000  # characters
MAX_DEPTH = 20  # brackets within brackets
MAX_TERMS = 200

OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_TEXT_ONLY = frozenset({"co", "sw", "ew"})
_ORDERED = frozenset({"gt", "ge", "lt", "le"})

Document = Mapping[str, Any]
Value = str | bool | datetime | None


@dataclass(frozen=True, slots=True)
class AttributePath:
    """An attribute, or one part of it. `urn` is empty for the core schema."""

    urn: str
    attribute: Attribute
    sub: Attribute | None = None

    @property
    def leaf(self) -> Attribute:
        """What is compared: of a multi-valued complex attribute its `value`."""
        if self.sub is not None:
            return self.sub
        if self.attribute.kind == "complex" and (value := self.attribute.find("value")):
            return value
        return self.attribute

    @property
    def name(self) -> str:
        """The path in the schema's own spelling, such as `name.familyName`."""
        core = f"{self.attribute.name}.{self.sub.name}" if self.sub else self.attribute.name
        return f"{self.urn}:{core}" if self.urn else core


@dataclass(frozen=True, slots=True)
class Compare:
    path: AttributePath
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Present:
    path: AttributePath


@dataclass(frozen=True, slots=True)
class Having:
    """One value of a multi-valued attribute matches all of the inner filter: `emails[…]`."""

    path: AttributePath
    inner: Filter


@dataclass(frozen=True, slots=True)
class Not:
    inner: Filter


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Filter, ...]


Filter = Compare | Present | Having | Not | And | Or

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<bracket>[()\[\]])
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w:.$-]))
      | (?P<word>[.A-Za-z$][\w:.$-]*)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_END = ("end", "")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise bad_filter(f"The filter cannot be read from character {position + 1} on.")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def parse_filter(kind: ResourceKind, text: str) -> Filter:
    """Raises: ScimError (invalidFilter)."""
    return _parse(text, lambda name: resolve(kind, name))


def parse_element_filter(attribute: Attribute, text: str) -> Filter:
    """
    Read what stands between the brackets of a value path.

    Raises: ScimError (invalidFilter).
    """
    return _parse(text, lambda name: _within(attribute, name))


def _parse(text: str, names: Callable[[str], AttributePath | None]) -> Filter:
    if len(text) > MAX_LENGTH:
        raise bad_filter(f"The filter is over {MAX_LENGTH} characters.")
    parser = _Parser(_tokens(text))
    found = parser.alternatives(names, 0)
    if parser.peek() != _END:
        raise bad_filter(f"The filter goes on with {parser.peek()[1][:40]!r} where it should end.")
    return found


def resolve(kind: ResourceKind, name: str) -> AttributePath | None:
    """Find the attribute that a path without brackets names; None when there is none."""
    urn, _, rest = name.rpartition(":")
    if urn:
        schema = kind.find_schema(urn)
        if schema is None:
            return None
        find = kind.find_core if schema is kind.core else schema.find
        urn = "" if schema is kind.core else schema.urn
    else:
        find = kind.find_core
    head, dot, tail = rest.partition(".")
    attribute = find(head)
    if attribute is None:
        return None
    if not dot:
        return AttributePath(urn, attribute)
    sub = attribute.find(tail)
    return None if sub is None else AttributePath(urn, attribute, sub)


def _within(attribute: Attribute, name: str) -> AttributePath | None:
    sub = attribute.find(name)
    return None if sub is None else AttributePath("", sub)


class _Parser:
    """Recursive descent: or < and < not, brackets first."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._terms = 0

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> tuple[str, str]:
        token = self.peek()
        self._at += 1
        return token

    def _took(self, word: str) -> bool:
        kind, text = self.peek()
        if kind == "word" and text.lower() == word:
            self._at += 1
            return True
        return False

    def _expect(self, bracket: str) -> None:
        if self._next() != ("bracket", bracket):
            raise bad_filter(f"The filter lacks a {bracket!r}.")

    def alternatives(self, names: Callable[[str], AttributePath | None], depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise bad_filter(f"The filter nests over {MAX_DEPTH} deep.")
        parts = [self._conjunction(names, depth)]
        while self._took("or"):
            parts.append(self._conjunction(names, depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self, names: Callable[[str], AttributePath | None], depth: int) -> Filter:
        parts = [self._term(names, depth)]
        while self._took("and"):
            parts.append(self._term(names, depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _term(self, names: Callable[[str], AttributePath | None], depth: int) -> Filter:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise bad_filter(f"The filter has over {MAX_TERMS} conditions.")
        if self.peek() == ("bracket", "("):
            return self._in_brackets(names, depth)
        following = self._tokens[self._at + 1 : self._at + 2]
        if following == [("bracket", "(")] and self._took("not"):
            return Not(self._in_brackets(names, depth))
        kind, text = self._next()
        if kind != "word":
            raise bad_filter(f"The filter has {text[:40]!r} where an attribute should stand.")
        path = names(text)
        if path is None:
            raise bad_filter(f"There is no attribute {text[:120]!r} to filter by.")
        if self.peek() == ("bracket", "["):
            return self._value_path(path, depth)
        return self._condition(path)

    def _in_brackets(self, names: Callable[[str], AttributePath | None], depth: int) -> Filter:
        self._expect("(")
        inner = self.alternatives(names, depth + 1)
        self._expect(")")
        return inner

    def _value_path(self, path: AttributePath, depth: int) -> Filter:
        attribute = path.attribute
        if path.sub is not None or not attribute.sub:
            raise bad_filter(f"{path.name} has no parts to choose values by.")
        self._expect("[")
        inner = self.alternatives(lambda name: _within(attribute, name), depth + 1)
        self._expect("]")
        kind, text = self.peek()
        if kind == "word" and text.startswith("."):
            # `emails[type eq "work"].value eq "…"`: not in the grammar, and what Entra sends.
            self._at += 1
            part = _within(attribute, text[1:])
            if part is None:
                raise bad_filter(f"{attribute.name} has no part {text[1:][:120]!r}.")
            inner = And((inner, self._condition(part)))
        return Having(path, inner)

    def _condition(self, path: AttributePath) -> Filter:
        kind, word = self._next()
        operator = word.lower()
        if kind == "word" and operator == "pr":
            return Present(path)
        if kind != "word" or operator not in OPERATORS:
            raise bad_filter(f"{path.name} is followed by {word[:40]!r}, which is no operator.")
        if path.leaf.kind == "complex":
            raise bad_filter(f"Compare a part of {path.name}, not the whole.")
        return Compare(path, operator, self._value(path, operator))

    def _value(self, path: AttributePath, operator: str) -> Value:
        kind, text = self._next()
        leaf = path.leaf
        if kind == "string":
            try:
                text = json.loads(text, strict=False)
            except ValueError:
                raise bad_filter(f"{path.name} is compared with a text that is no JSON.") from None
        elif kind == "word" and text.lower() == "null":
            if operator not in {"eq", "ne"}:
                raise bad_filter("null is equal or not; it has no order.")
            return None
        elif not (kind == "number" or (kind == "word" and text.lower() in {"true", "false"})):
            raise bad_filter(f"{path.name} is compared with {text[:40]!r}, which is no value.")
        if "\x00" in text or _has_surrogates(text):
            raise bad_filter(f"{path.name} is compared with a text that nothing can hold.")
        return _operand(path, leaf, operator, text)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _operand(path: AttributePath, leaf: Attribute, operator: str, text: str) -> Value:
    if leaf.kind == "boolean":
        if text.lower() not in {"true", "false"}:
            raise bad_filter(f"{path.name} is true or false.")
        if operator not in {"eq", "ne"}:
            raise bad_filter(f"{path.name} cannot be compared by {operator}.")
        return text.lower() == "true"
    if leaf.kind == "dateTime" and operator not in _TEXT_ONLY:
        moment = read_moment(text)
        if moment is None:
            raise bad_filter(f"{path.name} is compared with a text that is no date and time.")
        return moment
    if leaf.kind == "binary" and operator in _ORDERED:
        raise bad_filter(f"{path.name} cannot be compared by {operator}.")
    return text


def read_moment(text: object) -> datetime | None:
    """Return the moment that the text writes, in UTC; None when it writes none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def matches(condition: Filter, document: Document) -> bool:
    """Say whether the resource, or inside brackets the one value, meets the condition."""
    match condition:
        case And(parts):
            return all(matches(part, document) for part in parts)
        case Or(parts):
            return any(matches(part, document) for part in parts)
        case Not(inner):
            return not matches(inner, document)
        case Having(path, inner):
            return any(matches(inner, element) for element in elements_of(path, document))
        case Present(path):
            return any(_is_there(value) for value in _present_values(path, document))
        case Compare(path, "eq", None):
            return not any(_is_there(value) for value in _present_values(path, document))
        case Compare(path, "ne", None):
            return any(_is_there(value) for value in _present_values(path, document))
        case Compare(path, "ne", wanted):
            return not _compares(path, "eq", wanted, document)
        case Compare(path, operator, wanted):
            return _compares(path, operator, wanted, document)
    raise AssertionError(condition)


def elements_of(path: AttributePath, document: Document) -> Iterator[Document]:
    """Yield the values of a complex attribute, one or many."""
    holder = document.get(path.urn) or {} if path.urn else document
    value = holder.get(path.attribute.name)
    for element in value if isinstance(value, list) else [value]:
        if isinstance(element, Mapping):
            yield element


def values_of(path: AttributePath, document: Document) -> Iterator[object]:
    """Yield what is compared: values of the leaf, absent ones left out."""
    attribute = path.attribute
    if attribute.kind == "complex":
        leaf = path.leaf
        for element in elements_of(path, document):
            if element.get(leaf.name) is not None:
                yield element[leaf.name]
        return
    holder = document.get(path.urn) or {} if path.urn else document
    value = holder.get(attribute.name)
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _present_values(path: AttributePath, document: Document) -> Iterator[object]:
    if path.attribute.kind == "complex" and path.sub is None:
        return elements_of(path, document)
    return values_of(path, document)


def _is_there(value: object) -> bool:
    return value is not None and value != "" and value != {} and value != []


def _compares(path: AttributePath, operator: str, wanted: Value, document: Document) -> bool:
    leaf = path.leaf
    return any(_holds(leaf, operator, value, wanted) for value in values_of(path, document))


def _holds(leaf: Attribute, operator: str, value: object, wanted: Value) -> bool:
    if isinstance(wanted, bool):
        return isinstance(value, bool) and value == wanted
    if isinstance(wanted, datetime):
        moment = read_moment(value)
        return moment is not None and _ordered(operator, moment, wanted)
    if not isinstance(value, str) or not isinstance(wanted, str):
        return False
    left, right = (value, wanted) if leaf.case_exact else (fold(value), fold(wanted))
    if operator == "co":
        return right in left
    if operator == "sw":
        return left.startswith(right)
    if operator == "ew":
        return left.endswith(right)
    return _ordered(operator, left, right)


def _ordered(operator: str, left: Any, right: Any) -> bool:
    if operator == "eq":
        return bool(left == right)
    if operator == "gt":
        return bool(left > right)
    if operator == "ge":
        return bool(left >= right)
    if operator == "lt":
        return bool(left < right)
    return bool(left <= right)


def fold(text: str) -> str:
    """Write text as it is compared where case does not count; stored keys are written the same."""
    return text.lower()
