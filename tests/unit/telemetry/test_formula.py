"""Formulas: what is read, what is refused and where, which lines meet, what is a gap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.telemetry import formula
from apps.telemetry.errors import BadFormula, QueryTooLarge
from apps.telemetry.formula import Operand


def lines(labels=(), **rows):
    """`a__x=[1]` is the line whose labels, in order, are a and x."""
    return Operand(
        frozenset(labels),
        {
            tuple(zip(labels, name.split("__"), strict=False)) if labels else (): values
            for name, values in rows.items()
        },
    )


def computed(text, **known):
    return formula.evaluate(formula.parse(text), known)


def value_of(text):
    return computed(f"A * 0 + ({text})", A=lines(total=[1.0])).rows[()][0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("8 / 4 / 2", 1.0),
        ("8 - 4 - 2", 2.0),
        ("-2 * -3", 6.0),
        ("2--3", 5.0),
        ("--2", 2.0),
        (".5 + 1.", 1.5),
        ("1e3 / 1E+1", 100.0),
        ("abs(-4)", 4.0),
        ("min(3, 1, 2)", 1.0),
        ("max(3, 1, abs(-7))", 7.0),
        ("  1\t+\n1 ", 2.0),
        ("1 / 0", None),
        ("1 / (2 - 2)", None),
        ("1e308 * 10", None),
        ("abs(1 / 0)", None),
        ("max(1, 1 / 0)", None),
        ("min(1 / 0, 1)", None),
        ("1 / (1 / 0)", None),
    ],
)
def test_arithmetic_is_the_usual_one(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "It ends"),
        ("   ", "It ends"),
        ("A +", "It ends"),
        ("(A", "It ends where “)”"),
        ("A B", "Character 3"),
        ("A ** 2", "Character 4"),
        ("A % 2", "Character 3: “%”"),
        ("A; B", "Character 2: “;”"),
        ("a + b", "Character 1"),
        ("sqrt(A)", "Character 1"),
        ("abs A", "Character 5"),
        ("abs(A, B)", "abs takes one value"),
        ("min(A)", "min takes two values"),
        ("A)", "Character 2"),
        ("1e999", "too large"),
        ("A\x00", "Character 2"),
        ("A\ud800", "Character 2"),
        ("٣ + A", "Character 1"),
        ("A" * 201, "at most 200"),
        ("(" * 60 + "A" + ")" * 60, "parentheses"),
        ("__import__('os')", "Character 1"),
    ],
)
def test_what_is_no_formula_is_refused_where_it_goes_wrong(text, said):
    with pytest.raises(BadFormula, match=r".*") as refused:
        formula.parse(text)

    assert said in refused.value.message


@given(st.text(alphabet="AB1.e+-*/(), minabsx\t", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        tree = formula.parse(text)
    except BadFormula:
        return
    known = {letter: lines(total=[1.0, None, 0.0]) for letter in formula.letters_of(tree)}
    result = formula.evaluate(tree, known)
    assert result.number is not None or len(result.rows[()]) == 3


def test_gaps_of_either_side_are_gaps():
    result = computed(
        "A / B", A=lines(total=[1.0, None, 4.0, 5.0]), B=lines(total=[2.0, 1.0, None, 0.0])
    )

    assert result.rows[()] == [0.5, None, None, None]


def test_lines_with_equal_labels_meet_and_others_are_counted():
    failed = lines(("table",), flights=[1.0], planes=[2.0])
    loaded = lines(("table",), flights=[4.0], crews=[8.0])

    result = computed("A / B", A=failed, B=loaded)

    assert result.rows == {(("table", "flights"),): [0.25]}
    assert result.unmet == 2


@pytest.mark.parametrize(("text", "value"), [("A / B", 0.5), ("B / A", 2.0)])
def test_a_side_with_fewer_labels_meets_all_that_share_them(text, value):
    fine = lines(("db", "table"), x__flights=[1.0], x__planes=[1.0], y__crews=[3.0])
    coarse = lines(("db",), x=[2.0])

    result = computed(text, A=fine, B=coarse)

    assert result.rows == {
        (("db", "x"), ("table", "flights")): [value],
        (("db", "x"), ("table", "planes")): [value],
    }
    assert result.unmet == 1


def test_a_total_meets_every_line():
    result = computed("A / B * 100", A=lines(("db",), x=[1.0], y=[3.0]), B=lines(total=[4.0]))

    assert result.rows == {(("db", "x"),): [25.0], (("db", "y"),): [75.0]}


def test_labels_of_which_neither_side_has_all_are_refused():
    known = {"A": frozenset({"db", "user"}), "B": frozenset({"db", "table"})}

    with pytest.raises(BadFormula, match="db, user and lines grouped by db, table"):
        formula.labels_of(formula.parse("A + B"), known)


def test_an_unknown_letter_is_named():
    with pytest.raises(BadFormula, match="no C"):
        formula.labels_of(formula.parse("A + C"), {"A": frozenset()})


def test_what_would_take_too_long_is_refused():
    many = Operand(frozenset({"n"}), {(("n", str(n)),): [1.0] * 1_000 for n in range(300)})

    with pytest.raises(QueryTooLarge):
        computed("+".join("A" * 12), A=many)
