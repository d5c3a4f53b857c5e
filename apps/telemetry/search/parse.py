"""
Pure: reads what people write into a search bar.

    name:orders.* -role:writes payload.rows:>1000 payload.status:failed,"timed out" run:none late

Words apart from each other must all hold; values with commas between them are alternatives; a `-`
before a term turns it round. What cannot be read is refused with the place of the fault, because a
filter that quietly means something else shows the wrong list.

On dashboards `resource:$table` asks for what is chosen for a variable there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from apps.core.errors import InvalidRequest
from apps.telemetry.search.terms import NONE, Fields, Kind, Operator, Query, Term, Value

MAX_LENGTH: Final = 1_000  # characters of a query
MAX_TERMS: Final = 20
MAX_VALUES: Final = 50  # of one term
MAX_DEPTH: Final = 10  # steps of a path into a payload
MAX_EXPONENT: Final = 300

_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_KEY: Final = re.compile(rf'([A-Za-z_]\w*)((?:\.(?:{_QUOTED}|[^\s:".]+))*):', re.DOTALL)
_STEP: Final = re.compile(rf'\.({_QUOTED}|[^\s:".]+)', re.DOTALL)
_STRING: Final = re.compile(_QUOTED, re.DOTALL)
_BARE: Final = re.compile(r'[^\s,"]+')
_WORD: Final = re.compile(r'[^\s"]+')
_SPACE: Final = re.compile(r"\s*")
_OPERATOR: Final = re.compile(r"!=|<=|>=|<|>|=")
NUMBER: Final = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:[eE]([+-]?\d{1,4}))?", re.ASCII)
_LOGIC: Final = {
    "OR": "Alternatives are written with commas, as in name:a,b.",
    "AND": "Terms next to each other must all hold: leave it out.",
    "NOT": "A minus before a term turns it round, as in -name:a.",
}
_VARIABLE: Final = re.compile(r"\$([a-z][a-z0-9_]{0,39})")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class QueryError(InvalidRequest):
    """A search cannot be read; `details` has `position` and `length` of the fault in characters."""

    def __init__(self, message: str, *, position: int, length: int = 1, field: str = "q") -> None:
        super().__init__(
            message,
            fields={field: [f"{message} (character {position + 1})"]},
            position=position,
            length=max(length, 1),
        )


def parse(text: str, fields: Fields, *, chosen: Mapping[str, Sequence[str]] | None = None) -> Query:
    """
    Return the terms of a query; an empty text has none.

    `chosen`: what begins with a dollar sign outside quotes is a variable, and stands for the values
    that are chosen for it. While none are, its term narrows nothing and is left out.
    Raises: QueryError, which says where.
    """
    if len(text) > MAX_LENGTH:
        message = f"A search holds at most {MAX_LENGTH:,} characters."
        raise QueryError(message, position=MAX_LENGTH, length=len(text) - MAX_LENGTH)
    if unstorable := _UNSTORABLE.search(text):
        raise QueryError("This character cannot occur.", position=unstorable.start())
    return _Reader(text, fields, chosen).query()


class _Reader:
    """Reads from left to right; `at` is the next character."""

    def __init__(
        self, text: str, fields: Fields, chosen: Mapping[str, Sequence[str]] | None
    ) -> None:
        self.text, self.fields, self.at = text, fields, 0
        self.chosen = chosen  # None: there are no variables

    def query(self) -> Query:
        terms: list[Term | None] = []
        while self._skip_space():
            if len(terms) == MAX_TERMS:
                message = f"A search holds at most {MAX_TERMS} terms."
                raise QueryError(message, position=self.at, length=len(self.text) - self.at)
            terms.append(self._term())
        return tuple(term for term in terms if term is not None)

    def _skip_space(self) -> bool:
        self._take(_SPACE)
        return self.at < len(self.text)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def _term(self) -> Term | None:
        """Return the next term; None while nothing is chosen for a variable in it."""
        begin = self.at
        is_negated = self.text[begin] == "-" and not self.text[begin + 1 : begin + 2].isspace()
        if is_negated and begin + 1 == len(self.text):
            raise QueryError("What should not be there?", position=begin)
        self.at += is_negated
        key = self._take(_KEY)
        if key is None:
            return self._words(is_negated)
        name, path = key[1], key[2]
        if self.fields.has_payload and name == "payload":
            return self._payload(key, is_negated)
        kind = self.fields.kinds.get(name + path)
        if kind is None:
            known = ", ".join([*self.fields.kinds, *["payload.<path>"] * self.fields.has_payload])
            raise QueryError(
                f"There is no filter “{name + path}”: use {known}, or quotes to look for the text.",
                position=key.start(1),
                length=len(name + path),
            )
        if operator := _OPERATOR.match(self.text, self.at):
            message = "Comparisons are for payloads; a minus before the term turns it round."
            raise QueryError(message, position=self.at, length=len(operator[0]))
        check = self._checked_id(name) if kind is Kind.ID else None
        values = self._values(check)
        if values is None:
            return None
        return Term(kind=kind, field=name + path, values=values, is_negated=is_negated)

    def _words(self, is_negated: bool) -> Term | None:
        begin = self.at
        values: tuple[Value, ...]
        if self.text[begin] == '"':
            values = (Value(self._string(), is_quoted=True),)
            self._end_of_term()
        else:
            word = self._take(_WORD)
            assert word is not None  # neither a space nor a quote stands here
            found = self._of_variable(word[0], begin)
            values = (Value(word[0], is_quoted=True),) if found is None else found
            if hint := _LOGIC.get(word[0]):
                raise QueryError(
                    f"{hint} In quotes it is looked for.", position=begin, length=len(word[0])
                )
            self._end_of_term()
        if not values:
            return None
        if not all(value.text for value in values):
            raise QueryError(
                "There is nothing to look for.", position=begin, length=self.at - begin
            )
        return Term(kind=Kind.WORDS, field="", values=values, is_negated=is_negated)

    def _payload(self, key: re.Match[str], is_negated: bool) -> Term | None:
        path = tuple(_unquoted(step[1]) for step in _STEP.finditer(key[2]))
        if not path:
            message = "Say what of the payload, as in payload.rows:>100."
            raise QueryError(message, position=key.start(1), length=len("payload"))
        if len(path) > MAX_DEPTH:
            message = f"A path has at most {MAX_DEPTH} steps."
            raise QueryError(message, position=key.start(2), length=len(key[2]))
        found = self._take(_OPERATOR)
        operator = Operator(found[0]) if found else Operator.IS
        if found is None and re.compile(r"exists(?!\S)").match(self.text, self.at):
            self.at += len("exists")
            values: tuple[Value, ...] = ()
            operator = Operator.EXISTS
        else:
            begin = self.at
            found_values = self._values(_checked_number, of_payload=True)
            if found_values is None:
                return None
            values = found_values
            if len(values) > 1 and operator not in {Operator.IS, Operator.IS_NOT}:
                message = f"“{operator}” compares with one value."
                raise QueryError(message, position=begin, length=self.at - begin)
        return Term(
            kind=Kind.PAYLOAD,
            field="payload",
            values=values,
            operator=operator,
            path=path,
            is_negated=is_negated,
        )

    def _values(
        self, check: Callable[[Value, int], None] | None, *, of_payload: bool = False
    ) -> tuple[Value, ...] | None:
        """Return the values of a term; None while nothing is chosen for a variable among them."""
        values: list[Value] = []
        is_open = False
        while True:
            begin = self.at
            if self.text[begin : begin + 1] == '"':
                found: tuple[Value, ...] = (Value(self._string(), is_quoted=True),)
            elif bare := self._take(_BARE):
                chosen = self._of_variable(bare[0], begin, of_payload=of_payload)
                found = (Value(bare[0]),) if chosen is None else chosen
                is_open |= not found
            else:
                raise QueryError("A value is missing here.", position=begin)
            if check is not None:
                for value in found:
                    check(value, begin)
            values += found
            if len(values) > MAX_VALUES:
                message = f"At most {MAX_VALUES} values."
                raise QueryError(message, position=begin, length=self.at - begin)
            if self.text[self.at : self.at + 1] != ",":
                break
            self.at += 1
        self._end_of_term()
        return None if is_open else tuple(values)

    def _of_variable(
        self, bare: str, position: int, *, of_payload: bool = False
    ) -> tuple[Value, ...] | None:
        """Return what is chosen for the variable that this is; None: it is none."""
        if self.chosen is None or not bare.startswith("$"):
            return None
        found = _VARIABLE.fullmatch(bare)
        if found is None or found[1] not in self.chosen:
            raise QueryError(
                f"There is no variable {bare[:42]}. In quotes it is looked for.",
                position=position,
                length=len(bare),
            )
        # What is chosen is looked for as it is: a star in it is no beginning. In payloads a number
        # that is chosen finds numbers, too.
        return tuple(
            Value(text, is_quoted=not of_payload or text.endswith("*"))
            for text in self.chosen[found[1]]
        )

    def _string(self) -> str:
        begin = self.at
        found = self._take(_STRING)
        if found is None:
            message = "This quote is not closed."
            raise QueryError(message, position=begin, length=len(self.text) - begin)
        return _unquoted(found[0])

    def _end_of_term(self) -> None:
        if self.at < len(self.text) and not self.text[self.at].isspace():
            raise QueryError("A space is missing here.", position=self.at)

    def _checked_id(self, name: str) -> Callable[[Value, int], None]:
        may_lack = name in self.fields.optional

        def check(value: Value, position: int) -> None:
            if may_lack and value.text == NONE:
                return
            try:
                UUID(value.text)
            except ValueError:
                either = f"an id or “{NONE}”" if may_lack else "an id"
                message = f"“{name}” takes {either}, such as 01981d2f-…"
                raise QueryError(message, position=position, length=len(value.text)) from None

        return check


def _checked_number(value: Value, position: int) -> None:
    found = NUMBER.fullmatch(value.text)
    # Beyond it the database would write the number out, digit by digit.
    if found and found[1] and abs(int(found[1])) > MAX_EXPONENT and not value.is_quoted:
        message = f"Numbers have exponents up to {MAX_EXPONENT}."
        raise QueryError(message, position=position, length=len(value.text))


def _unquoted(text: str) -> str:
    """Return what stands between the quotes; a backslash takes the next character as it is."""
    if not text.startswith('"'):
        return text
    return re.compile(r"\\(.)", re.DOTALL).sub(r"\1", text[1:-1])
