"""
Formulas over metric queries, pure: `(A - B) / A * 100` → a tree → values.

A letter stands for a query, or for a formula above this one. Known are numbers, `+ - * /`,
parentheses, `abs(x)`, `min(x, y, …)` and `max(x, y, …)`.

What has no value stays without one: a gap on either side, a division by zero, and what leaves the
range of numbers are gaps of the result.

Which lines meet: sides that are grouped by the same labels meet where all of those are equal. A
side that is grouped by fewer labels (or by none) meets all lines of the other that are equal in
those few. Sides of which each has a label that the other lacks cannot meet, and are refused. Lines
that meet none are left out, and counted.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from apps.telemetry.errors import BadFormula, QueryTooLarge

MAX_LENGTH: Final = 200  # characters of one formula
MAX_DEPTH: Final = 30  # parentheses in parentheses
MAX_WORK: Final = 1_000_000  # values computed for one formula

Key = tuple[tuple[str, str], ...]  # labels, ordered by name
Values = Sequence[float | None]


class Number(NamedTuple):
    value: float


class Letter(NamedTuple):
    letter: str


class Call(NamedTuple):
    """An operation on one or more operands; `name` is the sign or the function."""

    name: str
    operands: tuple[Number | Letter | Call, ...]


Tree = Number | Letter | Call


class Operand(NamedTuple):
    """Lines grouped by some labels, one value for each bucket. A number has no `rows`."""

    labels: frozenset[str]
    rows: Mapping[Key, Values]
    number: float | None = None
    unmet: int = 0  # lines left out on the way here, because they met no other


_TOKEN: Final = re.compile(
    r"\s*(?:((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|([a-z]+)|([A-Z])|([-+*/(),]))"
)


def parse(text: str) -> Tree:
    """Read a formula. Raises: BadFormula, which says at which character and why."""
    if len(text) > MAX_LENGTH:
        raise BadFormula(f"A formula has at most {MAX_LENGTH} characters.")
    return _Reader(text).read()


def letters_of(tree: Tree) -> set[str]:
    """Return the letters that a formula speaks of."""
    if isinstance(tree, Letter):
        return {tree.letter}
    if isinstance(tree, Call):
        return {letter for each in tree.operands for letter in letters_of(each)}
    return set()


class _Reader:
    """Reads from left to right, one token ahead; each method leaves behind what it read."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        at, rest = 0, len(text.rstrip())
        while at < rest:
            found = _TOKEN.match(text, at)
            if found is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise BadFormula(f"Character {at + 1}: “{text[at]}” is not known here.")
            kind = ("number", "function", "letter", "sign")[(found.lastindex or 1) - 1]
            self.tokens.append((kind, found[found.lastindex or 0], found.end()))
            at = found.end()
        self.length, self.at, self.depth = rest, 0, 0

    def read(self) -> Tree:
        tree = self.sum()
        if self.at < len(self.tokens):
            raise self.refusal("an operator")
        return tree

    def sum(self) -> Tree:
        tree = self.product()
        while sign := self.take("+", "-"):
            tree = Call(sign, (tree, self.product()))
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while sign := self.take("*", "/"):
            tree = Call(sign, (tree, self.signed()))
        return tree

    def signed(self) -> Tree:
        minus = False
        while sign := self.take("-", "+"):
            minus ^= sign == "-"
        operand = self.operand()
        return Call("*", (Number(-1.0), operand)) if minus else operand

    def operand(self) -> Tree:
        kind, word, _ = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", 0)
        if kind == "number":
            self.at += 1
            if math.isinf(float(word)):
                raise BadFormula(f"The number {word} is too large.")
            return Number(float(word))
        if kind == "letter":
            self.at += 1
            return Letter(word)
        if kind == "function" and word in _FUNCTIONS:
            self.at += 1
            return self.call(word)
        if not self.take("("):
            raise self.refusal("a letter, a number or a parenthesis")
        return self.inside()

    def inside(self) -> Tree:
        tree = self.deeper()
        if not self.take(")"):
            raise self.refusal("“)”")
        return tree

    def call(self, name: str) -> Tree:
        if not self.take("("):
            raise self.refusal(f"“(” after {name}")
        operands = [self.deeper()]
        while self.take(","):
            operands.append(self.deeper())
        if not self.take(")"):
            raise self.refusal("“)”")
        if (len(operands) == 1) is not (name == "abs"):
            wants = "one value" if name == "abs" else "two values or more"
            raise BadFormula(f"{name} takes {wants}.")
        return Call(name, tuple(operands))

    def deeper(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadFormula(f"More than {MAX_DEPTH} parentheses in one another.")
        tree = self.sum()
        self.depth -= 1
        return tree

    def take(self, *signs: str) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in signs:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def refusal(self, wanted: str) -> BadFormula:
        if self.at == len(self.tokens):
            return BadFormula(f"It ends where {wanted} should follow.")
        _, word, end = self.tokens[self.at]
        return BadFormula(
            f"Character {end - len(word) + 1}: {wanted} should stand before “{word}”."
        )


def parse_over(text: str, known: Mapping[str, frozenset[str]]) -> tuple[Tree, frozenset[str]]:
    """
    Read a formula over these letters, each with the labels it is grouped by.

    Returns the tree and the labels of its result. Raises: BadFormula.
    """
    tree = parse(text)
    if not letters_of(tree):
        raise BadFormula("A formula speaks of at least one query.")
    return tree, labels_of(tree, known)


def labels_of(tree: Tree, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """
    Return by which labels the result is grouped; `known` has those of each letter.

    Raises: BadFormula for an unknown letter, and for sides that cannot meet.
    """
    if isinstance(tree, Number):
        return frozenset()
    if isinstance(tree, Letter):
        if tree.letter not in known:
            raise BadFormula(f"There is no {tree.letter} above.")
        return known[tree.letter]
    labels = labels_of(tree.operands[0], known)
    for each in tree.operands[1:]:
        other = labels_of(each, known)
        if not (labels <= other or other <= labels):
            ours, theirs = ", ".join(sorted(labels)), ", ".join(sorted(other))
            raise BadFormula(
                f"Lines grouped by {ours} and lines grouped by {theirs} cannot meet:"
                " group one side by labels of the other."
            )
        labels |= other
    return labels


def evaluate(tree: Tree, known: Mapping[str, Operand]) -> Operand:
    """
    Return the lines of a formula that `labels_of` found sound.

    All operands have the same buckets. Raises: QueryTooLarge when it would compute too much.
    """
    return _Evaluation(known).of(tree)


class _Evaluation:
    def __init__(self, known: Mapping[str, Operand]) -> None:
        self.known = known
        self.work = 0

    def of(self, tree: Tree) -> Operand:
        if isinstance(tree, Number):
            return Operand(frozenset(), {}, tree.value)
        if isinstance(tree, Letter):
            return self.known[tree.letter]
        operands = [self.of(each) for each in tree.operands]
        if tree.name == "abs":
            return self.one(abs, operands[0])
        result = operands[0]
        for each in operands[1:]:
            result = self.both(_TWO[tree.name], result, each)
        return result

    def one(self, apply: Callable[[float], float], side: Operand) -> Operand:
        if side.number is not None:
            return side._replace(number=apply(side.number))
        self.count(side.rows)
        return side._replace(
            rows={
                key: [None if value is None else apply(value) for value in values]
                for key, values in side.rows.items()
            }
        )

    def both(
        self, apply: Callable[[float, float], float | None], left: Operand, right: Operand
    ) -> Operand:
        if left.number is not None and right.number is not None:
            # Not a number: then the number is not one either, and all that it meets is a gap.
            value = _checked(apply(left.number, right.number))
            return Operand(frozenset(), {}, math.nan if value is None else value)
        if left.number is not None:
            number = left.number
            return self.one_sided(lambda value: apply(number, value), right)
        if right.number is not None:
            number = right.number
            return self.one_sided(lambda value: apply(value, number), left)
        return self.joined(apply, left, right)

    def one_sided(self, apply: Callable[[float], float | None], side: Operand) -> Operand:
        self.count(side.rows)
        return side._replace(
            rows={
                key: [None if value is None else _checked(apply(value)) for value in values]
                for key, values in side.rows.items()
            }
        )

    def joined(
        self, apply: Callable[[float, float], float | None], left: Operand, right: Operand
    ) -> Operand:
        finer = left if left.labels >= right.labels else right
        coarser = right if finer is left else left
        self.count(finer.rows)
        rows: dict[Key, Values] = {}
        met: set[Key] = set()
        for key, values in finer.rows.items():
            partner = tuple(pair for pair in key if pair[0] in coarser.labels)
            others = coarser.rows.get(partner)
            if others is None:
                continue
            met.add(partner)
            pairs = (
                zip(values, others, strict=True)
                if finer is left
                else zip(others, values, strict=True)
            )
            rows[key] = [
                None if one is None or other is None else _checked(apply(one, other))
                for one, other in pairs
            ]
        lost = len(finer.rows) - len(rows) + len(coarser.rows) - len(met)
        return Operand(finer.labels, rows, None, left.unmet + right.unmet + lost)

    def count(self, rows: Mapping[Key, Values]) -> None:
        self.work += sum(len(values) for values in rows.values())
        if self.work > MAX_WORK:
            raise QueryTooLarge(
                "The formula would compute too many values.",
                fields={"formulas": ["Group by fewer labels, or narrow with `where`."]},
            )


def _checked(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _divide(left: float, right: float) -> float | None:
    return None if right == 0 else left / right


_TWO: Final[Mapping[str, Callable[[float, float], float | None]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "min": lambda left, right: left if left <= right or math.isnan(left) else right,
    "max": lambda left, right: left if left >= right or math.isnan(left) else right,
}
_FUNCTIONS: Final = frozenset({"abs", "min", "max"})
