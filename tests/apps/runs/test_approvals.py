"""Questions that runs ask people: asked by executors, answered in the inbox, over by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch.models import Lease
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Approval, Run
from apps.telemetry.models import Event
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import make_deployment, report, running
from tests.factories.tenancy import join, make_key
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

FORM = {
    "type": "object",
    "properties": {"version": {"type": "string"}, "hot": {"type": "boolean", "default": False}},
    "required": ["version"],
    "additionalProperties": False,
}


@pytest.fixture
def run(workspace):
    with workspace_scope(workspace.id):
        return running(make_deployment(workspace), workspace)


@pytest.fixture
def executor(api, alice, workspace):
    return api(make_key(alice, role="AGENT"), workspace)


def ask(executor, run, **changes):
    body = {"epoch": run.epoch, "key": "1-0-ship", "title": "Ship it?"} | changes
    return executor.post(f"runs/{run.id}/approvals", body)


def state_of(workspace, run):
    with workspace_scope(workspace.id):
        return Run.objects.values_list("state", flat=True).get(id=run.id)


def names(workspace):
    with workspace_scope(workspace.id):
        found = Event.objects.for_workspace(workspace.id).filter(
            name__startswith="headway.approval"
        )
        return sorted(found.values_list("name", flat=True))


def test_a_question_is_asked_and_answered_by_its_form(api, alice, workspace, run, executor):
    asked = ask(executor, run, form=FORM, message="All green.").json()
    assert state_of(workspace, run) == "AWAITING_APPROVAL"
    client = api(alice)
    (seen,) = client.get("approvals?state=OPEN").json()["items"]
    assert (seen["id"], seen["run"]["id"], seen["may"]) == (
        *(asked["id"], str(run.id)),
        {"answer": True},
    )

    wrong = client.post(
        f"approvals/{asked['id']}/answer", {"approved": True, "values": {"hot": 1, "x": 2}}
    )
    right = client.post(
        f"approvals/{asked['id']}/answer",
        {"approved": True, "values": {"version": "1.2"}, "comment": "go"},
    )

    fields = wrong.json()["error"]["fields"]
    assert fields.keys() == {"values.version", "values.hot", "values.x"}
    assert right.status_code == 200
    told = executor.get(f"runs/{run.id}/approvals/{asked['key']}").json()
    assert (told["state"], told["answer"], told["comment"]) == (
        *("APPROVED", {"version": "1.2"}, "go"),
    )
    assert told["answered_by"]["name"] == "Alice"
    assert state_of(workspace, run) == "RUNNING"
    assert client.get("approvals?state=OPEN").json()["items"] == []
    (on_run,) = client.get(f"runs/{run.id}").json()["approvals"]
    assert on_run["answered_by"] == told["answered_by"]
    assert names(workspace) == ["headway.approval.approved", "headway.approval.open"]


def test_a_question_asked_again_is_the_same_one(api, alice, workspace, run, executor):
    first = ask(executor, run).json()
    again = ask(executor, run, title="Ship it?").json()
    api(alice).post(f"approvals/{first['id']}/answer", {"approved": False})

    after = ask(executor, run).json()

    assert first["id"] == again["id"] == after["id"]
    assert (after["state"], after["answer"]) == ("REJECTED", None)
    assert state_of(workspace, run) == "RUNNING"  # an answered question holds nobody up


def test_a_question_is_answered_once(api, alice, workspace, run, executor):
    asked = ask(executor, run).json()
    client = api(alice)
    assert client.post(f"approvals/{asked['id']}/answer", {"approved": True}).status_code == 200

    again = client.post(f"approvals/{asked['id']}/answer", {"approved": False})

    error = again.json()["error"]
    assert (again.status_code, error["code"]) == (409, "approval_closed")
    assert error["details"]["answered_by"]["name"] == "Alice"
    with workspace_scope(workspace.id):
        assert Approval.objects.get().state == "APPROVED"


def test_viewers_and_executors_do_not_answer(api, bob, workspace, run, executor):
    asked = ask(executor, run).json()
    viewer = api(bob, workspace)

    answers = [
        one.post(f"approvals/{asked['id']}/answer", {"approved": True})
        for one in (viewer, executor)
    ]

    assert [one.status_code for one in answers] == [403, 403]
    assert viewer.get("approvals").json()["items"][0]["may"] == {"answer": False}
    assert state_of(workspace, run) == "AWAITING_APPROVAL"


def test_the_rules_of_a_deployment_say_who_answers(api, alice, workspace, run, executor):
    asked = ask(executor, run).json()
    rule = {"object_kind": "DEPLOYMENT", "object_id": str(run.deployment_id), "scope": "runs:write"}
    assert api(alice).post("rules", rule).status_code == 201
    carl = join("carl@acme.example", workspace, "DEVELOPER")

    refused = api(carl).post(f"approvals/{asked['id']}/answer", {"approved": True})

    assert refused.json()["error"]["code"] == "object_restricted"


def test_a_run_goes_on_when_its_last_question_is_answered(api, alice, workspace, run, executor):
    one, two = ask(executor, run, key="a").json(), ask(executor, run, key="b").json()
    client = api(alice)

    client.post(f"approvals/{one['id']}/answer", {"approved": True})
    assert state_of(workspace, run) == "AWAITING_APPROVAL"
    client.post(f"approvals/{two['id']}/answer", {"approved": True})

    assert state_of(workspace, run) == "RUNNING"


def test_a_question_expires(api, alice, workspace, run, executor):
    asked = ask(executor, run, expires_in_seconds=60).json()
    with as_worker():
        assert runs.expire_approvals(now=utc_now() + timedelta(seconds=59)) == 0
        assert runs.expire_approvals(now=utc_now() + timedelta(seconds=61)) == 1

    late = api(alice).post(f"approvals/{asked['id']}/answer", {"approved": True})

    assert (late.status_code, late.json()["error"]["details"]["state"]) == (409, "EXPIRED")
    assert executor.get(f"runs/{run.id}/approvals/{asked['key']}").json()["state"] == "EXPIRED"
    assert state_of(workspace, run) == "RUNNING"
    assert names(workspace) == ["headway.approval.expired", "headway.approval.open"]


@pytest.mark.parametrize("end", [RunState.CRASHED, RunState.CANCELLED, RunState.FAILED])
def test_the_questions_of_a_run_that_ended_are_withdrawn(workspace, run, executor, end):
    ask(executor, run)
    with workspace_scope(workspace.id):
        report(run, end, workspace)

        assert Approval.objects.get().state == "WITHDRAWN"
        assert not Lease.objects.filter(ended_at=None).exists()
    assert names(workspace) == ["headway.approval.open", "headway.approval.withdrawn"]


def test_nobody_asks_for_what_they_do_not_execute(workspace, run, executor):
    stale = ask(executor, run, epoch=run.epoch + 1)
    with workspace_scope(workspace.id):
        runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=utc_now())
    stopping = ask(executor, run)

    assert [one.json()["error"]["code"] for one in (stale, stopping)] == ["run_not_executing"] * 2
    with workspace_scope(workspace.id):
        assert not Approval.objects.exists()


def test_a_form_must_be_one(run, executor):
    answers = [
        ask(executor, run, form={"type": "string"}),
        ask(executor, run, form={"properties": {"a": {"$ref": "http://other/schema"}}}),
        ask(executor, run, key="not a key"),
    ]

    assert [one.status_code for one in answers] == [400, 400, 400]
    assert answers[0].json()["error"]["fields"].keys() == {"form"}
