"""Every route with the key of a run: only what the run's own process needs answers."""

import re

import pytest

from apps.core.clock import utc_now
from apps.core.http.json import wire_time
from tests.contracts.routes import account_operations, operations
from tests.contracts.test_rivals import BODIES, NOBODY, fill
from tests.factories.compute import make_deployment_with_code, managed_run
from tests.factories.world import furnish

pytestmark = pytest.mark.django_db

# Its own run's, and the front door that takes its reports.
OPEN = {
    "report_run_transition",
    "heartbeat_run",
    "ingest_batch",
    "get_run_task",
    "get_run_task_bundle",
    "report_run_task_phase",
    "ask_approval",
    "get_run_approval",
    "start_subrun",
    "get_subrun",
    "ask_for_run_slot",
    "give_run_slot_back",
    "promise_run_calls",
}
OWN_BODIES = {
    "ask_approval": lambda run: {"epoch": run.epoch, "key": "x", "title": "Give me?"},
    "get_run_approval": lambda run: None,
    "start_subrun": lambda run: {
        "epoch": run.epoch,
        "deployment": "secret flow/secret deployment",
    },
    "get_subrun": lambda run: None,
    "ask_for_run_slot": lambda run: {"name": "of code", "at_most": 1, "epoch": run.epoch},
    "give_run_slot_back": lambda run: None,
    "promise_run_calls": lambda run: {"name": "calls", "per_minute": 1, "epoch": run.epoch},
    "report_run_transition": lambda run: {
        "epoch": run.epoch,
        "state": "RUNNING",
        "occurred_at": wire_time(utc_now()),
    },
    "heartbeat_run": lambda run: {"epoch": run.epoch},
    "ingest_batch": lambda run: {},
    "get_run_task": lambda run: None,
    "get_run_task_bundle": lambda run: None,
    "report_run_task_phase": lambda run: {
        "epoch": run.epoch,
        "phase": "FETCHED",
        "at": wire_time(utc_now()),
    },
}


def test_the_key_of_a_run_opens_what_is_for_it_and_nothing_else(
    api, alice, workspace, bundle_folder
):
    ids = furnish(alice)
    run = managed_run(workspace, make_deployment_with_code(workspace))
    client = api(run.key, workspace)
    ids |= {
        "run_id": str(run.run_id),
        "subrun_id": subrun_of(client, run),
        "slot_id": NOBODY,
        "key": "x",
    }
    answers = {}

    for name, method, template in operations():
        body = OWN_BODIES[name](run) if name in OPEN else BODIES.get(name)
        answer = client.request(method, fill(template, workspace.slug, ids), body)
        answers[name] = answer.status_code
        # A download holds its file open; `close()` would take the connection along.
        for close in answer._resource_closers:
            close()

    assert {name for name, status in answers.items() if status != 403} == OPEN
    assert {answers[name] for name in OPEN} == {200, 201, 204}


def subrun_of(client, run):
    path = f"runs/{run.run_id}/subruns"
    return client.post(path, OWN_BODIES["start_subrun"](run)).json()["id"]


def test_the_key_of_a_run_opens_no_account(api, alice, workspace):
    client = api(managed_run(workspace).key, workspace)

    for name, method, template in account_operations():
        ids = dict.fromkeys(re.findall(r"{(\w+)}", template), NOBODY)
        path = fill(template, "", ids | {"account_id": workspace.account_id})
        answer = client.request(method, path)
        assert answer.status_code == 403, name
    assert client.post("/api/v1/workspaces", {"name": "x"}).status_code == 403
    assert client.get("/api/v1/me").status_code == 200


def test_the_key_of_a_run_opens_no_other_run(api, workspace):
    own, other = managed_run(workspace), managed_run(workspace)
    client = api(own.key, workspace)
    tried = 0

    for name, method, template in operations():
        if "{run_id}" not in template:
            continue
        for run_id in (other.run_id, NOBODY):
            ids = {"run_id": str(run_id)} | dict.fromkeys(("subrun_id", "slot_id", "key"), NOBODY)
            body = OWN_BODIES[name](other) if name in OPEN else BODIES.get(name)
            answer = client.request(method, fill(template, workspace.slug, ids), body)
            assert answer.status_code == 403, (name, run_id)
            tried += 1

    assert tried > 10


def test_the_key_of_a_run_opens_no_other_execution(api, workspace):
    run = managed_run(workspace)
    client = api(run.key, workspace)

    for name in ("report_run_transition", "heartbeat_run"):
        path = {"report_run_transition": "transitions", "heartbeat_run": "heartbeat"}[name]
        body = OWN_BODIES[name](run) | {"epoch": run.epoch + 1}

        assert client.post(f"runs/{run.run_id}/{path}", body).status_code == 403


def test_to_a_rival_workspace_the_key_of_a_run_is_a_stranger(api, workspace, rival_workspace):
    run = managed_run(workspace)
    theirs = managed_run(rival_workspace)
    client = api(run.key, rival_workspace)

    for name, method, template in operations():
        for run_id in (run.run_id, theirs.run_id):
            ids = dict.fromkeys(re.findall(r"{(\w+)}", template), NOBODY)
            ids["run_id"] = str(run_id)
            body = OWN_BODIES[name](theirs) if name in OPEN else BODIES.get(name)
            answer = client.request(method, fill(template, rival_workspace.slug, ids), body)
            assert answer.status_code == 404, name
