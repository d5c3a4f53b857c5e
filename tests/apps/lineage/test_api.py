"""The routes of the world view, as a browser calls them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import EARLIEST, utc_now
from apps.lineage.models import Relation
from apps.tenancy.isolation import workspace_scope
from tests.factories.lineage import build, event, party, resource_id, store


@pytest.fixture
def web(api, alice):
    """Alice's browser."""
    return api(alice)


TABLE = ("table", "postgres://db", "shop.public.orders")


@pytest.fixture
def known(workspace):
    with workspace_scope(workspace.id):
        store(
            workspace,
            [
                event(
                    "table.loaded",
                    resource=TABLE,
                    payload={"rows": 3, "columns": [{"name": "id", "type": "int"}]},
                    related=[party("user", "user", "maria")],
                ),
                event(payload={"text": "SELECT 1 FROM orders", "user": "jonas"}),
                event("note", resource=("table", "postgres://db", "shop.public.orders_old")),
            ],
        )
        build(workspace)
    return {
        "orders": str(resource_id(workspace, *TABLE)),
        "old": str(resource_id(workspace, "table", "postgres://db", "shop.public.orders_old")),
    }


def test_a_page_says_where_the_files_of_a_table_are(web, workspace):
    called = {"namespace": "hive://meta", "name": "mart.daily", "type": "TABLE"}
    odd = {"namespace": "hive://meta", "name": "x" * 3_000, "type": "TABLE"}
    daily = {
        "namespace": "s3a://lake",
        "name": "/wh/daily/",
        "facets": {"symlinks": {"identifiers": [odd, called]}},
    }
    with workspace_scope(workspace.id):
        store(
            workspace,
            [
                event(
                    "openlineage.dataset",
                    resource=("table", daily["namespace"], daily["name"]),
                    payload={"dataset": daily},
                    source="openlineage",
                )
            ],
        )
        build(workspace)
    table = resource_id(workspace, "table", "hive://meta", "mart.daily")

    page = web.get(f"world/resources/{table}").json()

    assert page["location"] == "s3://lake/wh/daily"


def test_lists_page_and_filter(web, known):
    first = web.get("world/resources?kind=table&limit=1").json()
    second = web.get(f"world/resources?kind=table&limit=1&cursor={first['next_cursor']}").json()

    assert first["items"][0]["label"] < second["items"][0]["label"]
    assert first["kinds"]["user"] == 2
    found = web.get("world/resources?kind=table&kind=user&q=ORDERS_OLD").json()["items"]
    assert [each["id"] for each in found] == [known["old"]]
    assert web.get("world/resources?seen_since=2090-01-01T00:00:00Z").json()["items"] == []


def test_a_page_tells_what_is_known(web, known):
    page = web.get(f"world/resources/{known['orders']}").json()

    assert page["resource"]["name"] == "shop.public.orders"
    assert page["columns"] == [{"name": "id", "type": "int"}]
    assert page["location"] is None
    assert [each["resource"]["name"] for each in page["writers"]["items"]] == ["maria"]
    assert page["written_at"] is not None
    [readings] = page["readings"]
    assert (readings["measure"], [value for _, value in readings["points"]]) == ("rows", [3.0])


def test_graph_and_impact(web, known):
    graph = web.get(f"world/graph?focus={known['orders']}&depth=1").json()
    impact = web.get(f"world/resources/{known['orders']}/impact").json()

    assert {(node["label"], node["level"]) for node in graph["nodes"]} == {
        ("shop.public.orders", 0),
        ("maria", -1),
    }
    assert graph["truncated"] is False
    assert impact == {"affected": [], "counts": {}, "owners": [], "truncated": False}


def test_who_has_not_come_for_long_is_not_affected(web, workspace, known):
    with workspace_scope(workspace.id):
        store(
            workspace,
            [
                event(
                    "dashboard.viewed",
                    resource=("dashboard", "bi", name),
                    related=[party("reads", "table", TABLE[2], TABLE[1])],
                )
                for name in ("Sales", "Sales 2024")
            ],
        )
        build(workspace)
        old = Relation.objects.filter(
            from_id=resource_id(workspace, "dashboard", "bi", "Sales 2024")
        )
        old.update(last_seen=utc_now() - timedelta(days=200), first_seen=EARLIEST)

    def affected(query=""):
        found = web.get(f"world/resources/{known['orders']}/impact{query}").json()
        return {each["resource"]["label"] for each in found["affected"]}

    assert affected() == {"Sales"}
    assert affected("?since=2025-01-01T00:00:00Z") == {"Sales", "Sales 2024"}


def test_two_names_become_one_and_two_again(web, known):
    made = web.post("world/aliases", {"alias_id": known["old"], "target_id": known["orders"]})

    assert made.status_code == 201
    assert made.json()["alias"]["id"] == known["old"]
    assert made.json()["created_by"]["kind"] == "user"
    listed = web.get("world/resources?kind=table").json()["items"]
    assert {each["id"]: each["alias_of"] for each in listed}[known["old"]] == known["orders"]
    again = web.post("world/aliases", {"alias_id": known["old"], "target_id": known["orders"]})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "alias_refused")

    assert web.delete(f"world/aliases/{made.json()['id']}").status_code == 204
    assert web.get("world/aliases").json()["items"] == []


def test_viewers_look_and_do_not_join(web, api, bob, workspace, known):
    viewer = api(bob, workspace)

    assert viewer.get("world/resources").status_code == 200
    refused = viewer.post("world/aliases", {"alias_id": known["old"], "target_id": known["orders"]})
    assert refused.status_code == 403
    assert refused.json()["error"]["details"]["scope"] == "telemetry:manage"
    assert web.get("world/aliases").json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "graph",
        "graph?focus=x",
        "graph?focus=01900000-0000-7000-8000-000000000001&depth=99",
        "graph?focus=01900000-0000-7000-8000-000000000001&direction=sideways",
        "graph?focus=01900000-0000-7000-8000-000000000001"
        "&since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "resources?knd=table",
        "resources?limit=0",
        "resources?seen_since=0001-01-01T00:00:00Z",
    ],
)
def test_what_makes_no_sense_is_refused(web, query):
    answer = web.get(f"world/{query}")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"
