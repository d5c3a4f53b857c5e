"""Runs that people hold: paused, suspended and taken up again, tried from what failed."""

from __future__ import annotations

import pytest

from apps.dispatch.models import Lease
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import (
    agent,
    lease,
    local_run,
    make_deployment,
    report,
    running,
    start,
)
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment(workspace):
    with workspace_scope(workspace.id):
        return make_deployment(workspace)


@pytest.fixture
def run(workspace, deployment):
    with workspace_scope(workspace.id):
        return running(deployment, workspace)


def now_of(workspace, run):
    with workspace_scope(workspace.id):
        return Run.objects.get(id=run.id)


def beat(api, alice, workspace, run, heeded=None):
    body = {"epoch": run.epoch, "heeded": heeded}
    answer = api(make_key(alice, role="AGENT"), workspace).post(f"runs/{run.id}/heartbeat", body)
    return [one["command"] for one in answer.json()["commands"]]


def test_a_run_is_paused_and_goes_on(api, alice, workspace, run):
    client = api(alice)

    paused = client.post(f"runs/{run.id}/pause").json()
    told, told_again = beat(api, alice, workspace, run), beat(api, alice, workspace, run, "pause")
    resumed = client.post(f"runs/{run.id}/resumption").json()
    after = beat(api, alice, workspace, run, "pause")

    assert (paused["state"], paused["may"]["resume"], paused["may"]["pause"]) == (
        *("PAUSED", True, False),
    )
    assert (told, told_again, after) == (["pause"], [], ["resume"])
    assert (resumed["state"], resumed["epoch"]) == ("RUNNING", run.epoch)
    with workspace_scope(workspace.id):
        assert Lease.objects.filter(ended_at=None).count() == 1


def test_what_does_not_run_is_not_held(api, alice, workspace, deployment):
    with workspace_scope(workspace.id):
        waiting = start(deployment)
        inside = local_run(workspace)
    client = api(alice)

    answers = [
        client.post(f"runs/{waiting.id}/pause"),
        client.post(f"runs/{waiting.id}/suspension"),
        client.post(f"runs/{waiting.id}/resumption"),
        client.post(f"runs/{inside.id}/suspension"),
    ]

    assert [one.json()["error"]["code"] for one in answers] == [
        *("run_not_pausable", "run_not_pausable", "run_not_resumable", "run_not_pausable"),
    ]


def test_what_ended_before_it_heard_of_the_pause_has_ended(api, alice, workspace, run):
    api(alice).post(f"runs/{run.id}/pause")

    with workspace_scope(workspace.id):
        report(run, RunState.COMPLETED, workspace)

    assert now_of(workspace, run).state == "COMPLETED"


def test_a_suspended_run_is_taken_up_by_another_agent(api, alice, workspace, deployment, run):
    client = api(alice)
    assert client.post(f"runs/{run.id}/suspension").json()["state"] == "PAUSED"
    assert beat(api, alice, workspace, run) == ["suspend"]
    early = client.post(f"runs/{run.id}/resumption")
    with workspace_scope(workspace.id):
        report(run, RunState.SUSPENDED, workspace)
        assert not Lease.objects.filter(ended_at=None).exists()
        assert lease(deployment) == []

    resumed = client.post(f"runs/{run.id}/resumption").json()

    assert early.json()["error"]["code"] == "run_not_resumable"
    assert resumed["state"] == "SCHEDULED"
    with workspace_scope(workspace.id):
        (granted,) = lease(deployment, by=agent("another"))
    assert (granted.run_id, granted.epoch) == (run.id, run.epoch + 1)
    assert granted.resumes == {"kind": "suspended", "attempt": 1}


def ask(api, alice, workspace, run, *, suspend=True):
    body = {"epoch": run.epoch, "key": "1-0-ship", "title": "Ship it?", "suspend": suspend}
    executor = api(make_key(alice, role="AGENT"), workspace)
    return executor.post(f"runs/{run.id}/approvals", body).json()


def test_a_run_that_waits_for_an_answer_is_suspended_and_finds_it_when_resumed(
    api, alice, workspace, deployment, run
):
    client = api(alice)
    asked = ask(api, alice, workspace, run, suspend=False)
    may = client.get(f"runs/{run.id}").json()["may"]
    assert (may["suspend"], may["pause"]) == (True, False)

    held = client.post(f"runs/{run.id}/suspension").json()
    told = beat(api, alice, workspace, run)
    with workspace_scope(workspace.id):
        report(run, RunState.SUSPENDED, workspace)
    client.post(f"approvals/{asked['id']}/answer", {"approved": True})

    assert (held["state"], told) == ("PAUSED", ["suspend"])
    assert now_of(workspace, run).state == "SUSPENDED"  # who suspended it resumes it
    assert client.post(f"runs/{run.id}/resumption").json()["state"] == "SCHEDULED"
    with workspace_scope(workspace.id):
        (granted,) = lease(deployment)
    assert granted.resumes == {"kind": "suspended", "attempt": 1}
    taken = now_of(workspace, run)
    assert ask(api, alice, workspace, taken, suspend=False)["state"] == "APPROVED"


def test_a_run_that_leaves_for_its_answer_is_not_asked_to_leave_again(api, alice, workspace, run):
    ask(api, alice, workspace, run)
    client = api(alice)

    held = client.post(f"runs/{run.id}/suspension").json()

    assert (held["state"], held["may"]["suspend"]) == ("AWAITING_APPROVAL", False)
    assert held["resumes"]["for"] == "approval"


@pytest.mark.parametrize("answered_first", [True, False])
def test_a_run_that_left_for_an_answer_comes_back_with_it(
    api, alice, workspace, deployment, run, answered_first
):
    asked = ask(api, alice, workspace, run)

    def answer():
        said = api(alice).post(f"approvals/{asked['id']}/answer", {"approved": True})
        assert said.status_code == 200

    if answered_first:
        answer()
    with workspace_scope(workspace.id):
        report(run, RunState.SUSPENDED, workspace)
    if not answered_first:
        assert now_of(workspace, run).state == "SUSPENDED"
        answer()

    assert now_of(workspace, run).state == "SCHEDULED"
    with workspace_scope(workspace.id):
        (granted,) = lease(deployment)
    assert granted.resumes == {"kind": "suspended", "attempt": 1, "for": "approval"}


def test_a_retry_goes_on_from_what_failed_or_begins_afresh(api, alice, workspace, deployment, run):
    with workspace_scope(workspace.id):
        report(run, RunState.FAILED, workspace)
    client = api(alice)

    assert client.post(f"runs/{run.id}/retries", {"from": "failed"}).status_code == 200
    with workspace_scope(workspace.id):
        (granted,) = lease(deployment)
        report(granted, RunState.RUNNING, workspace)
        report(granted, RunState.FAILED, workspace)
    assert (granted.attempt, granted.resumes) == (2, {"kind": "failed", "attempt": 1})

    assert client.post(f"runs/{run.id}/retries").status_code == 200
    with workspace_scope(workspace.id):
        (afresh,) = lease(deployment)
    assert (afresh.attempt, afresh.resumes) == (3, None)
    assert client.post(f"runs/{run.id}/retries", {"from": "x"}).status_code == 400
