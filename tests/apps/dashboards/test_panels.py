"""What panels show, all in one answer, through HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dashboards.asking import read_asked
from apps.dashboards.panels import answer_panels
from apps.telemetry.items import Resource
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.scopes import Scope
from tests.apps.runs.test_logs import line
from tests.apps.telemetry.test_reads import event, point, put, roll_up
from tests.factories.dispatch import make_deployment, start
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db
NOW = utc_now()
QUERY = {"letter": "A", "name": "rows", "aggregate": "sum"}
CHART = {"id": "chart", "kind": "chart", "queries": [QUERY]}
NUMBER = {"id": "number", "kind": "number", "queries": [QUERY], "show": "A"}
HEAT = {"id": "heat", "kind": "heat_map", "name": "rows"}
RUNS = {"id": "runs", "kind": "runs", "view": "list"}
RUN_COUNTS = {"id": "run_counts", "kind": "runs", "view": "histogram"}
EVENTS = {"id": "events", "kind": "events", "view": "list", "name": "table.*"}
EVENT_COUNTS = {"id": "event_counts", "kind": "events", "view": "histogram"}
LOGS = {"id": "logs", "kind": "logs", "q": "disk", "level": "WARNING"}
TEXT = {"id": "text", "kind": "text", "markdown": "# Loads"}
EVERY = [CHART, NUMBER, HEAT, RUNS, RUN_COUNTS, EVENTS, EVENT_COUNTS, LOGS, TEXT]
BY_TABLE = {"name": "table", "kind": "label", "metric": "rows", "label": "table"}
WHICH = {"name": "which", "kind": "deployment"}


def body(*panels, **more):
    window = {
        "from": (NOW - timedelta(minutes=30)).isoformat(),
        # From now and not from when this file was read: a whole run of the tests takes longer.
        "to": (utc_now() + timedelta(minutes=10)).isoformat(),
    }
    return window | {"panels": list(panels)} | more


def ask(client, *panels, **more):
    response = client.post("dashboards/panels", body(*panels, **more))
    assert response.status_code == 200, response.content
    return response.json()


def of(answer, panel):
    [found] = [each for each in answer["panels"] if each["id"] == panel["id"]]
    return found


def lines_of(panel):
    return [one for result in panel["chart"]["results"] for one in result["series"]]


def total_of(panel):
    return sum(value or 0 for each in lines_of(panel) for _, value in each["points"])


@pytest.fixture
def busy(workspace):
    """Something of everything that panels show."""
    put(
        workspace,
        points=[
            point(4, labels={"table": "flights"}, unit="rows"),
            point(3, labels={"table": "planes"}, unit="rows"),
        ],
        events=[
            event(name="table.loaded", resource=Resource(kind="table", name="flights")),
            event(name="deploy.done"),
        ],
        logs=[line("disk full", level="ERROR"), line("disk fine"), line("on fire", level="ERROR")],
    )
    roll_up()
    with workspace_scope(workspace.id):
        return start(make_deployment(workspace))


def test_all_panels_of_a_page_come_in_one_answer(api, bob, busy):
    answer = ask(api(bob), *EVERY)

    assert [each["id"] for each in answer["panels"]] == [each["id"] for each in EVERY]
    assert [each["error"] for each in answer["panels"]] == [None] * len(EVERY)
    assert total_of(of(answer, CHART)) == total_of(of(answer, NUMBER)) == 7
    assert sum(count for _, _, count in of(answer, HEAT)["heat_map"]["cells"]) == 2
    assert answer["units"] == {"rows": "rows"}
    [run] = of(answer, RUNS)["runs"]["items"]
    assert (run["id"], run["name"], run["state_type"]) == (str(busy.id), busy.name, "SCHEDULED")
    counts = of(answer, RUN_COUNTS)["run_counts"]["buckets"]
    assert sum(sum(each["counts"].values()) for each in counts) == 1
    [happened] = of(answer, EVENTS)["events"]["items"]
    assert (happened["name"], happened["resource"]) == ("table.loaded", "flights")
    assert sum(each["count"] for each in of(answer, EVENT_COUNTS)["event_counts"]["buckets"]) >= 2
    [written] = of(answer, LOGS)["logs"]["items"]
    assert (written["level"], written["message"]) == ("ERROR", "disk full")
    text = of(answer, TEXT)
    assert [name for name, part in text.items() if part is not None] == ["id"]


def test_a_page_of_many_panels_asks_the_database_a_bounded_number_of_times(
    api, bob, busy, django_assert_max_num_queries
):
    client = api(bob)
    few = [each | {"id": f"{each['id']}{n}"} for n in range(2) for each in EVERY]
    ask(client, *EVERY)

    # 89: about three a panel, four more that keep a chart within its time, five to see whether a
    # histogram is of many events, and what signing in, entering and the units take.
    with django_assert_max_num_queries(94):
        ask(client, *few)


def test_variables_narrow_what_is_shown_and_none_chosen_is_everything(api, bob, busy):
    chart = CHART | {"queries": [QUERY | {"where": {"table": ["$table"]}}]}
    client = api(bob)

    def total(**more):
        return total_of(of(ask(client, chart, **more), chart))

    assert total(variables=[BY_TABLE]) == 7
    assert total(variables=[BY_TABLE | {"default": ["planes"]}]) == 3
    assert total(variables=[BY_TABLE | {"default": ["planes"]}], chosen={"table": []}) == 7
    assert total(variables=[BY_TABLE], chosen={"table": ["flights", "none"]}) == 4


def test_runs_are_narrowed_to_the_chosen_deployment(api, bob, workspace, busy):
    runs = RUNS | {"deployment": "$which", "states": ["SCHEDULED"]}
    with workspace_scope(workspace.id):
        other = make_deployment(workspace, flow_name="other")

    def shown(chosen):
        answer = ask(api(bob), runs, variables=[WHICH], chosen={"which": chosen})
        return [run["id"] for run in of(answer, runs)["runs"]["items"]]

    assert shown([]) == shown([str(busy.deployment_id)]) == [str(busy.id)]
    assert shown([str(other.id)]) == []


def test_lines_are_narrowed_to_the_chosen_deployment(api, bob, workspace, busy):
    logs = {"id": "logs", "kind": "logs", "deployment": "$which"}
    with workspace_scope(workspace.id):
        other = make_deployment(workspace, flow_name="other")
    put(workspace, logs=[line("of the run", run_id=busy.id)])

    def shown(chosen):
        answer = ask(api(bob), logs, variables=[WHICH], chosen={"which": chosen})
        return {each["message"] for each in of(answer, logs)["logs"]["items"]}

    assert shown([str(busy.deployment_id)]) == {"of the run"}
    assert shown([str(other.id)]) == set()
    assert {"of the run", "disk full"} <= shown([])


def happened(api, bob, panel, **chosen):
    """Return the names in a list of events, the sum of the bars, or the names of the marks."""
    found = of(ask(api(bob), panel, variables=[BY_TABLE, WHICH], chosen=chosen), panel)
    assert found["error"] is None
    if found["event_counts"] is not None:
        return sum(each["count"] for each in found["event_counts"]["buckets"])
    return [each["name"] for each in (found["events"] or found["marks"])["items"]]


def test_events_are_narrowed_by_what_is_chosen_in_their_search(api, bob, busy):
    narrowed = {"name": "table.*", "q": "resource:$table"}
    rows, counts = EVENTS | narrowed, EVENT_COUNTS | narrowed
    marked = CHART | {"events": "table.*", "events_q": "resource:$table"}

    for chosen, names in ([], ["table.loaded"]), (["flights"], ["table.loaded"]), (["x"], []):
        assert happened(api, bob, rows, table=chosen) == names
        assert happened(api, bob, counts, table=chosen) == len(names)
        assert happened(api, bob, marked, table=chosen) == names


def test_events_are_narrowed_to_the_runs_of_the_chosen_deployment(api, bob, workspace, busy):
    with workspace_scope(workspace.id):
        other, idle = (make_deployment(workspace, flow_name=name) for name in ("other", "idle"))
        run = start(other)
    put(
        workspace,
        events=[event(name="own.a", run_id=busy.id), event(name="own.b", run_id=run.id)],
    )
    rows = EVENTS | {"name": "own.*", "deployment": "$which"}
    counts = EVENT_COUNTS | {"name": "own.*", "deployment": "$which"}
    marked = CHART | {"events": "own.*", "events_deployment": "$which"}

    for chosen, names in (
        ([], {"own.a", "own.b"}),
        ([str(busy.deployment_id)], {"own.a"}),
        ([str(other.id)], {"own.b"}),
        ([str(idle.id)], set()),
    ):
        assert set(happened(api, bob, rows, which=chosen)) == names
        assert happened(api, bob, counts, which=chosen) == len(names)
        assert set(happened(api, bob, marked, which=chosen)) == names


def test_lines_are_narrowed_by_what_is_chosen_in_their_search(api, bob, busy):
    logs = {"id": "logs", "kind": "logs", "q": "$table"}

    def shown(*chosen):
        answer = ask(api(bob), logs, variables=[BY_TABLE], chosen={"table": chosen})
        return {each["message"] for each in of(answer, logs)["logs"]["items"]}

    assert shown("disk", "nothing") == {"disk full", "disk fine"}
    assert {"disk full", "on fire"} <= shown()


@pytest.mark.parametrize(
    ("panel", "field"),
    [
        (EVENTS | {"q": "run:$table"}, "q"),
        (LOGS | {"q": "run:$table"}, "q"),
        (EVENTS | {"deployment": "$table"}, "deployment"),
        (CHART | {"events_q": "payload.n:>$table"}, "events_q"),
        (CHART | {"events_deployment": "$table"}, "events_deployment"),
    ],
    ids=["an id", "an id of logs", "a deployment", "two to compare with", "of marks"],
)
def test_what_is_chosen_but_does_not_fit_is_told_by_the_panel(api, bob, busy, panel, field):
    answer = ask(api(bob), panel, variables=[BY_TABLE], chosen={"table": ["a", "b"]})

    error = of(answer, panel)["error"]
    assert (error["code"], list(error["fields"])) == ("invalid_request", [field])


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [("sum", 12), ("avg", 4), ("count", 3), ("min", 3), ("max", 5), ("p50", 4)],
)
def test_a_number_can_be_of_the_whole_range(api, bob, workspace, busy, aggregate, value):
    put(workspace, points=[point(5, occurred_at=NOW - timedelta(minutes=15))])
    roll_up()
    number = NUMBER | {
        "queries": [QUERY | {"aggregate": aggregate}],
        "formulas": [{"letter": "B", "expression": "A * 2"}],
    }

    whole = of(ask(api(bob), number | {"over": "range"}), number)["chart"]
    steps = of(ask(api(bob), number | {"over": "step"}), number)["chart"]

    [[_, of_all]] = whole["results"][0]["series"][0]["points"]
    [[_, computed]] = whole["formulas"][0]["series"][0]["points"]
    assert of_all == pytest.approx(value, rel=0.01)
    assert computed == of_all * 2
    assert len(steps["results"][0]["series"][0]["points"]) > 1


def test_a_number_of_the_whole_range_beside_the_one_before(api, bob, workspace, busy):
    put(workspace, points=[point(50, occurred_at=NOW - timedelta(days=1))])
    roll_up()
    number = NUMBER | {"over": "range", "compare_seconds": 86_400}

    [result] = of(ask(api(bob), number), number)["chart"]["results"]

    assert [[value for _, value in each["points"]] for each in result["series"]] == [[7.0]]
    assert [[value for _, value in each["points"]] for each in result["compared"]] == [[50.0]]
    assert result["series"][0]["points"][0][0] == result["compared"][0]["points"][0][0]


@pytest.mark.parametrize(("letter", "value"), [("A", 7), ("B", 2), ("C", 3.5)])
def test_a_number_is_of_the_letter_that_it_shows_and_brings_no_other_lines(
    api, bob, busy, letter, value
):
    number = NUMBER | {
        "queries": [
            QUERY | {"hidden": True},
            QUERY | {"letter": "B", "aggregate": "count", "group_by": []},
        ],
        "formulas": [{"letter": "C", "expression": "A / B"}],
        "show": letter,
        "over": "range",
    }

    chart = of(ask(api(bob), number), number)["chart"]

    [shown] = [each for each in (*chart["results"], *chart["formulas"]) if each["letter"] == letter]
    assert [[at[1] for at in line["points"]] for line in shown["series"]] == [[value]]
    assert all(not each["series"] for each in chart["results"] if each["letter"] != letter)


def test_events_mark_a_chart(api, bob, busy):
    answer = ask(api(bob), CHART | {"events": "deploy.*"})

    assert [mark["name"] for mark in of(answer, CHART)["marks"]["items"]] == ["deploy.done"]


def test_a_panel_that_cannot_be_drawn_leaves_the_others_alone(api, bob, busy):
    wrong = {
        "formula": CHART | {"formulas": [{"letter": "B", "expression": "A *"}]},
        "field": RUNS | {"colour": "red"},
        "search": LOGS | {"q": 'disk "'},
        "deployment": RUNS | {"deployment": "$which"},
        "nothing": {"kind": "heat_map"},
        "nul": EVENTS | {"name": "\x00"},
    }
    panels = [panel | {"id": name} for name, panel in wrong.items()]

    answer = ask(
        api(bob), *panels, CHART, variables=[WHICH], chosen={"which": ["no id of anything"]}
    )

    by_id = {each["id"]: each["error"] for each in answer["panels"]}
    assert by_id.pop("chart") is None
    assert {error["code"] for error in by_id.values()} == {"invalid_request"}
    assert {name: list(error["fields"]) for name, error in by_id.items()} == {
        "formula": ["formulas.0.expression"],
        "field": ["colour"],
        "search": ["q"],
        "deployment": ["deployment"],
        "nothing": ["name"],
        "nul": ["name"],
    }
    assert total_of(of(answer, CHART)) == 7


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"panels": {}}, "panels"),
        ({"panels": [3]}, "panels.0.kind"),
        ({"panels": [{"kind": "pie", "id": "a"}]}, "panels.0.kind"),
        ({"panels": [TEXT | {"id": "a/b"}]}, "panels.0.id"),
        ({"panels": [TEXT, TEXT]}, "panels.1.id"),
        ({"panels": [TEXT | {"id": f"t{n}"} for n in range(41)]}, "panels"),
        ({"panels": [CHART | {"queries": [QUERY] * 20, "id": f"{n}"} for n in (1, 2, 3)]}, None),
        ({"variables": [{"kind": "label"}]}, "variables.0.name"),
        ({"variables": 7}, "variables"),
        ({"chosen": []}, "chosen"),
        ({"chosen": {"who": []}}, "chosen"),
        ({"variables": [BY_TABLE], "chosen": {"table": "flights"}}, "chosen.table"),
        ({"variables": [BY_TABLE], "chosen": {"table": ["\x00"]}}, "chosen.table"),
        ({"variables": [BY_TABLE], "chosen": {"table": [{}]}}, "chosen.table"),
        ({"variables": [BY_TABLE], "chosen": {"table": ["x"] * 101}}, "chosen.table"),
        ({"from": "1000-01-01T00:00:00Z"}, "from"),
        ({"to": "9999-12-31T23:59:59Z"}, "to"),
        ({"to": 10**30}, "to"),
        ({"colour": 1}, "colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_no_panel_can_be_blamed_for_is_refused_by_place(api, bob, given, field):
    answer = api(bob).post("dashboards/panels", body(TEXT) | given)

    assert answer.status_code == 400
    assert (field or "panels") in answer.json()["error"]["fields"]


def test_who_may_not_see_runs_is_refused_those_panels_only(api, alice, busy):
    key = make_key(alice, scopes=[Scope.TELEMETRY_READ])

    answer = ask(api(key, alice.workspace), *EVERY)

    refused = {each["id"]: each["error"]["code"] for each in answer["panels"] if each["error"]}
    assert refused == dict.fromkeys(("runs", "run_counts", "logs"), "permission_denied")
    for panel in (RUNS, RUN_COUNTS, LOGS):
        found = of(answer, panel)
        assert [name for name, part in found.items() if part is not None] == ["id", "error"]
    assert total_of(of(answer, CHART)) == 7


def test_who_may_not_read_telemetry_gets_none(api, alice, busy):
    key = make_key(alice, scopes=[Scope.RUNS_READ])

    answer = api(key, alice.workspace).post("dashboards/panels", body(RUNS))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


def test_a_rival_sees_nothing_of_it(api, mallory, rival_workspace, busy):
    runs = RUNS | {"deployment": str(busy.deployment_id)}
    answer = ask(api(mallory), CHART, HEAT, runs, EVENTS, LOGS)

    assert lines_of(of(answer, CHART)) == []
    assert of(answer, HEAT)["heat_map"]["cells"] == []
    for panel in (RUNS, EVENTS, LOGS):
        assert of(answer, panel)[panel["id"]]["items"] == []
    assert answer["units"] == {"rows": None}


def test_what_is_not_begun_in_time_is_refused_by_itself(workspace, busy):
    asked = read_asked(panels=EVERY, variables=[], chosen={})

    with workspace_scope(workspace.id):
        answer = answer_panels(
            workspace_id=workspace.id,
            panels=asked.panels,
            chosen=asked.chosen,
            since=NOW - timedelta(hours=1),
            until=NOW,
            now=NOW,
            unsound=asked.unsound,
            require=lambda scope: None,
            seconds=0,
        )

    errors = {each["id"]: each["error"] for each in answer["panels"]}
    assert errors.pop("text") is None
    assert {error["code"] for error in errors.values()} == {"search_too_slow"}
