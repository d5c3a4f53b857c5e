"""An agents' key that is bound to a pool serves that pool and speaks of its runs only."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services as dispatch
from apps.dispatch.enums import PoolKind
from apps.dispatch.models import LeaseBeat
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import local_run, make_deployment, running, start
from tests.factories.tenancy import make_key

AGENT = {"name": "w", "host": "h", "pid": 1, "version": "0", "capacity": 4}


def stamp():
    return utc_now().isoformat()


def make_pool(workspace, name):
    return dispatch.create_pool(
        workspace_id=workspace.id,
        name=name,
        kind=PoolKind.PROCESS,
        now=utc_now(),
        has_compute=False,
    )


@pytest.fixture
def own_run(workspace):
    """A run of the pool that the key is bound to."""
    with workspace_scope(workspace.id):
        make_pool(workspace, "fra")
        return running(make_deployment(workspace, pool="fra"), workspace)


@pytest.fixture
def other_run(workspace):
    with workspace_scope(workspace.id):
        return running(make_deployment(workspace, name="other"), workspace)


@pytest.fixture
def bound(api, alice, workspace, own_run):
    """A client with the key of the pool `fra`."""
    return api(make_key(alice, role="AGENT", pool="fra"), workspace)


def transition(run, state="COMPLETED"):
    return {"epoch": run.epoch, "state": state, "occurred_at": stamp()}


def of_run(run):
    about = {"run_id": str(run.id), "epoch": run.epoch}
    return {
        "runs": [about | {"state": "RUNNING", "occurred_at": stamp()}],
        "task_runs": [
            about
            | {
                "task_run_id": str(uuid7()),
                "sequence": 1,
                "state": "RUNNING",
                "occurred_at": stamp(),
                "task_name": "t",
                "name": "t-1",
            }
        ],
        "logs": [
            {
                "run_id": str(run.id),
                "occurred_at": stamp(),
                "level": "INFO",
                "message": "hello",
            }
        ],
        "events": [{"run_id": str(run.id), "name": "e", "occurred_at": stamp()}],
        "points": [{"run_id": str(run.id), "name": "p", "occurred_at": stamp(), "value": 1}],
        "heartbeats": [about],
    }


def beat_of(run):
    with workspace_scope(run.workspace_id):
        return LeaseBeat.objects.get(lease__run_id=run.id).beat_at


def test_only_an_agents_key_is_bound_and_the_list_says_so(api, alice, workspace):
    client = api(alice)

    refused = client.post("api-keys", {"name": "x", "role": "DEVELOPER", "pool": "fra"})
    scoped = client.post("api-keys", {"name": "x", "scopes": ["leases:take"], "pool": "fra"})
    free = client.post("api-keys", {"name": "y", "role": "AGENT"})
    bound = client.post("api-keys", {"name": "z", "role": "AGENT", "pool": "fra"})

    for answer in (refused, scoped):
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["pool"])
    assert (free.json()["pool"], bound.json()["pool"]) == (None, "fra")
    assert [key["pool"] for key in client.get("api-keys").json()["items"]] == ["fra", None]


def test_it_reports_runs_of_its_pool(bound, own_run):
    answer = bound.post("ingest", of_run(own_run)).json()
    moved = bound.post(f"runs/{own_run.id}/transitions", transition(own_run))

    assert answer["rejected"] == []
    assert moved.json()["state"] == "COMPLETED"


def test_it_reports_no_run_of_another_pool(bound, other_run, workspace):
    before = beat_of(other_run)

    answer = bound.post("ingest", of_run(other_run)).json()
    moved = bound.post(f"runs/{other_run.id}/transitions", transition(other_run))
    beaten = bound.post(f"runs/{other_run.id}/heartbeat", {"epoch": other_run.epoch})

    assert answer["accepted"] == 0
    assert {each["code"] for each in answer["rejected"]} == {"not_this_pool"}
    assert len(answer["rejected"]) == 6
    for refused in (moved, beaten):
        assert refused.status_code == 403
        assert refused.json()["error"]["details"] == {"pool": "fra"}
    with workspace_scope(workspace.id):
        assert Run.objects.get(pk=other_run.pk).state == "RUNNING"
    assert beat_of(other_run) == before


def test_it_keeps_its_own_from_among_others(bound, own_run, other_run):
    own, other = of_run(own_run), of_run(other_run)
    answer = bound.post("ingest", {kind: other[kind] + own[kind] for kind in own}).json()

    assert answer["accepted"] + answer["duplicates"] == 6  # it was RUNNING before
    assert [(each["code"], each["index"]) for each in answer["rejected"]] == [
        ("not_this_pool", 0)
    ] * 6


def test_it_beats_for_its_pool_only(bound, own_run, other_run):
    def beat(pool, *runs):
        leases = [{"run_id": str(run.id), "epoch": run.epoch} for run in runs]
        body = {"agent": AGENT | {"id": str(uuid7())}, "leases": leases}
        return bound.post(f"pools/{pool}/heartbeats", body)

    assert beat("fra", own_run).json() == {"commands": [], "lost": [], "draining": False}
    assert beat(own_run.pool_id, own_run).status_code == 200
    before = beat_of(other_run)
    assert beat("default").status_code == 403
    assert beat(other_run.pool_id).status_code == 403
    assert beat("fra", own_run, other_run).status_code == 403
    assert beat_of(other_run) == before


def test_what_a_run_of_the_pool_starts_belongs_to_it(bound, own_run, workspace):
    child, grandchild = str(uuid7()), str(uuid7())

    def begins(run_id, parent):
        return {
            "run_id": run_id,
            "epoch": 1,
            "state": "RUNNING",
            "occurred_at": stamp(),
            "flow_name": "sub",
            "source": "SUBFLOW",
            "parent_run_id": parent,
        }

    together = bound.post(
        "ingest", {"runs": [begins(child, str(own_run.id)), begins(grandchild, child)]}
    ).json()
    later = bound.post("ingest", {"heartbeats": [{"run_id": grandchild, "epoch": 1}]}).json()

    assert (together["accepted"], together["rejected"]) == (2, [])
    assert (later["accepted"], later["lost"]) == (1, [])


def test_it_starts_no_runs_of_its_own_and_takes_over_no_local_ones(bound, workspace):
    with workspace_scope(workspace.id):
        local = local_run(workspace)
    new = {
        "run_id": str(uuid7()),
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": stamp(),
        "flow_name": "stray",
    }
    claimed = {"run_id": str(local.id), "epoch": 1, "state": "COMPLETED", "occurred_at": stamp()}

    answer = bound.post("ingest", {"runs": [new, claimed]}).json()

    assert [each["code"] for each in answer["rejected"]] == ["not_this_pool"] * 2
    with workspace_scope(workspace.id):
        assert set(Run.objects.values_list("state", flat=True)) == {"RUNNING"}


def test_what_names_no_run_may_be_sent(bound):
    assert bound.post("events", [{"name": "e", "occurred_at": stamp()}]).json()["accepted"] == 1


def test_an_unknown_run_is_still_not_found(bound, other_run):
    answer = bound.post(f"runs/{uuid7()}/transitions", transition(other_run))

    assert answer.status_code == 404


def test_an_unbound_key_serves_all_and_pays_nothing(api, agent_key, workspace, own_run, other_run):
    client = api(agent_key, workspace)
    client.post("ingest", {"heartbeats": []})  # remembers the key

    with CaptureQueriesContext(connection) as queries:
        answers = [client.post("ingest", of_run(run)).json() for run in (own_run, other_run)]

    assert [answer["rejected"] for answer in answers] == [[], []]
    assert not [each for each in queries if "RECURSIVE" in each["sql"]]


def test_a_bound_key_asks_once_for_each_run(bound, own_run):
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            assert bound.post("ingest", of_run(own_run)).json()["rejected"] == []

    assert len([each for each in queries if "RECURSIVE" in each["sql"]]) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("apps.dispatch.api.live_urls")
def test_it_leases_from_its_pool_only(api, alice, workspace, own_run, bound, settings):
    settings.MIDDLEWARE = [
        "apps.core.http.request_context.LiveRequestContext",
        "apps.core.http.live.SessionCookie",
    ]
    with workspace_scope(workspace.id):
        start(make_deployment(workspace, pool="fra"))
        start(make_deployment(workspace, name="other"))
        default = str(dispatch.ensure_default_pool(workspace_id=workspace.id).id)
    connection.close()

    async def poll(pool):
        response = await AsyncClient().post(
            f"/workspaces/{workspace.slug}/pools/{pool}/leases",
            {"agent": AGENT | {"id": str(uuid7())}, "limit": 5, "wait_seconds": 0},
            content_type="application/json",
            headers=bound.headers,
        )
        return response.status_code, response.json()

    async def all_polls():
        return [await poll(pool) for pool in ("default", default, "fra")]

    by_name, by_id, own = asyncio.run(all_polls())

    assert (by_name[0], by_id[0]) == (403, 403)
    assert by_name[1]["error"]["details"] == {"pool": "fra"}
    assert (own[0], len(own[1]["leases"])) == (200, 1)
