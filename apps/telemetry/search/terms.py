"""Pure: what somebody looks for, as terms of which all must hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NONE: Final = "none"  # in place of an id: there is none


class Kind(StrEnum):
    """What a field holds, which decides what may be said of it."""

    TEXT = "text"  # exact, or a beginning followed by `*`
    RELATION = "relation"  # as text, of one and the same related resource
    ID = "id"  # a UUID, or `none` where there may be none
    PAYLOAD = "payload"  # a path and a comparison
    WORDS = "words"  # looked for anywhere, whatever the case


class Operator(StrEnum):
    IS = "="
    IS_NOT = "!="  # there, and something else
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it was written; what stood in quotes is text and nothing else."""

    text: str
    is_quoted: bool = False

    @property
    def prefix(self) -> str | None:
        """What a text has to begin with, when the value ends in a star."""
        if self.is_quoted or not self.text.endswith("*"):
            return None
        return self.text[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One of the values must fit, or with `is_negated` none. `path` is of payloads only."""

    kind: Kind
    field: str  # as in `Fields`; empty for words
    values: tuple[Value, ...]
    operator: Operator = Operator.IS
    path: tuple[str, ...] = ()
    is_negated: bool = False


Query = tuple[Term, ...]
NOTHING: Final[Query] = ()  # asked for: everything is found


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What one kind of row can be asked for, by the key that people write."""

    kinds: dict[str, Kind]
    optional: frozenset[str] = frozenset()  # ids that a row may lack
    has_payload: bool = False


EVENT_FIELDS: Final = Fields(
    kinds={
        "name": Kind.TEXT,
        "kind": Kind.TEXT,
        "namespace": Kind.TEXT,
        "resource": Kind.TEXT,
        "source": Kind.TEXT,
        "role": Kind.RELATION,
        "related": Kind.RELATION,
        "related.kind": Kind.RELATION,
        "related.namespace": Kind.RELATION,
        "run": Kind.ID,
        "task": Kind.ID,
        "id": Kind.ID,
        "follows": Kind.ID,
    },
    optional=frozenset({"run", "task", "follows"}),
    has_payload=True,
)
LOG_FIELDS: Final = Fields(
    kinds={"logger": Kind.TEXT, "run": Kind.ID, "task": Kind.ID},
    optional=frozenset({"run", "task"}),
)


def text_is(field: str, text: str, *, fields: Fields = EVENT_FIELDS) -> Term:
    """Return a term for code: the field is this text; a star at its end makes it a beginning."""
    is_quoted = not text.endswith("*")
    return Term(kind=fields.kinds[field], field=field, values=(Value(text, is_quoted),))


def has_none(term: Term) -> bool:
    """Say whether a term of ids also asks for rows that have none."""
    return any(value.text == NONE for value in term.values)


def is_of(query: Query, *names: str) -> bool:
    """Say whether the query asks for these fields and for nothing else."""
    return all(term.field in names for term in query)
