"""The read routes, through HTTP."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec import Raw

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import selectors, services
from apps.telemetry.items import (
    NewEvent,
    NewLogLine,
    NewPoint,
    Relation,
    Resource,
    TelemetryBatch,
    Transition,
)
from apps.tenancy.isolation import workspace_scope
from tests.isolation import as_worker

NOW = utc_now().replace(second=30, microsecond=0)


def put(workspace, **lists):
    with workspace_scope(workspace.id):
        outcome = services.store_batch(
            workspace_id=workspace.id, batch=TelemetryBatch(**lists), now=NOW
        )
    assert not outcome.rejected


def roll_up():
    with as_worker():
        while services.merge_pending_batches():
            pass


def event(**changes):
    return NewEvent(**{"name": "query.finished", "occurred_at": NOW, "id": uuid7()} | changes)


def point(value, **changes):
    return NewPoint(
        **{"name": "rows", "occurred_at": NOW, "value": float(value), "id": uuid7()} | changes
    )


def wire(at):
    return at.isoformat().replace("+00:00", "Z")


def test_events_come_newest_first_in_pages_without_gaps(api, bob, workspace):
    put(
        workspace,
        events=[event(occurred_at=NOW - timedelta(seconds=step // 3)) for step in range(25)],
    )
    seen, cursor = [], ""
    while True:
        page = api(bob).get(f"events?limit=7{cursor}").json()
        seen += [(item["occurred_at"], item["id"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert len(seen) == 25
    assert seen == sorted(seen, reverse=True)


def test_an_event_is_shown_whole(api, bob, workspace):
    sent = event(
        resource=Resource(kind="table", name="flights", namespace="warehouse"),
        related=[Relation(role="reader", kind="user", name="ana")],
        payload=Raw(b'{"rows": 3}'),
        source="sdk",
    )
    put(workspace, events=[sent])

    [item] = api(bob).get("events").json()["items"]

    assert item == {
        "id": str(sent.id),
        "name": "query.finished",
        "occurred_at": wire(NOW),
        "received_at": wire(NOW),
        "resource": {"kind": "table", "name": "flights", "namespace": "warehouse"},
        "related": [{"role": "reader", "kind": "user", "name": "ana"}],
        "payload": {"rows": 3},
        "run_id": None,
        "task_run_id": None,
        "follows": None,
        "source": "sdk",
    }


# Part of a test's name, so the same in every worker process.
RUN_ID = UUID("01a1f000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"table.loaded", "table.dropped", "query.slow"}),
        ("name=table.loaded", {"table.loaded"}),
        ("name=table.*", {"table.loaded", "table.dropped"}),
        ("name=table.", set()),
        ("name=*", {"table.loaded", "table.dropped", "query.slow"}),
        ("resource_kind=table", {"table.loaded", "table.dropped"}),
        ("resource_kind=table&resource_name=planes", {"table.dropped"}),
        ("related_kind=user&related_name=ana", {"query.slow"}),
        ("related_kind=user&related_name=ben", set()),
        (f"run_id={RUN_ID}", {"query.slow"}),
        ("q=SELECT", {"query.slow"}),
        ("q=plane", {"table.dropped"}),
        ("q=%25", set()),
    ],
)
def test_events_are_filtered(api, bob, workspace, query, names):
    put(
        workspace,
        events=[
            event(name="table.loaded", resource=Resource(kind="table", name="flights")),
            event(name="table.dropped", resource=Resource(kind="table", name="planes")),
            event(
                name="query.slow",
                related=[Relation(role="by", kind="user", name="ana")],
                payload=Raw(b'{"sql": "select 1"}'),
                run_id=RUN_ID,
            ),
        ],
    )

    items = api(bob).get(f"events?{query}").json()["items"]

    assert {item["name"] for item in items} == names


def test_events_are_cut_by_time(api, bob, workspace):
    put(workspace, events=[event(occurred_at=NOW - timedelta(minutes=step)) for step in range(5)])
    since, until = wire(NOW - timedelta(minutes=3)), wire(NOW - timedelta(minutes=1))

    items = api(bob).get(f"events?from={since}&to={until}").json()["items"]

    assert [item["occurred_at"] for item in items] == [wire(NOW - timedelta(minutes=2)), since]


@pytest.mark.parametrize(
    "query", ["cursor=xyz", "limit=0", "run_id=17", "from=yesterday", "limit=501"]
)
def test_bad_parameters_are_named(api, bob, query):
    response = api(bob).get(f"events?{query}")

    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [query.split("=")[0]]


def test_the_histogram_counts_events(api, bob, workspace):
    put(
        workspace,
        events=[event(occurred_at=NOW - timedelta(minutes=step)) for step in range(10)]
        + [event(name="other", occurred_at=NOW - timedelta(minutes=3))],
    )
    roll_up()
    window = f"from={wire(NOW - timedelta(hours=2))}&to={wire(NOW)}"

    everything = api(bob).get(f"events/histogram?{window}").json()
    one = api(bob).get(f"events/histogram?{window}&name=query.*").json()

    assert everything["step_seconds"] == 60
    assert sum(bucket["count"] for bucket in everything["buckets"]) == 11
    assert everything["names"] == [
        {"name": "query.finished", "count": 10, "is_estimate": False},
        {"name": "other", "count": 1, "is_estimate": False},
    ]
    assert len(everything["buckets"]) in {120, 121}
    assert sum(bucket["count"] for bucket in one["buckets"]) == 10


def test_a_short_histogram_reads_the_events_themselves(api, bob, workspace):
    put(workspace, events=[event(occurred_at=NOW - timedelta(seconds=step)) for step in range(10)])
    window = f"from={wire(NOW - timedelta(seconds=60))}&to={wire(NOW + timedelta(seconds=1))}"

    answer = api(bob).get(f"events/histogram?{window}").json()

    assert answer["step_seconds"] == 1
    assert [b["count"] for b in answer["buckets"]][-10:] == [1] * 10


def test_metrics_are_listed(api, bob, workspace):
    put(
        workspace,
        points=[
            point(1, labels={"table": "flights"}, unit="rows"),
            point(2, labels={"table": "planes", "db": "lake"}),
            point(3, name="delay", occurred_at=NOW - timedelta(hours=1)),
        ],
    )
    roll_up()

    items = api(bob).get("metrics").json()["items"]

    assert [item["name"] for item in items] == ["delay", "rows"]
    assert items[1] == {
        "name": "rows",
        "unit": "rows",
        "series": 2,
        "last_at": wire(NOW),
        "labels": {"db": ["lake"], "table": ["flights", "planes"]},
    }


def test_of_each_label_of_a_metric_the_first_values_are_listed(api, bob, workspace):
    values = ["é", "b", "", "B", "a b", 'a"b', *(f"p{number}" for number in range(20))]
    put(
        workspace,
        points=[
            *(point(1, labels={"pod": value}) for value in values),
            point(1, labels={"zone": "x", "Zone": "y", "db": "lake"}),
            point(1, name="bare"),
            point(1, name="other", labels={"pod": "z"}, unit="ms"),
        ],
    )  # and no rollup: none of them has a latest point

    items = {item["name"]: item for item in api(bob).get("metrics").json()["items"]}

    assert items["rows"]["labels"]["pod"] == sorted(values)[:20]
    assert list(items["rows"]["labels"]) == ["Zone", "db", "pod", "zone"]
    assert (items["rows"]["unit"], items["rows"]["series"]) == (None, 27)
    assert (items["bare"]["labels"], items["bare"]["series"]) == ({}, 1)
    assert (items["other"]["labels"], items["other"]["unit"]) == ({"pod": ["z"]}, "ms")
    assert {item["last_at"] for item in items.values()} == {wire(NOW)}


def ask(client, *queries, since=timedelta(minutes=10), **more):
    return client.post(
        "metrics/query",
        {
            "queries": list(queries),
            "from": wire(NOW - since),
            "to": wire(NOW + timedelta(minutes=1)),
        }
        | more,
    )


@pytest.mark.parametrize("step", [10, 60])
@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        ("avg", 50.5),
        ("sum", 5_050.0),
        ("min", 1.0),
        ("max", 100.0),
        ("count", 100.0),
        ("p50", pytest.approx(50, rel=0.01)),
        ("p90", pytest.approx(90, rel=0.01)),
        ("p95", pytest.approx(95, rel=0.01)),
        ("p99", pytest.approx(99, rel=0.01)),
    ],
)
def test_each_aggregate_from_raw_points_and_from_rollups(
    api, bob, workspace, step, aggregate, value
):
    put(workspace, points=[point(n) for n in range(1, 101)])
    roll_up()

    answer = ask(api(bob), {"name": "rows", "aggregate": aggregate}, step_seconds=step).json()

    assert answer["rollup"] == {10: "raw", 60: "1m"}[step]
    [line] = answer["results"][0]["series"]
    assert line["labels"] == {}
    assert [each for _, each in line["points"] if each is not None] == [value]


def test_rate_is_the_sum_per_second(api, bob, workspace):
    put(workspace, points=[point(30), point(90)])
    roll_up()

    answer = ask(api(bob), {"name": "rows", "aggregate": "rate"}, step_seconds=60).json()

    [line] = answer["results"][0]["series"]
    assert [value for _, value in line["points"] if value is not None] == [2.0]


@pytest.mark.parametrize(
    ("days", "step", "rollup"), [(0, 120, "1m"), (3, 3_600, "1h"), (20, 86_400, "1d")]
)
def test_each_rollup_says_the_same(api, bob, workspace, days, step, rollup):
    at = NOW - timedelta(days=days)
    put(workspace, points=[point(n, occurred_at=at) for n in range(1, 11)])
    roll_up()

    answer = ask(
        api(bob),
        {"name": "rows", "aggregate": "sum"},
        {"name": "rows", "aggregate": "p50"},
        since=timedelta(days=days, minutes=10),
        step_seconds=step,
    ).json()

    assert (answer["rollup"], answer["step_seconds"]) == (rollup, step)
    totals, medians = (
        [value for _, value in result["series"][0]["points"] if value is not None]
        for result in answer["results"]
    )
    assert totals == [55.0]
    assert medians == [pytest.approx(5, rel=0.01)]


def test_lines_are_grouped_and_narrowed_by_label(api, bob, workspace):
    put(
        workspace,
        points=[
            point(1, labels={"table": "a", "db": "x"}),
            point(2, labels={"table": "a", "db": "y"}),
            point(4, labels={"table": "b", "db": "x"}),
            point(8),
        ],
    )
    roll_up()

    answer = ask(
        api(bob),
        {"name": "rows", "aggregate": "sum", "group_by": ["table"]},
        {"name": "rows", "aggregate": "sum", "where": {"db": ["x"]}},
        {"name": "rows", "aggregate": "sum", "where": {"table": ["a", ""]}},
        {"name": "rows", "aggregate": "sum", "where": {"db__regex": [".*"]}},
        {"name": "no such", "aggregate": "sum"},
    ).json()

    def totals(result):
        return [
            (line["labels"], sum(value or 0 for _, value in line["points"]))
            for line in result["series"]
        ]

    assert totals(answer["results"][0]) == [
        ({"table": ""}, 8.0),
        ({"table": "a"}, 3.0),
        ({"table": "b"}, 4.0),
    ]
    assert totals(answer["results"][1]) == [({}, 5.0)]
    assert totals(answer["results"][2]) == [({}, 11.0)]
    assert totals(answer["results"][3]) == []
    assert totals(answer["results"][4]) == []


def test_gaps_are_filled_as_asked(api, bob, workspace):
    put(workspace, points=[point(7, occurred_at=NOW - timedelta(minutes=2)), point(9)])
    roll_up()

    answer = ask(
        api(bob), {"name": "rows", "aggregate": "max"}, step_seconds=60, fill="previous"
    ).json()

    values = [value for _, value in answer["results"][0]["series"][0]["points"]]
    assert values[-4:] == [7.0, 7.0, 9.0, 9.0]
    assert set(values[:-4]) == {None}


def test_a_query_that_would_answer_too_much_is_refused(api, bob, workspace):
    put(workspace, points=[point(1, labels={"n": str(n)}) for n in range(101)])
    roll_up()

    many = ask(api(bob), {"name": "rows", "aggregate": "sum", "group_by": ["n"]})
    long = ask(
        api(bob),
        {"name": "rows", "aggregate": "sum"},
        since=timedelta(days=30),
        step_seconds=60,
    )

    for response in (many, long):
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "query_too_large"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"queries": []}, "queries"),
        ({"queries": [{"name": "rows", "aggregate": "median"}]}, "queries.0.aggregate"),
        ({"queries": [{"name": "rows", "aggregate": "sum", "by": 1}]}, "queries.0.by"),
        ({"fill": "linear"}, "fill"),
        ({"step_seconds": 0}, "step_seconds"),
        ({"to": "2020-01-01T00:00:00Z"}, "to"),
        ({"tto": 1}, "tto"),
    ],
)
def test_a_malformed_query_is_refused_by_field(api, bob, changes, field):
    response = ask(api(bob), {"name": "rows", "aggregate": "sum"}, **changes)

    assert response.status_code == 400
    assert field in response.json()["error"]["fields"]


def test_nobody_reads_a_rivals_rows(api, mallory, workspace, rival_workspace):
    put(workspace, events=[event()], points=[point(1)])
    roll_up()
    outsider = api(mallory)

    assert outsider.get("events").json()["items"] == []
    assert outsider.get("metrics").json()["items"] == []
    window = f"from={wire(NOW - timedelta(hours=1))}&to={wire(NOW)}"
    assert outsider.get(f"events/histogram?{window}").json()["names"] == []
    answer = ask(outsider, {"name": "rows", "aggregate": "sum"}).json()
    assert answer["results"][0]["series"] == []
    for path in ("events", "metrics", f"events/histogram?{window}"):
        response = outsider.get(f"/api/v1/workspaces/{workspace.slug}/{path}")
        assert response.status_code == 404


def test_logs_of_a_run_in_order_and_filtered(in_workspace):
    run_id, task_run_id = uuid7(), uuid7()
    levels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    put(
        in_workspace,
        logs=[
            NewLogLine(
                occurred_at=NOW + timedelta(milliseconds=step),
                level=level,
                message=f"line {step}",
                run_id=run_id,
                task_run_id=task_run_id if step > 2 else None,
                id=uuid7(),
            )
            for step, level in enumerate(levels)
        ]
        + [NewLogLine(occurred_at=NOW, level="INFO", message="of no run", id=uuid7())],
    )

    def found(**only):
        lines = selectors.list_logs(workspace_id=in_workspace.id, run_id=run_id, **only)
        return [selectors.log_item(line)["level"] for line in lines.order_by("occurred_at", "id")]

    assert found() == levels
    assert found(level="WARNING") == levels[2:]
    assert found(q="LINE 1") == ["INFO"]
    assert found(task_run_id=task_run_id) == levels[3:]


def test_transitions_of_a_run_and_of_a_task_run(in_workspace):
    run_id, task_run_id = uuid7(), uuid7()
    services.record_transitions(
        workspace_id=in_workspace.id,
        transitions=[
            Transition(run_id=run_id, state="RUNNING", occurred_at=NOW, epoch=1),
            Transition(
                run_id=run_id, task_run_id=task_run_id, state="FAILED", occurred_at=NOW, epoch=1
            ),
        ],
    )

    own = selectors.list_transitions(workspace_id=in_workspace.id, run_id=run_id)
    of_task = selectors.list_transitions(
        workspace_id=in_workspace.id, run_id=run_id, task_run_id=task_run_id
    )

    assert [selectors.transition_item(row)["task_run_id"] for row in own] == [None]
    assert [selectors.transition_item(row)["task_run_id"] for row in of_task] == [task_run_id]


def test_metrics_of_a_run(in_workspace):
    run_id = uuid7()
    put(
        in_workspace,
        points=[
            point(3, run_id=run_id, labels={"t": "a"}, unit="rows"),
            point(5, run_id=run_id, labels={"t": "a"}, occurred_at=NOW + timedelta(seconds=1)),
            point(9, labels={"t": "a"}),
        ],
    )
    roll_up()

    assert selectors.run_metrics(workspace_id=in_workspace.id, run_id=run_id) == [
        {
            "name": "rows",
            "unit": "rows",
            "labels": {"t": "a"},
            "last": 5.0,
            "count": 2,
            "min": 3.0,
            "max": 5.0,
        }
    ]
