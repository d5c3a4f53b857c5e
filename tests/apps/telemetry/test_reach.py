"""Charts of times whose points are gone already: told in the steps that are left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.telemetry import services
from apps.telemetry.enums import StoredKind
from apps.telemetry.models import Retention
from apps.tenancy.isolation import workspace_scope
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
