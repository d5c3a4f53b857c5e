"""Kinds of pools as data, and what pools say of their runs' jobs."""

import pytest
from jsonschema import Draft202012Validator

from apps.dispatch.enums import PoolKind
from apps.dispatch.models import Pool
from apps.dispatch.pool_kinds import (
    KINDS,
    find_settings_faults,
    merge_settings,
)
from apps.flows.models import Deployment
from tests.factories.dispatch import lease, make_deployment, start

pytestmark = pytest.mark.django_db

SETTINGS = {"image": "acme/flows:1", "memory_mb": 512, "env": {"A": "1"}}


@pytest.mark.parametrize("kind", list(PoolKind))
def test_every_kind_has_a_schema_that_is_one(kind):
    Draft202012Validator.check_schema(KINDS[kind].schema)
    assert find_settings_faults(kind, {}, place="job_defaults") == {}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"memory_mb": "much"}, "job_defaults.memory_mb"),
        ({"cpus": 0}, "job_defaults.cpus"),
        ({"env": {"A": 1}}, "job_defaults.env.A"),
        ({"env": {"no name": "x"}}, "job_defaults.env"),
        ({"pull": "sometimes"}, "job_defaults.pull"),
        ({"privileged": True}, "job_defaults.privileged"),
    ],
)
def test_what_does_not_fit_the_kind_is_told_by_its_name(settings, field):
    assert list(find_settings_faults(PoolKind.DOCKER, settings, place="job_defaults")) == [field]


def test_settings_are_laid_over_defaults_name_by_name():
    merged = merge_settings(SETTINGS, {"memory_mb": 1024, "env": {"B": "2"}})

    assert merged == {"image": "acme/flows:1", "memory_mb": 1024, "env": {"A": "1", "B": "2"}}


def test_the_kinds_that_there_are_can_be_made(api, alice):
    client = api(alice)
    kinds = client.get("pool-kinds").json()["items"]

    assert [kind["kind"] for kind in kinds] == list(PoolKind)
    simulated = {kind["kind"] for kind in kinds if kind["simulated"]}
    assert simulated == {"DOCKER", "KUBERNETES", "ECS"}
    for kind in kinds:
        made = client.post("pools", {"name": kind["kind"].lower() + "-x", "kind": kind["kind"]})
        assert made.status_code == (201 if kind["available"] else 409)


def test_a_pools_defaults_are_set_changed_and_refused(api, alice):
    client = api(alice)
    made = client.post("pools", {"name": "boxes", "kind": "DOCKER", "job_defaults": SETTINGS})
    place = f"pools/{made.json()['id']}"

    assert made.json()["job_defaults"] == SETTINGS
    changed = client.patch(place, {"job_defaults": {"image": "acme/flows:2"}})
    assert changed.json()["job_defaults"] == {"image": "acme/flows:2"}
    refused = client.patch(place, {"job_defaults": {"image": 3}})
    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == ["job_defaults.image"]
    (shown,) = [each for each in client.get("pools").json()["items"] if each["name"] == "boxes"]
    assert shown["job_defaults"] == {"image": "acme/flows:2"}


def test_a_lease_brings_the_settings_of_its_job(in_workspace):
    deployment = make_deployment(in_workspace)
    Pool.objects.filter(id=deployment.pool_id).update(job_defaults={"env": {"A": "1", "B": "1"}})
    Deployment.objects.filter(id=deployment.id).update(job_settings={"env": {"B": "2"}})
    start(deployment)

    (granted,) = lease(deployment)

    assert granted.deployment.job_settings == {"env": {"A": "1", "B": "2"}}


AGENT = {
    "id": "01900000-0000-7000-8000-0000000000a1",
    "name": "a",
    "host": "h",
    "pid": 1,
    "version": "1",
    "capacity": 1,
}


@pytest.mark.parametrize(
    ("kind", "runner", "status"),
    [
        ("KUBERNETES", None, 409),
        ("KUBERNETES", "DOCKER", 409),
        ("KUBERNETES", "KUBERNETES", 200),
        ("PROCESS", "ECS", 409),
        ("PROCESS", None, 200),
    ],
)
def test_a_pool_is_served_by_agents_of_its_kind_only(api, alice, agent_key, kind, runner, status):
    pool = api(alice).post("pools", {"name": "fleet", "kind": kind}).json()
    agent = AGENT | ({"runner": runner} if runner else {})

    answer = api(agent_key, alice.workspace).post(
        "pools/fleet/heartbeats", {"agent": agent, "leases": []}
    )

    assert answer.status_code == status, answer.json()
    agents = api(alice).get(f"pools/{pool['id']}/agents").json()["items"]
    assert len(agents) == (status == 200)
    if status == 409:
        refusal = answer.json()["error"]
        assert refusal["code"] == "wrong_runner"
        assert f"--runner {kind.lower()}" in refusal["message"]
