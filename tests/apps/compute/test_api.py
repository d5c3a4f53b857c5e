"""What the UI reads of managed compute."""

from datetime import timedelta

import pytest

from apps.runs.enums import RunState
from apps.tenancy.isolation import workspace_scope
from tests.apps.compute.test_launch import started
from tests.apps.compute.test_reconcile import said
from tests.factories.dispatch import make_deployment, start

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def compute_on(settings):
    settings.COMPUTE_BACKEND = "fargate"


def test_a_run_shows_its_tasks_newest_first(workspace, managed, alice, api):
    run = started(workspace, retries=1)
    first = managed.begin(run)
    managed.ecs.end(first.external_id, 3)
    ended = managed.ecs.tasks[first.external_id]
    ended["stoppedAt"] = ended["startedAt"] + timedelta(seconds=8)
    managed.reconcile()
    managed.launch()

    found = api(alice).get(f"runs/{run.id}/compute").json()["items"]

    second, first = found
    assert [each["phase"] for each in second["phases"]] == ["REQUESTED", "LAUNCHED"]
    assert (second["state"], second["managed_seconds"]) == ("STARTING", None)
    assert {each["phase"] for each in first["phases"]} == {
        "REQUESTED",
        "LAUNCHED",
        "STARTED",
        "FETCHED",
        "STOPPED",
    }
    assert first["size"] == {"cpu": 0.25, "memory_mb": 512}
    assert (first["state"], first["exit_code"], first["backend"]) == ("STOPPED", 3, "FARGATE")
    assert first["cause"]["kind"] == "exit_code"
    assert (first["managed_seconds"], first["vcpu_seconds"], first["gb_seconds"]) == (8, 2, 4)


def test_a_managed_run_that_waits_has_none_yet(workspace, alice, api):
    run = started(workspace)

    assert api(alice).get(f"runs/{run.id}/compute").json() == {"items": []}


def test_a_run_of_agents_has_no_compute(workspace, alice, api):
    with workspace_scope(workspace.id):
        run = start(make_deployment(workspace))

    answer = api(alice).get(f"runs/{run.id}/compute")

    assert answer.status_code == 404


def test_strangers_see_no_tasks(workspace, managed, mallory, api):
    run = started(workspace)
    managed.launch()

    assert api(mallory).get(f"runs/{run.id}/compute").status_code == 404
    assert api(mallory).get("compute/tasks").json()["items"] == []


def test_tasks_over_all_runs_are_listed_and_narrowed_by_state(workspace, managed, bob, api):
    one, other = started(workspace, name="one"), started(workspace, name="two")
    managed.launch()
    managed.end(one, 1)

    page = api(bob).get("compute/tasks").json()
    stopped = api(bob).get("compute/tasks?state=STOPPED").json()["items"]

    assert {each["run"]["id"] for each in page["items"]} == {str(one.id), str(other.id)}
    (row,) = stopped
    assert row["run"]["id"] == str(one.id)
    assert row["deployment"]["name"] == "one"
    assert row["cause"]["kind"] == "start_failed"
    assert row["run_state"] == RunState.CRASHED
    assert api(bob).get("compute/tasks?state=GONE").status_code == 400


def test_pages_of_tasks_follow_one_another(workspace, managed, alice, api):
    for number in range(3):
        started(workspace, name=f"d{number}")
    managed.launch()

    first = api(alice).get("compute/tasks?limit=2").json()
    rest = api(alice).get(f"compute/tasks?limit=2&cursor={first['next_cursor']}").json()

    ids = [each["run"]["id"] for each in first["items"] + rest["items"]]
    assert len(set(ids)) == 3
    assert rest["next_cursor"] is None


def test_the_list_of_tasks_costs_no_query_a_row(
    workspace, managed, alice, api, django_assert_max_num_queries
):
    for number in range(4):
        started(workspace, name=f"d{number}")
    managed.launch()
    client = api(alice)

    with django_assert_max_num_queries(12):
        client.get("compute/tasks")


def test_a_managed_pool_shows_what_executes_it(workspace, managed, alice, api, settings):
    settings.COMPUTE_FARGATE_MAX_TASKS = 7
    run = started(workspace, name="one")
    started(workspace, name="two")
    managed.begin(run)
    said(run, RunState.RUNNING, workspace, managed)

    pools = {pool["name"]: pool for pool in api(alice).get("pools").json()["items"]}

    assert pools["default"]["managed"] is None
    shown = pools["managed"]
    assert shown["running"] == 2  # leases
    assert shown["managed"] == {
        "backend": "FARGATE",
        "slots": 7,
        "tasks": {"requested": 0, "starting": 1, "running": 1, "stopping": 0},
        "month": {"managed_seconds": 0, "limit": None},
    }


def test_a_managed_pool_shows_the_months_seconds(workspace, managed, alice, api):
    run = started(workspace)
    task = managed.begin(run)
    managed.ecs.end(task.external_id, 3)
    ended = managed.ecs.tasks[task.external_id]
    ended["startedAt"] = ended["stoppedAt"] - timedelta(seconds=12)
    managed.reconcile()

    pools = {pool["name"]: pool for pool in api(alice).get("pools").json()["items"]}

    assert pools["managed"]["managed"]["month"]["managed_seconds"] == 12
