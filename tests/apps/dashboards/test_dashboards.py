"""Dashboards, through HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.dashboards import services
from apps.dashboards.models import Dashboard
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import AuditEntry
from tests.apps.telemetry.test_reads import point, put
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db
TEXT = {"id": "a", "kind": "text", "x": 0, "y": 0, "w": 4, "h": 2, "markdown": "# Hello"}
CHART = {
    "id": "b",
    "kind": "chart",
    "x": 4,
    "y": 0,
    "w": 8,
    "h": 5,
    "queries": [{"letter": "A", "name": "rows", "aggregate": "sum"}],
}


def make(client, **more):
    answer = client.post("dashboards", {"name": "Loads", "panels": [TEXT, CHART]} | more)
    assert answer.status_code == 201, answer.content
    return answer.json()


def listed(client):
    return [row["name"] for row in client.get("dashboards").json()["items"]]


def actions():
    with as_worker():
        return list(
            AuditEntry.objects.filter(action__startswith="dashboard.")
            .order_by("id")
            .values_list("action", flat=True)
        )


def test_a_dashboard_is_made_read_changed_and_deleted(api, alice):
    client = api(alice)
    variables = [{"name": "table", "kind": "label", "metric": "rows", "label": "table"}]
    made = make(client, range="7d", variables=variables)

    read = client.get(f"dashboards/{made['id']}").json()
    changed = client.patch(
        f"dashboards/{made['id']}", {"version": 1, "name": "Loads by table", "panels": [TEXT]}
    ).json()
    client.delete(f"dashboards/{made['id']}")

    assert read == made
    assert (read["panels"], read["range"], read["variables"]) == ([TEXT, CHART], "7d", variables)
    assert (changed["name"], changed["panels"], changed["range"]) == (
        "Loads by table",
        [TEXT],
        "7d",
    )
    assert (changed["version"], changed["updated_by"]) == (2, "Alice")
    assert client.get(f"dashboards/{made['id']}").status_code == 404
    assert actions() == ["dashboard.created", "dashboard.changed", "dashboard.deleted"]


def test_who_saves_over_what_they_have_not_seen_is_told(api, alice):
    client = api(alice)
    made = make(client)
    path = f"dashboards/{made['id']}"
    client.patch(path, {"version": 1, "name": "Mine"})

    late = client.patch(path, {"version": 1, "name": "Yours", "panels": []})

    assert late.status_code == 409
    error = late.json()["error"]
    assert error["code"] == "dashboard_changed"
    assert error["details"] == {"version": 2, "updated_by": "Alice"}
    assert client.get(path).json()["name"] == "Mine"
    assert actions() == ["dashboard.created", "dashboard.changed"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x", "range": "1y"}, "range"),
        ({"name": "x", "panels": {}}, "panels"),
        ({"name": "x", "panels": [TEXT | {"markdown": 1}]}, "panels.0.markdown"),
        ({"name": "x", "panels": [TEXT, TEXT]}, "panels.1.id"),
        ({"name": "x", "variables": [{}]}, "variables.0.name"),
        ({"name": "x", "colour": "red"}, "colour"),
        ({"name": "x\x00"}, "name"),
        ({"name": "x", "panels": [TEXT | {"markdown": "\x00"}]}, "panels.0.markdown"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_refused_by_place(api, alice, body, field):
    answer = api(alice).post("dashboards", body)

    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert actions() == []


@pytest.mark.parametrize("version", [None, 0, "x", 2**40], ids=str)
def test_a_change_names_the_version_it_was_made_of(api, alice, version):
    client = api(alice)
    made = make(client)

    answer = client.patch(f"dashboards/{made['id']}", {"version": version, "name": "x"})

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["version"]


def test_a_refused_change_leaves_all_as_it_was(api, alice):
    client = api(alice)
    made = make(client)

    answer = client.patch(f"dashboards/{made['id']}", {"version": 1, "panels": [TEXT, TEXT]})

    assert answer.status_code == 400
    assert client.get(f"dashboards/{made['id']}").json() == made


def test_a_workspace_begins_with_one_dashboard_and_once_only(api, alice):
    client = api(alice)

    [first] = client.get("dashboards").json()["items"]
    again = client.get("dashboards").json()["items"]
    client.delete(f"dashboards/{first['id']}")

    assert first["name"] == "Overview"
    assert first["panel_count"] >= 4
    assert again == [first]
    assert listed(client) == []
    assert client.get(f"dashboards/{first['id']}").status_code == 404


def _overview(client):
    [row] = [
        each for each in client.get("dashboards").json()["items"] if each["name"] == "Overview"
    ]
    return client.get(f"dashboards/{row['id']}").json()


def _charts(dashboard):
    return [
        (query["name"], query["aggregate"])
        for panel in dashboard["panels"]
        if panel["kind"] == "chart"
        for query in panel["queries"]
    ]


def test_the_first_dashboard_gets_its_charts_once_there_are_metrics(api, alice, workspace):
    client = api(alice)
    bare = _overview(client)

    put(workspace, points=[point(4, name="rows_loaded"), point(3, name="ms", unit="ms")])
    filled = _overview(client)
    put(workspace, points=[point(3, name="later")])

    assert _charts(bare) == []
    assert sorted(_charts(filled)) == [("ms", "avg"), ("rows_loaded", "sum")]
    assert filled["version"] == bare["version"] + 1
    assert _overview(client) == filled


def test_a_first_dashboard_that_somebody_changed_is_left_as_it_is(api, alice, workspace):
    client = api(alice)
    bare = _overview(client)
    changed = client.patch(f"dashboards/{bare['id']}", {"version": 1, "panels": [TEXT]}).json()

    put(workspace, points=[point(4)])

    assert _overview(client) == changed


@pytest.mark.django_db(transaction=True)
def test_many_who_look_first_at_once_find_one(api, alice, workspace):
    def look(_):
        try:
            with workspace_scope(workspace.id):
                services.make_first(workspace_id=workspace.id, now=utc_now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as together:
        list(together.map(look, range(4)))

    assert listed(api(alice)) == ["Overview"]


def test_who_may_only_look_makes_and_changes_none(api, alice, bob):
    made = make(api(alice))
    path = f"dashboards/{made['id']}"

    assert api(bob).get(path).json() == made
    for answer in (
        api(bob).post("dashboards", {"name": "x"}),
        api(bob).patch(path, {"version": 1, "name": "x"}),
        api(bob).delete(path),
    ):
        assert answer.status_code == 403
    assert listed(api(bob)) == ["Loads", "Overview"]


def test_a_workspace_has_so_many_and_no_more(api, alice, workspace):
    with workspace_scope(workspace.id):
        Dashboard.objects.bulk_create(
            Dashboard(workspace_id=workspace.id, name=f"d{n}", range="24h") for n in range(100)
        )

    answer = api(alice).post("dashboards", {"name": "one more"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_many_dashboards")


def test_a_rival_finds_none(api, alice, mallory, workspace, rival_workspace):
    made = make(api(alice))

    assert api(mallory).get(f"dashboards/{made['id']}").status_code == 404
    assert listed(api(mallory)) == ["Overview"]
