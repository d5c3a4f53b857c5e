"""What may stand in a dashboard, and where it is said that something may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.dashboards.documents import COLUMNS, errors_in
from apps.dashboards.first import first_panels, usual_aggregate

TABLE = {"name": "table", "kind": "label", "metric": "rows", "label": "table"}


def panel(kind="text", **more):
    own = {
        "text": {"markdown": "# Hello"},
        "chart": {"queries": [query()]},
        "number": {"queries": [query()], "show": "A"},
        "heat_map": {"name": "ms"},
        "runs": {"view": "list"},
        "events": {"view": "histogram"},
        "logs": {"q": '"timed out" logger:etl.*', "level": "ERROR"},
    }[kind]
    return {"id": "p", "kind": kind, "x": 0, "y": 0, "w": 6, "h": 4} | own | more


def query(**more):
    return {"letter": "A", "name": "rows", "aggregate": "sum"} | more


def wrong(*panels, variables=(), range_="24h"):
    return errors_in(panels=list(panels), variables=list(variables), range_=range_)


@pytest.mark.parametrize("kind", ["text", "chart", "number", "heat_map", "runs", "events", "logs"])
def test_a_panel_of_each_kind_may_stand(kind):
    assert wrong(panel(kind, title="T")) == {}


def test_a_whole_one_with_variables_and_formulas_may_stand():
    chart = panel(
        "chart",
        queries=[
            query(where={"table": ["$table"]}, group_by=["db"]),
            query(letter="B", offset_seconds=604_800, hidden=True),
        ],
        formulas=[{"letter": "C", "expression": "A / B"}, {"letter": "D", "expression": "C * 2"}],
        compare_seconds=86_400,
        events="deploy.*",
        events_q="resource:$table",
        events_deployment="$which",
    )
    runs = panel("runs", id="r", x=6, deployment="$which", states=["FAILED"])
    events = panel("events", id="e", y=4, q="late -related:$table", deployment="$which")
    logs = panel("logs", id="l", x=6, y=4, q="logger:$table")
    variables = [TABLE, {"name": "which", "kind": "deployment"}]

    assert wrong(chart, runs, events, logs, variables=variables) == {}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"q": "level:"}, "panels.0.q"),
        ({"q": "x" * 1_001}, "panels.0.q"),
        ({"q": 7}, "panels.0.q"),
        ({"level": "LOUD"}, "panels.0.level"),
        ({"view": "list"}, "panels.0.view"),
    ],
    ids=["no search", "long", "no text", "no level", "no field"],
)
def test_logs_are_searched_as_elsewhere(more, place):
    assert list(wrong(panel("logs", **more))) == [place]


def test_the_first_one_may_stand():
    assert wrong(*first_panels([(name, None) for name in "abcde"])) == {}
    assert wrong(*first_panels([])) == {}


@pytest.mark.parametrize(
    ("found", "place"),
    [
        ("text", "panels.0.kind"),
        (None, "panels.0.kind"),
        ({"kind": ["chart"]}, "panels.0.kind"),
        (panel() | {"kind": "pie"}, "panels.0.kind"),
        (panel(color="red"), "panels.0.color"),
        ({"kind": "text", "markdown": ""}, "panels.0.id"),
        (panel(id="a b"), "panels.0.id"),
        (panel(id=7), "panels.0.id"),
        (panel(x=-1), "panels.0.x"),
        (panel(x=True), "panels.0.x"),
        (panel(x=1.5), "panels.0.x"),
        (panel(y=10**30), "panels.0.y"),
        (panel(x=7), "panels.0.w"),
        (panel(h=0), "panels.0.h"),
        (panel(title="x" * 201), "panels.0.title"),
        (panel(markdown="a\x00b"), "panels.0.markdown"),
        (panel(markdown=None), "panels.0.markdown"),
        (panel("chart", queries=[]), "panels.0.queries"),
        (panel("chart", queries={}), "panels.0.queries"),
        (panel("chart", queries=[None]), "panels.0.queries.0"),
        (panel("chart", queries=[query(aggregate="median")]), "panels.0.queries.0.aggregate"),
        (panel("chart", queries=[query(aggregate=[])]), "panels.0.queries.0.aggregate"),
        (panel("chart", queries=[query(name="")]), "panels.0.queries.0.name"),
        (panel("chart", queries=[query(letter="a")]), "panels.0.queries.0.letter"),
        (panel("chart", queries=[query(letter=[])]), "panels.0.queries.0.letter"),
        (panel("chart", queries=[query(), query()]), "panels.0.queries.1.letter"),
        (panel("chart", queries=[query(group_by=[1])]), "panels.0.queries.0.group_by"),
        (panel("chart", queries=[query(where={"a": "b"})]), "panels.0.queries.0.where"),
        (panel("chart", queries=[query(where={"a": ["$no"]})]), "panels.0.queries.0.where"),
        (panel("chart", queries=[query(hidden="no")]), "panels.0.queries.0.hidden"),
        (
            panel("chart", formulas=[{"letter": "B", "expression": "A +"}]),
            "panels.0.formulas.0.expression",
        ),
        (
            panel("chart", formulas=[{"letter": "B", "expression": "A + C"}]),
            "panels.0.formulas.0.expression",
        ),
        (panel("chart", compare_seconds=0), "panels.0.compare_seconds"),
        (panel("number", show="B"), "panels.0.show"),
        (panel("number", over="all"), "panels.0.over"),
        (panel("number", over=None), "panels.0.over"),
        (panel("chart", over="range"), "panels.0.over"),
        (panel("logs", deployment="$which"), "panels.0.deployment"),
        (panel("logs", deployment="x"), "panels.0.deployment"),
        (panel("number", show=None), "panels.0.show"),
        (panel("runs", view="pie"), "panels.0.view"),
        (panel("runs", states=["DONE"]), "panels.0.states"),
        (panel("runs", deployment="x"), "panels.0.deployment"),
        (panel("runs", deployment="$no"), "panels.0.deployment"),
        (panel("events", deployment="$no"), "panels.0.deployment"),
        (panel("events", q="resource:$no"), "panels.0.q"),
        (panel("events", q="logger:a"), "panels.0.q"),
        (panel("events", q=7), "panels.0.q"),
        (panel("logs", q="late $no"), "panels.0.q"),
        (panel("chart", events_q="$no"), "panels.0.events_q"),
        (panel("chart", events_deployment="$no"), "panels.0.events_deployment"),
        (panel("number", events_q="late"), "panels.0.events_q"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("panels") else "panel",
)
def test_what_is_wrong_is_said_of_its_panel(found, place):
    assert place in wrong(found)


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        (7, "variables.0"),
        ({"name": "Big", "kind": "deployment"}, "variables.0.name"),
        ({"name": "x", "kind": "colour"}, "variables.0.kind"),
        ({"name": "x", "kind": "label"}, "variables.0.metric"),
        (TABLE | {"default": "x"}, "variables.0.default"),
        (TABLE | {"more": 1}, "variables.0.more"),
    ],
    ids=["a number", "its name", "its kind", "no metric", "its default", "an unknown field"],
)
def test_what_is_wrong_is_said_of_its_variable(variable, place):
    assert place in wrong(variables=[variable])


def test_panels_may_not_lie_over_one_another_nor_share_an_id():
    errors = wrong(panel(), panel(id="q", x=5, y=3), panel(y=10))

    assert errors["panels.1"] == ["Lies over panel 0."]
    assert "panels.2.id" in errors


def test_there_may_not_be_too_much():
    many = [panel(id=f"p{n}", y=4 * n) for n in range(41)]
    asked = [
        panel("chart", id=f"p{n}", y=4 * n, queries=[query(letter=letter) for letter in "ABCDE"])
        for n in range(9)
    ]

    assert "panels" in wrong(*many)
    assert "panels" in wrong(*asked)
    assert "variables" in wrong(variables=[TABLE] * 11)
    assert "range" in wrong(range_="1y")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "kind", "x", "y", "w", "h", "queries", "name", "letter", "where"]
            ),
            inner | st.sampled_from(["chart", "text", "number", "label", "A", COLUMNS]),
            max_size=8,
        )
    ),
    max_leaves=20,
)


@given(JSON, JSON, JSON)
def test_any_json_is_judged(panels, variables, range_):
    errors_in(panels=panels, variables=variables, range_=range_)


@pytest.mark.parametrize(
    ("name", "unit", "aggregate"),
    [
        ("rows_loaded", "rows", "sum"),
        ("process.memory", "bytes", "avg"),
        ("http.requests.total", None, "sum"),
        ("model_rmse", None, "avg"),
        ("errors.count", "1", "sum"),
        ("load_total", "ms", "avg"),
        ("wait", "seconds", "avg"),
        ("queue.depth", "messages", "avg"),
        ("warehouse.cost", "USD", "sum"),
        ("account.balance", "EUR", "avg"),
    ],
)
def test_a_metric_is_summed_up_at_first_sight(name, unit, aggregate):
    assert usual_aggregate(name, unit) == aggregate
