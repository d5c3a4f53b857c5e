"""Wherever somebody names a deployment, a pool or a run of one, the rules of both are asked."""

from __future__ import annotations

import pytest

from apps.core.clock import utc_now
from apps.runs.models import Run
from apps.tenancy import access, key_cache
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import ObjectRule
from apps.tenancy.scopes import Scope
from tests.factories.tenancy import actor_of, join, make_key, make_service_key

pytestmark = pytest.mark.django_db

CODE = {"entrypoint": "flow.py:main", "path": "/srv", "parameters": {}, "parameter_schema": {}}
EVERY_MINUTE = {"kind": "INTERVAL", "interval_seconds": 60, "timezone": "UTC"}
AGENT = {
    "id": "01900000-0000-7000-8000-000000000001",
    "name": "a",
    "host": "h",
    "pid": 1,
    "version": "0",
    "labels": {},
    "capacity": 1,
}


@pytest.fixture
def dora(workspace):
    """A developer, whom the rules of these tests do not name."""
    return join("dora@acme.example", workspace, "DEVELOPER")


@pytest.fixture
def erin(workspace):
    """Another developer, whom they name."""
    return join("erin@acme.example", workspace, "DEVELOPER")


@pytest.fixture
def pool(api, alice):
    return api(alice).post("pools", {"name": "gpu"}).json()


@pytest.fixture
def deployment(api, alice, pool):
    answer = api(alice).put(
        "deployments",
        CODE | {"flow_name": "f", "name": "d", "pool": "gpu", "schedules": [EVERY_MINUTE]},
    )
    return answer.json()


@pytest.fixture
def shut(workspace, erin, pool, deployment):
    """`shut("POOL", scope)` leaves the pool, or the deployment, to Erin for that scope."""

    def narrow(kind, scope, **named):
        with workspace_scope(workspace.id):
            ObjectRule.objects.create(
                workspace_id=workspace.id,
                object_kind=kind,
                object_id=pool["id"] if kind == "POOL" else deployment["id"],
                scope=scope.value,
                **(named or {"member_id": actor_of(erin).member_id}),
            )
        key_cache.forget_changed()

    return narrow


def outcome(answer):
    if answer.status_code < 400:
        return "done"
    return answer.json()["error"]["code"]


KINDS = pytest.mark.parametrize("kind", ["POOL", "DEPLOYMENT"])


@KINDS
def test_runs_are_started_and_retried_by_whom_the_rules_name(
    api, alice, dora, erin, workspace, deployment, shut, kind
):
    path = f"deployments/{deployment['id']}/runs"
    run = api(alice).post(path, {}).json()["id"]
    shut(kind, Scope.RUNS_WRITE)

    asked = {person: outcome(api(person).post(path, {})) for person in (dora, erin, alice)}
    with workspace_scope(workspace.id):
        Run.objects.filter(pk=run).update(state="FAILED", ended_at=utc_now())
    again = [outcome(api(person).post(f"runs/{run}/retries")) for person in (dora, erin)]

    assert list(asked.values()) == ["object_restricted", "done", "done"]
    assert again == ["object_restricted", "done"]
    with workspace_scope(workspace.id):
        assert Run.objects.count() == 3


@KINDS
def test_runs_are_cancelled_by_whom_the_rules_name(api, alice, dora, erin, deployment, shut, kind):
    run = api(alice).post(f"deployments/{deployment['id']}/runs", {}).json()["id"]
    shut(kind, Scope.RUNS_CANCEL)

    assert api(dora).get(f"runs/{run}").json()["may"]["cancel"] is False
    assert outcome(api(dora).post(f"runs/{run}/cancellation")) == "object_restricted"
    assert api(erin).get(f"runs/{run}").json()["may"]["cancel"] is True
    assert outcome(api(erin).post(f"runs/{run}/cancellation")) == "done"


@KINDS
def test_deployments_and_their_schedules_are_changed_by_whom_the_rules_name(
    api, dora, erin, deployment, shut, kind
):
    shut(kind, Scope.DEPLOYMENTS_WRITE)
    own, schedule = f"deployments/{deployment['id']}", deployment["schedules"][0]["id"]

    def everything(person):
        client = api(person)
        return [
            outcome(client.patch(own, {"paused": True})),
            outcome(client.post(f"{own}/schedules", EVERY_MINUTE | {"interval_seconds": 90})),
            outcome(client.patch(f"schedules/{schedule}", {"paused": True})),
            outcome(client.delete(f"schedules/{schedule}")),
            outcome(
                client.put("deployments", CODE | {"flow_name": "f", "name": "d", "pool": "gpu"})
            ),
            outcome(client.delete(own)),
        ]

    assert everything(dora) == ["object_restricted"] * 6
    assert everything(erin) == ["done"] * 6


@pytest.mark.parametrize("scope", [Scope.DEPLOYMENTS_WRITE, Scope.RUNS_WRITE])
def test_nothing_is_put_into_a_pool_by_whom_its_rules_shut_out(
    api, dora, erin, deployment, shut, scope
):
    shut("POOL", scope)
    new = CODE | {"flow_name": "mine", "name": "d"}
    here = [outcome(api(each).put("deployments", new | {"pool": "gpu"})) for each in (dora, erin)]
    elsewhere = api(dora).put("deployments", CODE | {"flow_name": "own", "name": "d"})
    moved = api(dora).put("deployments", CODE | {"flow_name": "own", "name": "d", "pool": "gpu"})

    assert here == ["object_restricted", "done"]
    assert outcome(elsewhere) == "done"
    assert outcome(moved) == "object_restricted"
    assert api(dora).get("deployments").json()["items"][0]["pool"]["name"] == "default"


def test_a_pool_is_paused_by_whom_its_rules_name(api, dora, erin, pool, shut):
    shut("POOL", Scope.POOLS_WRITE)

    answers = [
        outcome(api(each).patch(f"pools/{pool['id']}", {"paused": True})) for each in (dora, erin)
    ]

    assert answers == ["object_restricted", "done"]


def test_agents_beat_for_a_pool_whose_rules_name_them(api, alice, dora, workspace, pool, shut):
    service, named = make_service_key(alice, role="AGENT", scopes=[Scope.LEASES_TAKE])
    other = make_key(dora, role="AGENT")
    shut("POOL", Scope.LEASES_TAKE, service_account=service)
    beat = {"agent": AGENT, "leases": []}

    refused = api(other, workspace).post("pools/gpu/heartbeats", beat)
    elsewhere = api(other, workspace).post("pools/default/heartbeats", beat)
    taken = api(named, workspace).post(
        "pools/gpu/heartbeats",
        {"agent": AGENT | {"id": "01900000-0000-7000-8000-000000000002"}, "leases": []},
    )

    assert [outcome(each) for each in (refused, elsewhere, taken)] == [
        "object_restricted",
        "done",
        "done",
    ]


@KINDS
def test_what_is_listed_says_what_one_may(api, dora, erin, deployment, shut, kind):
    shut(kind, Scope.RUNS_WRITE)

    [row] = api(dora).get("deployments").json()["items"]
    own = api(erin).get(f"deployments/{deployment['id']}").json()["may"]

    assert row["may"]["runs:write"]["code"] == "object_restricted"
    assert row["may"]["deployments:write"] is True
    assert own == dict.fromkeys(["deployments:write", "runs:cancel", "runs:write"], True)
    assert set(own) == {each.value for each in access.NARROWABLE[access.Kind.DEPLOYMENT]}
