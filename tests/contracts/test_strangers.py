"""What the rivals’ walk cannot see: ids in bodies, ids that clients make, stolen sessions."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from tests.contracts.routes import operations
from tests.contracts.test_rivals import NOBODY, fill, fingerprint
from tests.factories.tenancy import join, make_key
from tests.factories.world import furnish

pytestmark = pytest.mark.django_db

AGENT = {"id": NOBODY, "name": "a", "host": "h", "pid": 1, "version": "0", "capacity": 1}


def test_a_session_without_its_token_writes_nothing(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    before = fingerprint(alice.workspace.id)

    for _name, method, template in operations():
        if method == "GET":
            continue
        ids = dict.fromkeys(re.findall(r"{(\w+)}", template), NOBODY)
        for headers in ({}, {"X-CSRFToken": "x" * 32}, {"Authorization": "Basic eDp5"}):
            answer = client.generic(
                method,
                fill(template, alice.workspace.slug, ids),
                b"{}",
                content_type="application/json",
                headers=headers,
            )
            assert answer.status_code == 403, (method, template, headers)

    assert fingerprint(alice.workspace.id) == before


def test_a_session_with_its_token_may_send_events(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    client.get("/_allauth/browser/v1/config")
    token = client.cookies["csrftoken"].value
    event = {"name": "x", "occurred_at": utc_now()}

    for place, body in (("events", [event]), ("ingest", {"events": [event]})):
        answer = client.post(
            f"/api/v1/workspaces/{alice.workspace.slug}/{place}",
            json.dumps(body, default=str),
            content_type="application/json",
            headers={"X-CSRFToken": token},
        )
        assert answer.status_code == 200, answer.content


def batch(run_id, task_run_id, item_id, words):
    now = utc_now()
    return {
        "runs": [
            {
                "run_id": run_id,
                "epoch": 1,
                "state": "RUNNING",
                "occurred_at": now,
                "flow_name": words,
            }
        ],
        "task_runs": [
            {
                "task_run_id": task_run_id,
                "run_id": run_id,
                "epoch": 1,
                "sequence": 1,
                "state": "RUNNING",
                "occurred_at": now,
                "task_name": words,
                "name": words,
            }
        ],
        "logs": [
            {
                "id": item_id,
                "run_id": run_id,
                "occurred_at": now,
                "level": "INFO",
                "message": words,
            }
        ],
        "events": [{"id": item_id, "name": "a", "occurred_at": now, "payload": {"words": words}}],
        "points": [
            {
                "id": item_id,
                "name": "m",
                "occurred_at": now,
                "value": 1,
                "labels": {"words": words},
                "run_id": run_id,
            }
        ],
        "heartbeats": [{"run_id": run_id, "epoch": 1}],
    }


def test_ids_that_a_rival_used_neither_leak_nor_block_nor_overwrite(
    api, alice, mallory, workspace, rival_workspace
):
    ours, theirs = (
        api(make_key(person, role="AGENT"), person.workspace) for person in (alice, mallory)
    )
    run_id, task_id, item_id = (str(uuid7()) for _ in range(3))
    theirs.post("ingest", batch(run_id, task_id, item_id, "theirs"))
    before = fingerprint(rival_workspace.id)

    same_run = ours.post("ingest", batch(run_id, task_id, item_id, "ours")).json()
    another = str(uuid7())
    own_run = ours.post("ingest", batch(another, task_id, item_id, "ours")).json()

    # The run's id is theirs; all that is ours is stored, under whichever other ids.
    assert {one["code"] for one in same_run["rejected"]} == {"unknown_run"}
    assert same_run["lost"] == [{"run_id": run_id, "epoch": 1}]
    assert own_run["rejected"] == []
    tasks = api(alice).get(f"runs/{another}/task-runs").json()["items"]
    assert [task["name"] for task in tasks] == ["ours"]
    assert api(alice).get(f"runs/{run_id}").status_code == 404
    assert b"theirs" not in api(alice).get("events").content
    assert b"theirs" not in api(alice).get("metrics").content
    assert fingerprint(rival_workspace.id) == before


def test_ids_of_a_rival_in_bodies_and_filters_lead_nowhere(
    api, alice, mallory, workspace, rival_workspace
):
    ids = furnish(mallory)
    client, agent = api(alice), api(make_key(alice, role="AGENT"), workspace)
    own_run = str(uuid7())
    begin = batch(own_run, str(uuid7()), str(uuid7()), "ours")
    begin["runs"][0] |= {"parent_run_id": ids["run_id"], "source": "SUBFLOW"}
    begin["task_runs"][0]["depends_on"] = [ids["run_id"]]
    begin["events"][0] |= {"run_id": ids["run_id"], "follows": ids["run_id"]}
    begin["logs"].append(begin["logs"][0] | {"id": str(uuid7()), "run_id": ids["run_id"]})
    deployment = {"flow_name": "f", "name": "d", "entrypoint": "a.py:b", "path": "/"}
    before = fingerprint(rival_workspace.id)

    assert agent.post("ingest", begin).status_code == 200
    refusals = [
        client.put("deployments", deployment | {"pool": ids["pool_id"]}),
        agent.post(f"pools/{ids['pool_id']}/heartbeats", {"agent": AGENT, "leases": []}),
    ]
    beat = agent.post(
        "pools/default/heartbeats",
        {"agent": AGENT, "leases": [{"run_id": ids["run_id"], "epoch": 1}]},
    ).json()
    lists = [
        client.get(f"runs?{name}={ids[value]}")
        for name, value in (
            ("flow_id", "deployment_id"),
            ("deployment_id", "deployment_id"),
            ("pool_id", "pool_id"),
        )
    ]
    seen = [client.get(f"runs/{own_run}{part}") for part in ("", "/timeline", "/logs", "/metrics")]

    assert {answer.status_code for answer in refusals} == {404}
    lost = [{"run_id": ids["run_id"], "epoch": 1}]
    assert beat == {"commands": [], "lost": lost, "draining": False}
    assert [answer.json()["items"] for answer in lists] == [[], [], []]
    assert not [answer for answer in seen if b"secret" in answer.content]
    assert fingerprint(rival_workspace.id) == before


def test_a_cursor_of_a_rival_shows_ones_own_rows_only(api, alice, mallory, rival_workspace):
    furnish(mallory)
    theirs, ours = api(mallory), api(alice)
    for place in ("runs", "events"):
        cursor = theirs.get(f"{place}?limit=1").json()["next_cursor"]
        assert cursor
        assert ours.get(f"{place}?cursor={cursor}").json()["items"] == []


def test_what_one_actor_was_answered_is_not_said_to_another(api, alice, workspace):
    dev = join("dev@acme.example", workspace, "DEVELOPER")
    body = {"flow_name": "f", "name": "d", "entrypoint": "a.py:b", "path": "/"}
    deployment = api(alice).put("deployments", body).json()
    path = f"deployments/{deployment['id']}/runs"

    runs = [
        api(who).post(path, {}, Idempotency_Key="daily").json()["id"] for who in (alice, dev, dev)
    ]

    assert runs[0] != runs[1]
    assert runs[1] == runs[2]
