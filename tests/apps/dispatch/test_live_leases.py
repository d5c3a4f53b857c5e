"""The lease long poll over its own view: real waiting, real NOTIFY, real transactions."""

from __future__ import annotations

import asyncio
import threading
import uuid
from datetime import timedelta
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient

from apps.core import wakeups
from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services, waiting
from apps.dispatch.models import Agent, Lease
from apps.runs import services as runs
from apps.tenancy import selectors as tenancy_selectors
from apps.tenancy import services as tenancy
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import ASKED_EVERY_SECONDS
from tests.factories.dispatch import make_deployment, start
from tests.factories.tenancy import make_key
from tests.isolation import as_worker
from workers.scheduler import Scheduler

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("apps.dispatch.api.live_urls"),
    pytest.mark.usefixtures("live_process"),
]


@pytest.fixture
def deployment(workspace):
    with workspace_scope(workspace.id):
        made = make_deployment(workspace)
    connection.close()
    return made


@pytest.fixture
def poll(alice, workspace):
    """Poll as an agent; returns the answer's body, or its status when that is not 200."""
    key = make_key(alice, role="AGENT")
    connection.close()

    async def send(*, pool="default", secret=key, **changes):
        agent = {
            "id": str(uuid7()),
            "name": "worker",
            "host": "host",
            "pid": 1,
            "version": "0",
            "capacity": 4,
        } | changes.pop("agent", {})
        response = await AsyncClient().post(
            f"/workspaces/{workspace.slug}/pools/{pool}/leases",
            {"agent": agent, "limit": 1, "wait_seconds": 30} | changes,
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        return response.json() if response.status_code == 200 else response.status_code

    return send


@pytest.fixture
def listening(monkeypatch):
    """Wait until the connection listens to pools and agents: no wake is a late one from then on."""
    heard: set[str] = set()
    wake_all = wakeups.Listener._wake_all

    def noted(listener):
        wake_all(listener)
        heard.update(listener._channels)

    monkeypatch.setattr(wakeups.Listener, "_wake_all", noted)

    async def wait():
        while not {"headway_pool", "headway_agent"} <= heard:
            await asyncio.sleep(0.01)

    return wait


def in_time(coroutine):
    async def limited():
        return await asyncio.wait_for(coroutine, 90)

    return asyncio.run(limited())


def closing(call):
    """The call, giving its thread's connection back."""

    def run():
        try:
            return call()
        finally:
            connection.close()

    return run


def inside(workspace, call):
    """Run a service in a thread, in its own committed transaction."""

    def run():
        try:
            with workspace_scope(workspace.id):
                return call()
        finally:
            connection.close()

    return sync_to_async(run, thread_sensitive=False)()


async def waiters(count):
    """Until so many agents stand at the door."""
    while sum(len(door._waiters) for door in waiting._doors.values()) < count:
        await asyncio.sleep(0.01)


def test_a_run_that_waits_is_leased_at_once(workspace, deployment, poll):
    async def scene():
        run = await inside(workspace, lambda: start(deployment, parameters={"n": 1}))
        return run, await poll()

    run, answer = in_time(scene())

    (lease,) = answer["leases"]
    assert lease["run_id"] == str(run.id)
    assert (lease["parameters"], lease["epoch"], lease["lease_seconds"]) == ({"n": 1}, 1, 30)
    assert lease["deployment"]["entrypoint"] == "flow.py:load"
    assert answer["commands"] == []


def test_a_waiting_agent_is_woken_by_a_new_run(workspace, deployment, poll, monkeypatch, listening):
    monkeypatch.setattr(waiting, "LOOK_EVERY_SECONDS", 60)

    async def scene():
        waits = asyncio.ensure_future(poll(wait_seconds=30))
        await waiters(1)
        await listening()
        run = await inside(workspace, lambda: start(deployment))
        return run, await waits

    run, answer = in_time(scene())

    assert [lease["run_id"] for lease in answer["leases"]] == [str(run.id)]


def test_a_missed_wake_costs_a_second(workspace, deployment, poll):
    async def scene():
        waits = asyncio.ensure_future(poll(wait_seconds=30))
        await waiters(1)
        now = utc_now()
        # Due soon, with no scheduler that would tell anybody when it comes due.
        run = await inside(
            workspace, lambda: start(deployment, scheduled_for=now + timedelta(seconds=0.5))
        )
        return run, await waits

    run, answer = in_time(scene())

    assert [lease["run_id"] for lease in answer["leases"]] == [str(run.id)]


def test_one_run_goes_to_one_of_many_waiting_agents(workspace, deployment, poll):
    async def scene():
        polls = [asyncio.ensure_future(poll(wait_seconds=30)) for _ in range(5)]
        await waiters(5)
        for _ in range(3):
            await inside(workspace, lambda: start(deployment))
        while sum(each.done() for each in polls) < 3:
            await asyncio.sleep(0.01)
        served = sum(each.done() for each in polls)
        for _ in range(2):  # so that nobody waits any longer
            await inside(workspace, lambda: start(deployment))
        answers = await asyncio.gather(*polls)
        while waiting._doors:  # a door where nobody stands is taken away
            await asyncio.sleep(0.01)
        return served, answers

    served, answers = in_time(scene())

    assert served == 3
    assert [len(answer["leases"]) for answer in answers] == [1] * 5
    with workspace_scope(workspace.id):
        assert Lease.objects.filter(ended_at=None).count() == 5


def test_an_empty_wait_ends_with_empty_lists(deployment, poll):
    assert in_time(poll(wait_seconds=0.2)) == {"leases": [], "commands": [], "draining": None}


@pytest.mark.parametrize("limit", [1, 0])  # an agent that is full waits for commands only
def test_a_cancellation_reaches_a_waiting_agent_at_once(
    workspace, deployment, poll, monkeypatch, listening, limit
):
    monkeypatch.setattr(waiting, "LOOK_EVERY_SECONDS", 60)
    agent = {"id": str(uuid7())}

    async def scene():
        await inside(workspace, lambda: start(deployment))
        (lease,) = (await poll(agent=agent))["leases"]
        waits = asyncio.ensure_future(poll(agent=agent, limit=limit, wait_seconds=30))
        other = asyncio.ensure_future(poll(wait_seconds=30))
        await waiters(2)
        await listening()
        await inside(
            workspace,
            lambda: runs.cancel_run(
                workspace_id=workspace.id, run_id=UUID(lease["run_id"]), now=utc_now()
            ),
        )
        answer = await waits
        assert not other.done()
        await inside(workspace, lambda: start(deployment))  # what it waits for
        return lease, answer, await other

    lease, answer, of_another = in_time(scene())

    assert answer["commands"] == [
        {"run_id": lease["run_id"], "epoch": lease["epoch"], "command": "cancel"}
    ]
    assert of_another["commands"] == []


def test_a_due_schedule_reaches_a_waiting_agent(workspace, deployment, poll):
    from apps.flows import services as flows
    from tests.factories.dispatch import every

    async def scene():
        waits = asyncio.ensure_future(poll(wait_seconds=30))
        await waiters(1)
        now = utc_now()
        await inside(
            workspace,
            lambda: flows.add_schedule(
                workspace_id=workspace.id,
                deployment_id=deployment.id,
                spec=every(60, anchor_at=now - timedelta(seconds=59.8)),
                now=now,
            ),
        )

        done = threading.Event()

        def schedule():
            scheduler = Scheduler()
            with as_worker():
                while not done.wait(scheduler.step()):
                    pass

        scheduling = asyncio.ensure_future(
            sync_to_async(closing(schedule), thread_sensitive=False)()
        )
        try:
            return await waits
        finally:
            done.set()
            await scheduling

    answer = in_time(scene())

    assert len(answer["leases"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"limit": 101},
        {"limit": -1},
        {"wait_seconds": 31},
        {"wait_seconds": "long"},
        {"agent": {"capacity": 0}},
        {"agent": {"name": "a\x00b"}},
        {"surplus": 1},
    ],
)
def test_a_bad_poll_is_refused(workspace, deployment, poll, change):
    assert in_time(poll(**change)) == 400
    with workspace_scope(workspace.id):
        assert not Agent.objects.exists()


def test_polls_are_for_keys_with_the_scope(alice, mallory, deployment, poll):
    viewer, theirs = make_key(alice, role="VIEWER"), make_key(mallory, role="OWNER")
    connection.close()

    async def scene():
        return [
            await poll(secret="hw_wrong"),
            await poll(secret=viewer),
            await poll(secret=theirs),
            await poll(pool="no-such-pool"),
            await poll(pool=str(uuid7())),
        ]

    assert in_time(scene()) == [401, 403, 404, 404, 404]


def test_no_agent_polls_a_managed_pool(workspace, deployment, poll):
    with workspace_scope(workspace.id):
        pool = services.ensure_managed_pool(workspace_id=workspace.id)
    connection.close()

    async def scene():
        return [await poll(pool="managed"), await poll(pool=str(pool.id))]

    assert in_time(scene()) == [409, 409]
    with workspace_scope(workspace.id):
        assert not Agent.objects.exists()


def test_a_key_revoked_while_its_agent_waits_gets_no_run(alice, workspace, deployment, poll):
    secret = make_key(alice, role="AGENT")
    connection.close()

    def revoke():
        for key in tenancy_selectors.list_api_keys(workspace_id=workspace.id):
            if secret.startswith(key.prefix):
                tenancy.revoke_api_key(key=key, now=utc_now())

    async def scene():
        waiting_one = asyncio.ensure_future(poll(secret=secret))
        await waiters(1)
        await inside(workspace, revoke)
        await asyncio.sleep(ASKED_EVERY_SECONDS + 0.1)
        run = await inside(workspace, lambda: start(deployment))
        refused = await waiting_one
        return run, refused, await poll()

    run, refused, answer = in_time(scene())

    assert refused == 401
    assert [lease["run_id"] for lease in answer["leases"]] == [str(run.id)]


def test_an_agent_with_anothers_id_sends_nobody_else_away(
    workspace, deployment, poll, alice, mallory
):
    stolen = str(uuid7())
    connection.close()

    async def scene():
        honest = asyncio.ensure_future(poll())
        await waiters(1)
        await inside(mallory.workspace, lambda: _take_id(mallory.workspace, stolen))
        thief = await poll(agent={"id": stolen})
        await inside(workspace, lambda: start(deployment))
        return thief, await honest

    thief, honest = in_time(scene())

    assert thief == 400
    assert len(honest["leases"]) == 1


def _take_id(workspace, agent_id):
    pool = services.ensure_default_pool(workspace_id=workspace.id)
    services.greet_agent(
        workspace_id=workspace.id,
        pool_id=pool.id,
        agent=services.AgentInfo(
            id=uuid.UUID(agent_id), name="a", host="h", pid=1, version="0", labels={}, capacity=1
        ),
        now=utc_now(),
    )
