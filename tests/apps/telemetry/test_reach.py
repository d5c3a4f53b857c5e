"""Charts of times whose points are gone already: told in the steps that are left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.telemetry import services, store
from apps.telemetry.enums import StoredKind
from apps.telemetry.items import TelemetryBatch
from apps.telemetry.models import Retention
from apps.telemetry.store import tables
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import WorkspaceLimits
from tests.apps.telemetry.test_reads import NOW, ask, point, put, roll_up, wire
from tests.isolation import as_worker

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def kept_a_week(workspace):
    """Points of twelve days ago and of now, of which those of a week are kept."""
    put(workspace, points=[point(4, occurred_at=NOW - 12 * DAY), point(3)])
    roll_up()
    with workspace_scope(workspace.id):
        Retention.objects.create(workspace_id=workspace.id, kind=StoredKind.METRICS.value, days=7)
    with as_worker():
        services.drop_expired(now=NOW)


def around(at, **more):
    return {"from": wire(at - HOUR), "to": wire(at + HOUR)} | more


def sums(answer):
    return [value for _, value in answer["results"][0]["series"][0]["points"] if value is not None]


@pytest.mark.usefixtures("kept_a_week")
@pytest.mark.parametrize("step", [None, 30, 60, 90 * 60], ids=["any", "raw", "minutes", "odd"])
def test_two_hours_of_long_ago_are_told_by_the_hour(api, bob, step):
    asked = {} if step is None else {"step_seconds": step}

    answer = ask(
        api(bob), {"name": "rows", "aggregate": "sum"}, **around(NOW - 12 * DAY, **asked)
    ).json()

    assert sums(answer) == [4.0]
    assert answer["rollup"] == "1h"
    assert answer["step_seconds"] == (7_200 if step == 90 * 60 else 3_600)


@pytest.mark.usefixtures("kept_a_week")
def test_what_is_kept_is_told_as_finely_as_ever(api, bob):
    answer = ask(api(bob), {"name": "rows", "aggregate": "sum"}, **around(NOW)).json()

    assert (answer["rollup"], sums(answer)) == ("raw", [3.0])


@pytest.mark.usefixtures("kept_a_week")
@pytest.mark.parametrize("by", ["compare_seconds", "offset_seconds"])
def test_an_earlier_time_beside_it_is_there_too(api, bob, by):
    query = {"name": "rows", "aggregate": "sum"}
    days = int((12 * DAY).total_seconds())
    asked = around(NOW) | ({by: days} if by == "compare_seconds" else {})

    answer = ask(api(bob), query | ({by: days} if by == "offset_seconds" else {}), **asked).json()

    assert answer["rollup"] == "1h"
    [result] = answer["results"]
    lines = result["compared"] if by == "compare_seconds" else result["series"]
    assert [value for _, value in lines[0]["points"] if value is not None] == [4.0]


@pytest.mark.usefixtures("kept_a_week")
def test_panels_and_heat_maps_are_told_by_the_hour(api, bob):
    at = NOW - 12 * DAY
    heat = api(bob).post("metrics/heat-map", around(at) | {"name": "rows"}).json()
    panel = {
        "id": "a",
        "kind": "chart",
        "queries": [{"letter": "A", "name": "rows", "aggregate": "sum"}],
    }
    panels = api(bob).post("dashboards/panels", around(at) | {"panels": [panel]}).json()

    assert [number for _, _, number in heat["cells"]] == [1]
    assert panels["rollup"] == "1h"
    assert sums(panels["panels"][0]["chart"]) == [4.0]


@pytest.fixture
def kept_longer_again(workspace, kept_a_week):
    """The same, after the workspace went back to keeping all that its plan does."""
    with workspace_scope(workspace.id):
        Retention.objects.filter(workspace_id=workspace.id).delete()


@pytest.mark.usefixtures("kept_longer_again")
@pytest.mark.parametrize("step", [None, 30, 60], ids=["any", "raw", "minutes"])
def test_what_a_shorter_time_dropped_is_told_by_the_hour_also_when_it_is_longer_again(
    api, bob, step
):
    asked = {} if step is None else {"step_seconds": step}

    old = ask(api(bob), {"name": "rows", "aggregate": "sum"}, **around(NOW - 12 * DAY, **asked))
    new = ask(api(bob), {"name": "rows", "aggregate": "sum"}, **around(NOW))

    assert (old.json()["rollup"], sums(old.json())) == ("1h", [4.0])
    assert (new.json()["rollup"], sums(new.json())) == ("raw", [3.0])


@pytest.mark.usefixtures("kept_longer_again")
def test_panels_heat_maps_and_charts_of_what_was_dropped_are_told_by_the_hour(api, bob):
    query = {"letter": "A", "name": "rows", "aggregate": "sum"}
    at = around(NOW - 12 * DAY)
    panel = {"id": "a", "kind": "chart", "queries": [query]}
    charts = [{"chart": {"queries": [query]}}, {"heat_map": {"name": "rows"}}]

    answers = {
        path: api(bob).post(path, at | more).json()
        for path, more in (
            ("dashboards/panels", {"panels": [panel]}),
            ("metrics/heat-map", {"name": "rows"}),
            ("metrics/charts", {"charts": charts}),
        )
    }

    assert {path: answer["rollup"] for path, answer in answers.items()} == dict.fromkeys(
        answers, "1h"
    )
    assert sums(answers["dashboards/panels"]["panels"][0]["chart"]) == [4.0]
    assert [cell[2] for cell in answers["metrics/heat-map"]["cells"]] == [1]


def test_where_only_points_are_gone_it_is_told_by_the_minute(api, bob, workspace):
    put(workspace, points=[point(4, occurred_at=NOW - 12 * DAY), point(5)])
    roll_up()
    with as_worker():
        store.current().drop_before(tables.METRIC_POINT, NOW - 9 * DAY)

    answer = ask(
        api(bob), {"name": "rows", "aggregate": "sum"}, **around(NOW - 12 * DAY, step_seconds=20)
    ).json()

    assert (answer["rollup"], answer["step_seconds"], sums(answer)) == ("1m", 60, [4.0])


def test_where_hours_are_gone_it_is_told_by_the_day(api, bob, workspace):
    with workspace_scope(workspace.id):
        WorkspaceLimits.objects.filter(workspace_id=workspace.id).update(retention_days=1_000)
        services.store_batch(
            workspace_id=workspace.id,
            batch=TelemetryBatch(points=[point(4, occurred_at=NOW - 500 * DAY)]),
            now=NOW,
            retention_days=1_000,
        )
    roll_up()
    with as_worker():
        for table in (
            tables.METRIC_POINT,
            tables.METRIC_ROLLUPS["1m"],
            tables.METRIC_ROLLUPS["1h"],
        ):
            store.current().drop_before(table, NOW - 401 * DAY)

    answer = ask(api(bob), {"name": "rows", "aggregate": "sum"}, **around(NOW - 500 * DAY)).json()

    assert (answer["rollup"], sums(answer)) == ("1d", [4.0])


def test_what_was_never_dropped_is_told_as_finely_as_ever(api, bob, workspace):
    labels = [{"table": name} for name in "abc"]
    put(
        workspace,
        points=[
            # Of series that begin when the others end, and in an hour that nothing else is in.
            *(
                point(2, occurred_at=NOW - 5 * DAY + at * HOUR / 3, labels=label)
                for at, label in enumerate(labels)
            ),
            point(2, name="other", occurred_at=NOW - 5 * DAY + HOUR * 0.9),
        ],
    )
    roll_up()

    answer = ask(
        api(bob),
        {"name": "rows", "aggregate": "sum"},
        {"name": "other", "aggregate": "sum"},
        **around(NOW - 5 * DAY),
    ).json()

    assert (answer["rollup"], sum(sums(answer))) == ("raw", 6.0)


def test_the_last_day_is_not_looked_at_for_what_is_left(api, bob, workspace):
    put(workspace, points=[point(3)])
    roll_up()

    with CaptureQueriesContext(connection) as asked:
        ask(api(bob), {"name": "rows", "aggregate": "sum"}, **around(NOW))

    said = " ".join(each["sql"] for each in asked.captured_queries)
    assert "telemetry_metric_point" in said
    assert "telemetry_metric_1h" not in said
    assert "telemetry_retention" not in said
