"""The language of searches: what it means, and where it says that it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.telemetry.search.parse import MAX_LENGTH, QueryError, parse
from apps.telemetry.search.terms import (
    EVENT_FIELDS,
    LOG_FIELDS,
    NOTHING,
    Kind,
    Operator,
    Term,
    Value,
)
from apps.telemetry.store import conditions

ID = "01981d2f-0000-7000-8000-000000000001"


def text(field, *values, kind=Kind.TEXT, **more):
    return Term(kind=kind, field=field, values=tuple(Value(value) for value in values), **more)


def word(value, **more):
    return Term(kind=Kind.WORDS, field="", values=(Value(value, True),), **more)


def payload(*path, operator=Operator.IS, values=(), **more):
    return Term(
        kind=Kind.PAYLOAD, field="payload", path=path, operator=operator, values=values, **more
    )


def text_of(field, *values, **more):
    """A term whose values are as they would be in quotes."""
    return Term(
        kind=EVENT_FIELDS.kinds.get(field, Kind.WORDS),
        field=field,
        values=tuple(v if isinstance(v, Value) else Value(v, is_quoted=True) for v in values),
        **more,
    )


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("", []),
        ("  \t\n ", []),
        ("late", [word("late")]),
        ("late orders", [word("late"), word("orders")]),
        ('"late orders"', [word("late orders")]),
        ('-"late orders"', [word("late orders", is_negated=True)]),
        (r'"a \"b\" \\ c"', [word('a "b" \\ c')]),
        ("a - b", [word("a"), word("-"), word("b")]),
        ("a,b", [word("a,b")]),
        ("12:30", [word("12:30")]),
        ("ünï 語", [word("ünï"), word("語")]),
        ("name:a", [text("name", "a")]),
        ("name:orders.*", [text("name", "orders.*")]),
        ("name:a,b.*", [text("name", "a", "b.*")]),
        (
            'name:"a*",b',
            [Term(kind=Kind.TEXT, field="name", values=(Value("a*", True), Value("b")))],
        ),
        ("-kind:table", [text("kind", "table", is_negated=True)]),
        ("namespace:postgres://db:5432", [text("namespace", "postgres://db:5432")]),
        ("resource:-x", [text("resource", "-x")]),
        ("role:reads", [text("role", "reads", kind=Kind.RELATION)]),
        ("related.kind:user", [text("related.kind", "user", kind=Kind.RELATION)]),
        (f"run:{ID}", [text("run", ID, kind=Kind.ID)]),
        (f"run:none,{ID}", [text("run", "none", ID, kind=Kind.ID)]),
        ("payload.rows:3", [payload("rows", values=(Value("3"),))]),
        (
            "payload.rows:>=1e3",
            [payload("rows", operator=Operator.AT_LEAST, values=(Value("1e3"),))],
        ),
        ("payload.a.b:!=x", [payload("a", "b", operator=Operator.IS_NOT, values=(Value("x"),))]),
        ('payload."a b".c:"x"', [payload("a b", "c", values=(Value("x", True),))]),
        ("payload.a:exists", [payload("a", operator=Operator.EXISTS)]),
        ('payload.a:"exists"', [payload("a", values=(Value("exists", True),))]),
        ("payload.a:exists,b", [payload("a", values=(Value("exists"), Value("b")))]),
        ("-payload.a:exists", [payload("a", operator=Operator.EXISTS, is_negated=True)]),
        ("payload.exists:exists", [payload("exists", operator=Operator.EXISTS)]),
    ],
)
def test_a_search_is_read(written, terms):
    assert parse(written, EVENT_FIELDS) == tuple(terms)


@pytest.mark.parametrize(
    ("written", "position", "length"),
    [
        ("nam:a", 0, 3),
        ("x nam:a", 2, 3),
        ("-nam:a", 1, 3),
        ("https://x.y", 0, 5),
        ("name.x:a", 0, 6),
        ("name:", 5, 1),
        ("name: a", 5, 1),
        ("name:a,", 7, 1),
        ("name:>a", 5, 1),
        ('name:"a', 5, 2),
        ('name:"a"b', 8, 1),
        ('a"b"', 1, 1),
        ('a "b', 2, 2),
        ('""', 0, 2),
        ("-", 0, 1),
        ("a OR b", 2, 2),
        ("a AND b", 2, 3),
        ("NOT a", 0, 3),
        ("run:17", 4, 2),
        ("id:none", 3, 4),
        (f"run:{ID},x", 5 + len(ID), 1),
        ("payload:x", 0, 7),
        ("payload.a:", 10, 1),
        ("payload.a:>", 11, 1),
        ("payload.a:>1,2", 11, 3),
        ("payload.a:1e999", 10, 5),
        ("payload.a.b.c.d.e.f.g.h.i.j.k:1", 7, 22),
        ("a\x00b", 1, 1),
        ("a \ud800", 2, 1),
        ("x" * (MAX_LENGTH + 5), MAX_LENGTH, 5),
        ("a " * 21, 40, 2),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_with_its_place(written, position, length):
    with pytest.raises(QueryError) as caught:
        parse(written, EVENT_FIELDS)

    assert caught.value.details == {"position": position, "length": length}
    assert list(caught.value.fields) == ["q"]


def test_an_unknown_filter_is_told_which_there_are():
    with pytest.raises(QueryError, match=r"follows, payload\.<path>, or quotes"):
        parse("nam:a", EVENT_FIELDS)


def test_log_lines_have_fields_of_their_own():
    assert parse("logger:etl.* payload", LOG_FIELDS) == (text("logger", "etl.*"), word("payload"))
    for written in ("name:a", "payload.rows:1"):
        with pytest.raises(QueryError):
            parse(written, LOG_FIELDS)


@given(st.text())
def test_any_text_is_read_or_refused(written):
    try:
        terms = parse(written, EVENT_FIELDS)
    except QueryError as error:
        position = error.details["position"]
    else:
        position = 0
        condition = conditions.of_events(terms)
        assert condition.sql.count("%s") == len(condition.parameters)
    assert 0 <= position <= len(written)


def test_nothing_that_was_written_becomes_sql():
    written = """name:x');-- kind:"a'b" payload."k' ? (1)":"%s" -role:"r'" "lo%s_'" """

    condition = conditions.of_events(parse(written, EVENT_FIELDS))

    assert "'r'" not in condition.sql
    assert "--" not in condition.sql
    assert "k'" not in condition.sql
    assert "%lo\\%s\\_'%" in condition.parameters


def test_nothing_is_asked_by_no_text():
    assert parse("", EVENT_FIELDS) == NOTHING
    assert conditions.of_events(NOTHING).sql == ""


CHOSEN = {"table": ["raw.a", "b*"], "which": [ID], "none": [], "size": ["5"]}


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("resource:$table", [text_of("resource", "raw.a", "b*")]),
        ("-related:x,$table", [text_of("related", Value("x"), "raw.a", "b*", is_negated=True)]),
        ("run:$which", [text_of("run", ID)]),
        ("late $table", [word("late"), text_of("", "raw.a", "b*")]),
        ('resource:"$table" "$no"', [text_of("resource", "$table"), word("$no")]),
        # A number that is chosen finds numbers in payloads, a star in it no beginning.
        ("payload.n:$size", [payload("n", values=(Value("5"),))]),
        ("payload.n:>$size", [payload("n", operator=Operator.MORE, values=(Value("5"),))]),
        ("payload.t:$table", [payload("t", values=(Value("raw.a"), Value("b*", True)))]),
        # While nothing is chosen, a term narrows nothing.
        ("resource:$none -kind:a,$none payload.n:>$none $none late", [word("late")]),
    ],
)
def test_a_variable_stands_for_what_is_chosen(written, terms):
    assert list(parse(written, EVENT_FIELDS, chosen=CHOSEN)) == terms


@pytest.mark.parametrize(
    ("written", "position"),
    [
        ("kind:a resource:$no", 16),
        ("late $no", 5),
        ("resource:$table*", 9),
        ("cost:$5", 0),
        ("resource:$Table", 9),
        ("run:$table", 4),
        ("payload.n:>$table", 11),
    ],
)
def test_a_variable_that_is_not_there_or_does_not_fit_is_refused(written, position):
    with pytest.raises(QueryError) as refused:
        parse(written, EVENT_FIELDS, chosen=CHOSEN)

    assert refused.value.details["position"] == position


def test_where_there_are_no_variables_a_dollar_is_a_dollar():
    assert list(parse("resource:$table $HOME", EVENT_FIELDS)) == [
        text("resource", "$table"),
        word("$HOME"),
    ]
