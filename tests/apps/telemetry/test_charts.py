"""Formulas, other times, limits and heat maps, through HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.telemetry import query as metric_query
from apps.telemetry.errors import QueryTooLarge
from apps.telemetry.models import MetricSeries
from apps.telemetry.query import Aggregate, Fill
from apps.telemetry.selectors import (
    Chart,
    ChartQuery,
    MetricQuery,
    answer_chart,
    answer_heat_map,
)
from apps.telemetry.sketch import sketch_of
from apps.telemetry.store import reads
from apps.tenancy.isolation import workspace_scope
from tests.apps.telemetry.test_reads import NOW, ask, point, put, roll_up, wire

WEEK = timedelta(days=7)


def rows(**more):
    return {"name": "rows", "aggregate": "sum"} | more


def values(lines):
    return [value for line in lines for _, value in line["points"] if value is not None]


def window(**more):
    return {
        "from": wire(NOW - timedelta(minutes=10)),
        "to": wire(NOW + timedelta(minutes=1)),
    } | more


def test_a_formula_is_answered_line_by_line(api, bob, workspace):
    put(
        workspace,
        points=[
            point(30, labels={"table": "flights"}),
            point(10, labels={"table": "planes"}),
            point(3, name="failed", labels={"table": "flights"}),
        ],
    )
    roll_up()

    answer = ask(
        api(bob),
        rows(name="failed", group_by=["table"], hidden=True),
        rows(group_by=["table"]),
        formulas=[{"expression": "A / B * 100"}, {"expression": "max(C, 50)", "letter": "Z"}],
    ).json()

    share, least = answer["formulas"]
    assert [line["labels"] for line in share["series"]] == [{"table": "flights"}]
    assert values(share["series"]) == [10.0]
    assert (share["letter"], share["unmet"]) == ("C", 1)
    assert (least["letter"], values(least["series"])) == ("Z", [50.0])
    assert answer["results"][0]["series"] == []
    assert answer["results"][0]["matched_series"] == 1
    assert len(answer["results"][1]["series"]) == 2


def test_a_formula_has_the_times_of_its_queries(api, bob, workspace):
    put(workspace, points=[point(4)])
    roll_up()

    answer = ask(api(bob), rows(), formulas=[{"expression": "A * 2"}], step_seconds=60).json()

    [line], [doubled] = answer["results"][0]["series"], answer["formulas"][0]["series"]
    assert [at for at, _ in doubled["points"]] == [at for at, _ in line["points"]]


@pytest.mark.parametrize("step", [60, 5], ids=["from a rollup", "from raw points"])
def test_last_week_lies_under_this_one(api, bob, workspace, step):
    put(workspace, points=[point(4), point(3, occurred_at=NOW - WEEK)])
    roll_up()

    answer = ask(
        api(bob),
        rows(),
        formulas=[{"expression": "A * 10"}],
        compare_seconds=int(WEEK.total_seconds()),
        step_seconds=step,
    ).json()

    [result], [formula] = answer["results"], answer["formulas"]
    [now], [then] = result["series"], result["compared"]
    assert [at for at, _ in now["points"]] == [at for at, _ in then["points"]]
    assert [(a, b) for (_, a), (_, b) in zip(now["points"], then["points"], strict=True) if a] == [
        (4.0, 3.0)
    ]
    assert (values(formula["series"]), values(formula["compared"])) == ([40.0], [30.0])
    assert answer["compare_seconds"] == WEEK.total_seconds()


def test_a_query_of_another_time_meets_one_of_now(api, bob, workspace):
    put(workspace, points=[point(4), point(2, occurred_at=NOW - WEEK)])
    roll_up()

    answer = ask(
        api(bob),
        rows(),
        rows(offset_seconds=int(WEEK.total_seconds())),
        formulas=[{"expression": "(A - B) / B * 100"}],
    ).json()

    assert values(answer["formulas"][0]["series"]) == [100.0]


def test_an_offset_is_rounded_up_to_whole_steps(api, bob, workspace):
    answer = ask(api(bob), rows(), step_seconds=60, compare_seconds=61).json()

    assert answer["compare_seconds"] == 120


def test_a_limit_keeps_the_highest_and_counts_the_others(api, bob, workspace):
    put(
        workspace,
        points=[point(n, labels={"n": str(n)}) for n in range(120)]
        + [point(3, labels={"n": "118"}, occurred_at=NOW - WEEK)],
    )
    roll_up()

    answer = ask(
        api(bob),
        rows(group_by=["n"], limit=3),
        compare_seconds=int(WEEK.total_seconds()),
    ).json()

    [result] = answer["results"]
    assert values(result["series"]) == [117.0, 118.0, 119.0]
    assert (result["left_out"], result["matched_series"]) == (117, 120)
    assert values(result["compared"]) == [3.0]


def test_what_is_held_for_an_answer_is_bounded_whatever_is_shown_of_it(api, bob, workspace):
    put(workspace, points=[point(1, labels={"n": str(n)}) for n in range(160)])
    roll_up()
    long = {"since": timedelta(days=20), "step_seconds": 1_800}  # 961 steps
    asked = rows(group_by=["n"], limit=1)

    one = ask(api(bob), asked, **long)
    two = ask(api(bob), asked, asked, **long)
    # By one step, the points of a minute ago lie in both ranges just after a step began.
    compared = ask(api(bob), asked, compare_seconds=3_600, **long)

    assert (one.status_code, one.json()["results"][0]["left_out"]) == (200, 159)
    assert (two.status_code, two.json()["error"]["code"]) == (400, "query_too_large")
    assert compared.status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"formulas": [{"expression": "A +"}]}, "formulas.0.expression"),
        ({"formulas": [{"expression": "2 + 2"}]}, "formulas.0.expression"),
        ({"formulas": [{"expression": "A + Q"}]}, "formulas.0.expression"),
        ({"formulas": [{"expression": "B"}, {"expression": "A"}]}, "formulas.0.expression"),
        ({"formulas": [{"expression": "A", "letter": "A"}]}, "queries"),
        ({"formulas": [{"expression": "A", "letter": "AA"}]}, "formulas.0.letter"),
        ({"formulas": [{"expression": "A", "letter": "a"}]}, "formulas.0.letter"),
        ({"formulas": [{"expression": "A" * 201}]}, "formulas.0.expression"),
        ({"formulas": [{"expression": 1}] * 7}, "formulas"),
        ({"formulas": "A"}, "formulas"),
        ({"compare_seconds": 0}, "compare_seconds"),
        ({"compare_seconds": 10**20}, "compare_seconds"),
        ({"queries": [rows(offset_seconds=-1)]}, "queries.0.offset_seconds"),
        ({"queries": [rows(limit=0)]}, "queries.0.limit"),
        ({"queries": [rows(where={"n\x00": ["1"]})]}, "queries.0.where"),
        ({"queries": [rows(where={str(n): ["1"] for n in range(21)})]}, "queries.0.where"),
    ],
    ids=str,
)
def test_a_malformed_chart_is_refused_by_field(api, bob, changes, field):
    response = ask(api(bob), rows(), **changes)

    assert response.status_code == 400
    assert field in str(response.json()["error"]["fields"])


def test_sides_that_cannot_meet_are_refused(api, bob):
    response = ask(
        api(bob),
        rows(group_by=["table"]),
        rows(group_by=["db"]),
        formulas=[{"expression": "A / B"}],
    )

    assert response.status_code == 400
    assert "cannot meet" in response.json()["error"]["message"]


@pytest.mark.parametrize("step", [60, 5], ids=["from a rollup", "from raw points"])
def test_a_heat_map_counts_values_by_time_and_height(api, bob, workspace, step):
    put(workspace, points=[point(n) for n in (1, 1, 10, 1_000)] + [point(5, labels={"db": "x"})])
    roll_up()
    client = api(bob)

    whole = client.post("metrics/heat-map", window(name="rows", step_seconds=step)).json()
    part = client.post(
        "metrics/heat-map", window(name="rows", where={"db": ["x"]}, step_seconds=step)
    ).json()

    assert whole["scale"] == "log"
    assert (whole["edges"][0], whole["edges"][-1]) == (1, 1_000)
    assert [count for _, _, count in whole["cells"]] == [2, 1, 1, 1]
    assert {at for at, _, _ in whole["cells"]} == {
        int(NOW.timestamp()) // step * step * 1_000,
    }
    assert part["edges"] == [5.0, 5.0]
    assert [count for _, _, count in part["cells"]] == [1]


def test_a_heat_map_of_nothing_is_empty(api, bob, workspace):
    answer = api(bob).post("metrics/heat-map", window(name="none")).json()

    assert (answer["edges"], answer["cells"]) == ([], [])


def test_all_charts_of_a_page_come_in_one_answer_whatever_is_wrong_with_one(api, bob, workspace):
    put(workspace, points=[point(4)])
    roll_up()

    answer = (
        api(bob)
        .post(
            "metrics/charts",
            window(
                charts=[
                    {"chart": {"queries": [rows()], "formulas": [{"expression": "A * 2"}]}},
                    {"chart": {"queries": [rows()], "formulas": [{"expression": "A *"}]}},
                    {"heat_map": {"name": "rows"}},
                ]
            ),
        )
        .json()
    )

    fine, wrong, heat = answer["charts"]
    assert values(fine["chart"]["formulas"][0]["series"]) == [8.0]
    assert (wrong["chart"], wrong["error"]["code"]) == (None, "invalid_request")
    assert list(wrong["error"]["fields"]) == ["formulas.0.expression"]
    assert [count for _, _, count in heat["heat_map"]["cells"]] == [1]


@pytest.mark.parametrize(
    ("charts", "field"),
    [
        ([], "charts"),
        ([{}], "charts"),
        ([{"chart": {"queries": [rows()]}, "heat_map": {"name": "rows"}}], "charts"),
        ([{"heat_map": {"name": "rows", "rows": 10_000}}], "charts"),
        ([{"chart": {"queries": [rows()] * 20}}] * 3, "charts"),
        ([{"heat_map": {"name": "rows"}}] * 41, "charts"),
        ("x", "charts"),
    ],
    ids=["none", "empty", "both", "too many rows", "too many queries", "too many", "text"],
)
def test_malformed_charts_are_refused(api, bob, charts, field):
    response = api(bob).post("metrics/charts", window(charts=charts))

    assert response.status_code == 400
    assert field in str(response.json()["error"]["fields"])


def test_nobody_reads_a_rivals_charts(api, mallory, workspace, rival_workspace):
    put(workspace, points=[point(4)])
    roll_up()

    answer = api(mallory).post("metrics/heat-map", window(name="rows")).json()
    charts = api(mallory).post("metrics/charts", window(charts=[{"chart": {"queries": [rows()]}}]))

    assert answer["cells"] == []
    assert charts.json()["charts"][0]["chart"]["results"][0]["series"] == []


EXTREMES = [-1e150, -3.5, -1e-12, -1e-13, 0.0, 1e-13, 1e-12, 0.1, 7.0, 7.05, 1e20, 1e22, 1e150]


def test_raw_points_make_the_sketch_that_python_makes_of_them(workspace):
    put(workspace, points=[point(value) for value in [*EXTREMES, *EXTREMES[:5]]])
    with workspace_scope(workspace.id):
        series = list(MetricSeries.objects.values_list("id", flat=True))
        plan = metric_query.plan(NOW, NOW + timedelta(seconds=30), step_seconds=30)

        found = reads.summarise_series(
            workspace.id, series=series, groups=[0], plan=plan, sketches=True
        )

    [summary] = found.values()
    assert summary.sketch == sketch_of([*EXTREMES, *EXTREMES[:5]])


@pytest.mark.parametrize("kind", ["chart", "heat map"])
def test_what_takes_too_long_to_read_is_refused_and_nothing_else_is(workspace, kind):
    put(workspace, points=[point(4)])
    roll_up()
    plan = metric_query.plan(NOW - timedelta(hours=1), NOW + timedelta(hours=1), step_seconds=60)
    asked = ChartQuery(asked=MetricQuery(name="rows", aggregate=Aggregate.SUM), letter="A")

    def answer(seconds):
        about = {"workspace_id": workspace.id, "plan": plan, "seconds": seconds}
        if kind == "heat map":
            return answer_heat_map(name="rows", where={}, rows=10, **about).cells
        return answer_chart(chart=Chart(queries=[asked]), fill=Fill.NULL, **about).queries

    with workspace_scope(workspace.id):
        with pytest.raises(QueryTooLarge, match="took too long"):
            answer(0)
        assert answer(10)
