"""Which runs touched a table: as the route tells it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from apps.lineage import services as lineage
from apps.runs.models import Run
from apps.tenancy import key_cache
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import RoleAssignment
from apps.tenancy.scopes import Scope
from tests.factories.dispatch import make_deployment, running
from tests.factories.lineage import START, build, event, party, resource_id, store
from tests.factories.tenancy import join, make_custom_role

NS = "bigquery"
ORDERS = ("table", NS, "p.d.orders")
OLD = ("table", NS, "p.d.orders_old")


def loads(run_id, minute, table=ORDERS):
    return event("table.loaded", minute=minute, resource=table, run_id=run_id)


def reads(run_id, minute, table=ORDERS):
    return event(
        "query.executed",
        minute=minute,
        run_id=run_id,
        related=[party("reads", table[0], table[2], table[1])],
        payload={"text": "SELECT 1"},
    )


@pytest.fixture
def deployment(in_workspace):
    return make_deployment(in_workspace, name="load")


@pytest.fixture
def runs(in_workspace, deployment):
    """Four runs, in the order in which they were made."""
    return [running(deployment, in_workspace) for _ in range(4)]


@pytest.fixture
def web(api, alice):
    return api(alice)


def tell(workspace, *events):
    store(workspace, events)
    build(workspace)


def path_of(workspace, table=ORDERS):
    return f"world/resources/{resource_id(workspace, *table)}/runs"


def ids_of(answer):
    assert answer.status_code == 200, answer.content
    return [item["run_id"] for item in answer.json()["items"]]


def test_the_newest_touch_comes_first_not_the_newest_run(web, in_workspace, runs):
    first, second, third, _ = runs
    tell(
        in_workspace,
        loads(first.id, 1),
        loads(second.id, 2),
        reads(third.id, 3),
        loads(first.id, 9),  # it was tried again
    )

    answer = web.get(path_of(in_workspace))

    assert ids_of(answer) == [str(first.id), str(third.id), str(second.id)]
    assert answer.json()["next_cursor"] is None


def test_a_row_says_which_run_it_was_and_how_it_touched(web, in_workspace, runs, deployment):
    run = runs[0]
    Run.objects.filter(id=run.id).update(state="FAILED", ended_at=F("started_at"))
    tell(in_workspace, loads(run.id, 1), reads(run.id, 3), reads(run.id, 7))

    [item] = web.get(path_of(in_workspace)).json()["items"]

    assert item["roles"] == ["reads", "writes"]
    assert item["count"] == 3
    assert item["first_seen"].startswith((START + timedelta(minutes=1)).isoformat()[:19])
    assert item["last_seen"].startswith((START + timedelta(minutes=7)).isoformat()[:19])
    assert item["run"] == next(
        row for row in web.get("runs").json()["items"] if row["id"] == str(run.id)
    )
    assert item["run"]["state"] == "FAILED"
    assert item["run"]["deployment"]["id"] == str(deployment.id)


def test_of_one_role_only_its_touches_are_told(web, in_workspace, runs):
    first, second, third, _ = runs
    tell(
        in_workspace,
        loads(first.id, 1),
        reads(first.id, 9),
        loads(second.id, 5),
        reads(third.id, 6),
    )

    answer = web.get(f"{path_of(in_workspace)}?role=writes")

    assert ids_of(answer) == [str(second.id), str(first.id)]
    written = answer.json()["items"][1]
    assert (written["roles"], written["count"]) == (["writes"], 1)
    assert web.get(f"{path_of(in_workspace)}?role=owned_by").json()["items"] == []


def test_pages_hold_each_run_once_also_at_equal_times(web, in_workspace, runs):
    tell(
        in_workspace,
        *(each for run in runs for each in (loads(run.id, 5), reads(run.id, 5))),
        reads(runs[1].id, 2),
    )
    path = path_of(in_workspace)

    seen, cursor = [], ""
    while cursor is not None:
        page = web.get(f"{path}?limit=1{cursor and f'&cursor={cursor}'}").json()
        seen += [item["run_id"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert seen == sorted((str(run.id) for run in runs), reverse=True)


def test_what_touched_an_alias_touched_it(web, in_workspace, runs):
    first, second, third, _ = runs
    tell(
        in_workspace,
        loads(first.id, 1, OLD),
        loads(first.id, 4),
        loads(second.id, 3, OLD),
        loads(third.id, 2),
    )
    orders, old = (resource_id(in_workspace, *table) for table in (ORDERS, OLD))
    lineage.make_alias(
        workspace_id=in_workspace.id,
        alias_id=old,
        target_id=orders,
        created_by={"kind": "user", "id": str(uuid.uuid4()), "name": "alice"},
        now=START,
    )

    whole = web.get(path_of(in_workspace))

    assert ids_of(whole) == [str(first.id), str(second.id), str(third.id)]
    assert whole.json()["items"][0]["count"] == 2
    assert ids_of(web.get(path_of(in_workspace, OLD))) == [str(second.id), str(first.id)]


def test_a_run_that_is_gone_is_told_as_gone(web, in_workspace, runs):
    tell(in_workspace, loads(runs[0].id, 1), loads(runs[1].id, 2))
    Run.objects.filter(id=runs[1].id).delete()

    items = web.get(path_of(in_workspace)).json()["items"]

    assert [(item["run_id"], item["run"] is None) for item in items] == [
        (str(runs[1].id), True),
        (str(runs[0].id), False),
    ]


def test_another_workspaces_touches_are_not_told(
    web, api, mallory, in_workspace, rival_workspace, runs
):
    tell(in_workspace, loads(runs[0].id, 1))
    with workspace_scope(rival_workspace.id):
        tell(rival_workspace, loads(runs[0].id, 2))

    theirs = api(mallory, rival_workspace).get(path_of(rival_workspace)).json()["items"]

    assert [(item["run_id"], item["run"]) for item in theirs] == [(str(runs[0].id), None)]
    assert web.get(path_of(rival_workspace)).status_code == 404
    assert web.get(path_of(in_workspace)).json()["items"][0]["count"] == 1


def test_a_page_takes_as_many_statements_for_many_runs_as_for_one(
    web, in_workspace, runs, deployment
):
    path = path_of(in_workspace)

    def asked():
        key_cache.forget_all()  # each time as somebody new to the process
        with CaptureQueriesContext(connection) as statements:
            items = web.get(path).json()["items"]
        return len(items), len(statements)

    tell(in_workspace, loads(runs[0].id, 1))
    asked()  # the first one also looks up what the process then knows
    one, few = asked()
    more = [running(deployment, in_workspace) for _ in range(10)]
    tell(in_workspace, *(loads(run.id, 2 + n) for n, run in enumerate(more)))
    eleven, many = asked()

    assert (one, eleven) == (1, 11)
    assert many == few


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("role=", id="no role"),
        pytest.param("role=a%00b", id="a role with NUL"),
        pytest.param(f"role={'x' * 201}", id="a role longer than any"),
        pytest.param("rol=reads", id="a misspelt filter"),
        pytest.param("limit=0", id="a page of nothing"),
        pytest.param("limit=501", id="a page of too much"),
        pytest.param("cursor=%00", id="a cursor with NUL"),
        pytest.param("cursor=WzEsMl0", id="a cursor of numbers"),
        pytest.param(
            "cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwWiIsIngiXQ", id="a cursor before all time"
        ),
    ],
)
def test_what_makes_no_sense_is_refused(web, in_workspace, runs, query):
    tell(in_workspace, loads(runs[0].id, 1))

    answer = web.get(f"{path_of(in_workspace)}?{query}")

    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["code"] == "invalid_request"


def test_a_role_of_odd_letters_finds_nothing(web, in_workspace, runs):
    tell(in_workspace, loads(runs[0].id, 1))

    assert ids_of(web.get(f"{path_of(in_workspace)}?role=%ED%A0%80'%25s%22")) == []


@pytest.mark.parametrize(
    ("scope", "missing"),
    [
        pytest.param(Scope.RUNS_READ, "telemetry:read", id="runs only"),
        pytest.param(Scope.TELEMETRY_READ, "runs:read", id="the world only"),
    ],
)
def test_it_takes_to_see_both_runs_and_the_world(workspace, api, scope, missing):
    role = make_custom_role(workspace, "Half", frozenset({scope}))
    with workspace_scope(workspace.id):
        somebody = join("half@acme.example", workspace, "VIEWER")
        RoleAssignment.objects.filter(user=somebody.user).update(role=None, custom_role=role)

    answer = api(somebody, workspace).get(f"world/resources/{uuid.uuid4()}/runs")

    assert answer.status_code == 403
    assert answer.json()["error"]["details"]["scope"] == missing


def test_of_what_does_not_exist_nothing_is_told(web, in_workspace):
    assert web.get(f"world/resources/{uuid.uuid4()}/runs").status_code == 404
