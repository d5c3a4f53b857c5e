"""Pools whose runs Headway executes itself: when there are any, and whom they refuse."""

import pytest

from apps.core.ids import uuid7
from apps.dispatch import services
from apps.dispatch.enums import PoolKind
from apps.dispatch.errors import PoolIsManaged, PoolNotFound
from tests.factories.dispatch import agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def compute(settings):
    settings.COMPUTE_BACKEND = "local"


def pools(client):
    return {pool["name"]: pool["kind"] for pool in client.get("pools").json()["items"]}


def code(answer):
    return answer.json()["error"]["code"]


def beat_body():
    info = agent()
    return {
        "agent": {
            "id": str(info.id),
            "name": info.name,
            "host": info.host,
            "pid": info.pid,
            "version": info.version,
            "capacity": info.capacity,
        },
        "leases": [],
    }


def test_without_compute_there_is_no_managed_pool(api, alice):
    client = api(alice)

    assert pools(client) == {"default": "PROCESS"}
    refused = client.post("pools", {"name": "big", "kind": "MANAGED"})

    assert (refused.status_code, code(refused)) == (409, "compute_is_off")
    assert pools(client) == {"default": "PROCESS"}


def test_with_compute_the_managed_pool_is_there_once(api, alice, bob, compute):
    assert pools(api(bob)) == {"default": "PROCESS", "managed": "MANAGED"}
    assert pools(api(alice)) == {"default": "PROCESS", "managed": "MANAGED"}


def test_further_managed_pools_can_be_made(api, alice, compute):
    client = api(alice)

    made = client.post("pools", {"name": "big", "kind": "MANAGED"})

    assert made.status_code == 201
    assert made.json()["kind"] == "MANAGED"
    taken = client.post("pools", {"name": "managed"})
    assert (taken.status_code, code(taken)) == (409, "pool_name_taken")


def test_a_pool_of_agents_called_managed_stays_theirs(api, alice, settings):
    client = api(alice)
    assert client.post("pools", {"name": "managed"}).status_code == 201

    settings.COMPUTE_BACKEND = "local"

    assert pools(client) == {"default": "PROCESS", "managed": "PROCESS"}


@pytest.mark.parametrize("by", ["name", "id"])
def test_agents_may_not_beat_for_a_managed_pool(api, alice, workspace, agent_key, compute, by):
    items = api(alice).get("pools").json()["items"]
    managed = next(pool for pool in items if pool["kind"] == "MANAGED")

    refused = api(agent_key, workspace).post(f"pools/{managed[by]}/heartbeats", beat_body())

    assert (refused.status_code, code(refused)) == (409, "pool_is_managed")
    assert api(alice).get(f"pools/{managed['id']}/agents").json()["items"] == []


def test_agents_may_not_lease_from_a_managed_pool(in_workspace):
    pool = services.ensure_managed_pool(workspace_id=in_workspace.id)

    assert pool.kind == PoolKind.MANAGED
    for named in (pool.name, str(pool.id)):
        with pytest.raises(PoolIsManaged):
            services.resolve_agents_pool(workspace_id=in_workspace.id, pool=named)


def test_to_agents_a_managed_pool_that_is_not_there_is_not_found(in_workspace):
    for named in ("managed", str(uuid7())):
        with pytest.raises(PoolNotFound):
            services.resolve_agents_pool(workspace_id=in_workspace.id, pool=named)


def test_deploying_to_managed_needs_compute(api, alice):
    client = api(alice)

    refused = client.put(
        "deployments",
        {
            "flow_name": "load",
            "name": "main",
            "entrypoint": "flow.py:main",
            "path": "/srv",
            "pool": "managed",
        },
    )

    assert (refused.status_code, code(refused)) == (409, "compute_is_off")
    assert client.get("deployments").json()["items"] == []
