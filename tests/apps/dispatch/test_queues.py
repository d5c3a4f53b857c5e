"""Lanes of a pool: which one a run goes to, and who may take one away."""

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.enums import PoolKind
from apps.dispatch.models import Agent, Queue
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import (
    agent,
    every,
    lease,
    make_deployment,
    report,
    running,
    start,
)

pytestmark = pytest.mark.django_db

DEPLOYMENT = {
    "flow_name": "load",
    "name": "main",
    "entrypoint": "flow.py:load",
    "path": "/srv/flows",
}


@pytest.fixture
def pool(api, alice):
    return api(alice).post("pools", {"name": "fleet"}).json()


@pytest.fixture
def queues(api, alice, pool):
    """Ask for the pool's queues, or change them."""
    client = api(alice)
    place = f"pools/{pool['id']}/queues"

    class Queues:
        def add(self, name, **given):
            return client.post(place, {"name": name} | given)

        def change(self, queue, **given):
            return client.patch(f"{place}/{queue['id']}", given)

        def delete(self, queue):
            return client.delete(f"{place}/{queue['id']}")

        def all(self):
            return client.get(place).json()["items"]

        def __getitem__(self, name):
            return next(queue for queue in self.all() if queue["name"] == name)

    return Queues()


def refusal(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_queue_says_all_of_itself(queues, pool, api, alice):
    made = queues.add("urgent", priority=0, concurrency_limit=3).json()

    assert made == {
        "id": made["id"],
        "name": "urgent",
        "priority": 0,
        "is_default": False,
        "paused": False,
        "concurrency_limit": 3,
        "queued": 0,
    }
    assert [queue["name"] for queue in queues.all()] == ["urgent", "default"]
    (shown,) = [
        each for each in api(alice).get("pools").json()["items"] if each["id"] == pool["id"]
    ]
    assert shown["queues"] == queues.all()


def test_a_more_urgent_newcomer_does_not_become_the_default(queues):
    queues.add("urgent", priority=0)

    assert queues["default"]["is_default"]
    assert not queues["urgent"]["is_default"]


def test_another_queue_is_made_the_default(queues):
    urgent = queues.add("urgent").json()

    changed = queues.change(urgent, is_default=True)

    assert changed.json()["is_default"]
    assert [queue["name"] for queue in queues.all() if queue["is_default"]] == ["urgent"]
    assert refusal(queues.change(urgent, is_default=False)) == (400, "invalid_request")


def test_a_change_of_urgency_does_not_move_the_default(queues):
    queues.change(queues["default"], priority=9)
    queues.add("second", priority=5)
    queues.change(queues["second"], priority=1)

    assert queues["default"]["is_default"]


def test_queues_are_renamed_paused_and_limited(queues):
    urgent = queues.add("urgent").json()

    changed = queues.change(urgent, name="nightly", paused=True, concurrency_limit=2).json()

    assert (changed["name"], changed["paused"], changed["concurrency_limit"]) == (
        "nightly",
        True,
        2,
    )
    assert queues.change(urgent, concurrency_limit=None).json()["concurrency_limit"] is None
    assert refusal(queues.change(urgent, name="default")) == (409, "queue_name_taken")
    assert refusal(queues.add("nightly")) == (409, "queue_name_taken")


def test_an_empty_queue_is_deleted_and_its_name_is_free(queues):
    urgent = queues.add("urgent", concurrency_limit=1).json()

    assert queues.delete(urgent).status_code == 204

    assert [queue["name"] for queue in queues.all()] == ["default"]
    assert refusal(queues.delete(urgent)) == (404, "not_found")
    assert queues.add("urgent").json()["concurrency_limit"] is None


def test_the_default_queue_stays(queues):
    queues.add("urgent")

    assert refusal(queues.delete(queues["default"])) == (409, "queue_is_default")


def test_a_queue_that_deployments_name_stays(queues, pool, api, alice):
    urgent = queues.add("urgent").json()
    client = api(alice)
    deployed = client.put("deployments", DEPLOYMENT | {"pool": "fleet", "queue": "urgent"})

    assert deployed.json()["queue"] == {"id": urgent["id"], "name": "urgent"}
    assert refusal(queues.delete(urgent)) == (409, "queue_in_use")

    again = client.put("deployments", DEPLOYMENT | {"pool": "fleet"})
    assert again.json()["queue"] is None
    assert queues.delete(urgent).status_code == 204


def test_a_queue_in_which_runs_wait_stays(queues, pool, api, alice):
    urgent = queues.add("urgent").json()
    client = api(alice)
    deployment = client.put("deployments", DEPLOYMENT | {"pool": "fleet"}).json()
    client.post(f"deployments/{deployment['id']}/runs", {"queue": "urgent"})

    assert refusal(queues.delete(urgent)) == (409, "queue_not_empty")


def test_a_name_that_no_queue_of_the_pool_has_is_refused(queues, pool, api, alice):
    queues.add("urgent")
    client = api(alice)
    deployment = client.put("deployments", DEPLOYMENT).json()

    by_run = client.post(f"deployments/{deployment['id']}/runs", {"queue": "urgent"})
    by_deploy = client.put("deployments", DEPLOYMENT | {"queue": "urgent"})

    for answer in (by_run, by_deploy):
        assert answer.json()["error"]["fields"] == {"queue": ["One of: default."]}


def make_queue(workspace, deployment, name, **given):
    return services.create_queue(
        workspace_id=workspace.id,
        pool_id=deployment.pool_id,
        name=name,
        changes=given,
        now=utc_now(),
    )


def test_runs_go_where_they_their_deployment_or_nobody_says(in_workspace):
    deployment = make_deployment(in_workspace)
    fast = make_queue(in_workspace, deployment, "fast")
    slow = make_queue(in_workspace, deployment, "slow", priority=5)
    by_nobody = start(deployment)
    deployment = make_deployment(in_workspace, queue_id=slow.id)

    assert start(deployment).queue_id == slow.id
    assert start(deployment, queue="fast").queue_id == fast.id
    assert by_nobody.queue.name == "default"


def test_due_times_go_to_the_deployments_queue(in_workspace, as_worker):
    deployment = make_deployment(in_workspace)
    slow = make_queue(in_workspace, deployment, "slow")
    now = utc_now()
    make_deployment(in_workspace, queue_id=slow.id, schedules=[every(60)], now=now)

    with as_worker():
        services.create_due_runs(now=now + timedelta(minutes=2))

    assert {run.queue_id for run in Run.objects.all()} == {slow.id}


def test_a_deployment_moved_to_another_pool_leaves_its_queue(in_workspace):
    deployment = make_deployment(in_workspace)
    slow = make_queue(in_workspace, deployment, "slow")
    make_deployment(in_workspace, queue_id=slow.id)
    other = services.create_pool(
        workspace_id=in_workspace.id, name="other", kind=PoolKind.PROCESS, now=utc_now()
    )
    moved = make_deployment(in_workspace, pool="other", queue_id=slow.id)

    assert start(moved).queue.pool_id == other.id


def copied(workspace, run):
    return services.copy_run(
        workspace_id=workspace.id,
        run_id=run.id,
        wishes=services.Wishes(),
        created_by={"kind": "user", "id": str(run.id), "name": "Alice"},
        now=utc_now(),
    )


def test_a_copy_goes_to_the_queue_of_its_run(in_workspace):
    deployment = make_deployment(in_workspace)
    fast = make_queue(in_workspace, deployment, "fast")
    slow = make_queue(in_workspace, deployment, "slow")
    make_deployment(in_workspace, queue_id=slow.id)

    assert copied(in_workspace, start(deployment, queue="fast")).queue_id == fast.id


def test_a_copy_goes_to_its_deployments_queue_once_that_of_its_run_is_gone(in_workspace):
    deployment = make_deployment(in_workspace)
    fast = make_queue(in_workspace, deployment, "fast")
    run = running(deployment, in_workspace, queue="fast")
    report(run, RunState.COMPLETED, in_workspace)
    slow = make_queue(in_workspace, deployment, "slow")
    make_deployment(in_workspace, queue_id=slow.id)
    services.delete_queue(
        workspace_id=in_workspace.id, pool_id=fast.pool_id, queue_id=fast.id, now=utc_now()
    )

    assert copied(in_workspace, run).queue_id == slow.id


def test_a_copy_goes_where_its_deployment_went_meanwhile(in_workspace):
    run = start(make_deployment(in_workspace))
    other = services.create_pool(
        workspace_id=in_workspace.id, name="other", kind=PoolKind.PROCESS, now=utc_now()
    )
    make_deployment(in_workspace, pool="other")

    copy = copied(in_workspace, run)

    assert (copy.pool_id, copy.queue.pool_id) == (other.id, other.id)


def test_what_is_tried_again_is_served_although_its_queue_is_gone(in_workspace):
    deployment = make_deployment(in_workspace, retries=1)
    make_queue(in_workspace, deployment, "slow")
    run = running(deployment, in_workspace, queue="slow")
    services.delete_queue(
        workspace_id=in_workspace.id,
        pool_id=deployment.pool_id,
        queue_id=run.queue_id,
        now=utc_now(),
    )

    report(run, RunState.CRASHED, in_workspace)

    assert Queue.objects.get(id=run.queue_id).deleted_at is not None
    assert [one.run_id for one in lease(deployment)] == [run.id]


def test_a_pools_limit_is_set_changed_and_taken_away(api, alice):
    client = api(alice)
    pool = client.post("pools", {"name": "fleet", "concurrency_limit": 4}).json()
    place = f"pools/{pool['id']}"

    assert pool["concurrency_limit"] == 4
    assert client.patch(place, {"concurrency_limit": 0}).json()["concurrency_limit"] == 0
    assert client.patch(place, {"paused": True}).json()["concurrency_limit"] == 0
    assert client.patch(place, {"concurrency_limit": None}).json()["concurrency_limit"] is None
    assert client.get("limits").json()["items"] == []


@pytest.fixture
def worker(api, alice):
    """An agent of the pool `default` that was heard of, and how it looks to people."""
    client = api(alice)
    info = agent(labels={"zone": "a"})
    body = {
        "agent": {
            "id": str(info.id),
            "name": info.name,
            "host": info.host,
            "pid": info.pid,
            "version": info.version,
            "labels": info.labels,
            "capacity": info.capacity,
        },
        "leases": [],
    }
    client.post("pools/default/heartbeats", body)
    (pool,) = client.get("pools").json()["items"]

    class Worker:
        place = f"pools/{pool['id']}/agents/{info.id}/drain"

        def drain(self):
            return client.post(self.place).json()

        def go_on(self):
            return client.delete(self.place).json()

        def beat(self):
            return client.post("pools/default/heartbeats", body).json()

        def shown(self):
            (only,) = client.get(f"pools/{pool['id']}/agents").json()["items"]
            return only

    Worker.info = info
    return Worker()


def test_an_agent_shows_what_it_says_of_itself(worker):
    shown = worker.shown()

    assert (shown["labels"], shown["capacity"]) == ({"zone": "a"}, 10)
    assert (shown["running"], shown["draining"]) == (0, False)


def test_a_draining_agent_gets_no_leases_and_is_told(worker, workspace):
    assert worker.beat()["draining"] is False
    assert worker.drain()["draining"] is True
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = start(deployment)

        assert lease(deployment, by=worker.info) == []
    assert worker.beat()["draining"] is True
    assert worker.go_on()["draining"] is False
    with workspace_scope(workspace.id):
        assert [one.run_id for one in lease(deployment, by=worker.info)] == [run.id]


def test_a_draining_agent_keeps_what_it_has_and_others_go_on(worker, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        start(deployment)
        lease(deployment, by=worker.info)
    worker.drain()

    assert worker.shown()["running"] == 1
    with workspace_scope(workspace.id):
        start(deployment)
        assert len(lease(deployment)) == 1


def test_draining_twice_is_draining_once(worker, workspace):
    worker.drain()
    with workspace_scope(workspace.id):
        first = Agent.objects.get().draining_at
    worker.drain()

    with workspace_scope(workspace.id):
        assert Agent.objects.get().draining_at == first


def test_an_agent_of_another_pool_is_not_found(worker, api, alice):
    client = api(alice)
    other = client.post("pools", {"name": "other"}).json()

    answer = client.post(f"pools/{other['id']}/agents/{worker.info.id}/drain")

    assert refusal(answer) == (404, "not_found")
