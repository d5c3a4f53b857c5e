"""Runs that come from other runs, and how a cancellation goes down the tree."""

from __future__ import annotations

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch.models import Lease
from apps.dispatch.services import Kin
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.errors import RunNotCancellable
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Member, ObjectRule
from tests.factories.compute import make_deployment_with_code, managed_run
from tests.factories.dispatch import lease, local_run, make_deployment, report, running, start
from tests.factories.tenancy import join, make_key

pytestmark = pytest.mark.django_db

SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string"}, "times": {"type": "integer"}},
    "required": ["day"],
}


@pytest.fixture
def deployment(workspace):
    with workspace_scope(workspace.id):
        return make_deployment(workspace)


def states(workspace, *found):
    with workspace_scope(workspace.id):
        by_id = dict(Run.objects.values_list("id", "state"))
    return [by_id[run.id] for run in found]


def test_a_run_is_copied_with_other_parameters(api, alice, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, parameter_schema=SCHEMA)
        run = start(deployment, parameters={"day": "mon", "times": 1}, tags=["mine"], priority=7)
    client = api(alice)

    same = client.post(f"runs/{run.id}/copy", {}).json()
    other = client.post(
        f"runs/{run.id}/copy", {"parameters": {"day": "tue"}, "name": "again", "tags": []}
    ).json()
    wrong = client.post(f"runs/{run.id}/copy", {"parameters": {"times": "x"}})

    assert (same["parameters"], same["tags"]) == ({"day": "mon", "times": 1}, ["mine"])
    assert (same["priority"], same["source"]) == (7, "ADHOC")
    assert (other["parameters"], other["name"], other["tags"]) == ({"day": "tue"}, "again", [])
    assert wrong.json()["error"]["fields"].keys() == {"parameters.day", "parameters.times"}
    detail = client.get(f"runs/{other['id']}").json()
    assert detail["copied_from"] == {"id": str(run.id), "name": run.name}
    assert detail["state"] == "SCHEDULED"


def test_what_no_deployment_describes_is_not_copied(api, alice, workspace):
    with workspace_scope(workspace.id):
        run = local_run(workspace)

    refused = api(alice).post(f"runs/{run.id}/copy", {})

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_not_copyable")
    assert api(alice).get(f"runs/{run.id}").json()["may"]["copy"] is False


def test_notes_and_tags_are_changed_and_told(api, alice, bob, workspace, deployment):
    with workspace_scope(workspace.id):
        run = start(deployment)
    client = api(alice)

    changed = client.patch(f"runs/{run.id}", {"note": "see ticket 7", "tags": ["a", "b", "a"]})
    only_note = client.patch(f"runs/{run.id}", {"note": ""}).json()
    by_viewer = api(bob, workspace).patch(f"runs/{run.id}", {"note": "no"})

    assert (changed.json()["note"], changed.json()["tags"]) == ("see ticket 7", ["a", "b"])
    assert (only_note["note"], only_note["tags"]) == ("", ["a", "b"])
    assert by_viewer.status_code == 403
    assert api(bob, workspace).get(f"runs/{run.id}").json()["may"]["annotate"] is False
    entries = client.get("audit").json()["items"]
    assert [one["action"] for one in entries].count("run.annotated") == 2


def test_an_executor_starts_subruns_of_its_run(api, alice, workspace, deployment):
    with workspace_scope(workspace.id):
        parent = running(deployment, workspace)
        other = make_deployment(workspace, flow_name="load", name="other")
    agents = api(make_key(alice, role="AGENT"), workspace)
    task_run_id = str(uuid7())

    made = agents.post(
        f"runs/{parent.id}/subruns",
        {"deployment": "load/other", "epoch": parent.epoch, "task_run_id": task_run_id},
    )
    by_id = agents.post(
        f"runs/{parent.id}/subruns", {"deployment": str(other.id), "epoch": parent.epoch}
    )

    assert made.status_code == by_id.status_code == 201
    child = made.json()
    assert (child["source"], child["parent_run_id"]) == ("SUBFLOW", str(parent.id))
    assert child["parent_task_run_id"] == task_run_id
    assert child["created_by"] == {"kind": "run", "id": str(parent.id), "name": parent.name}
    assert agents.get(f"runs/{parent.id}/subruns/{child['id']}").json()["state"] == "SCHEDULED"
    assert agents.get(f"runs/{child['id']}/subruns/{parent.id}").status_code == 404
    viewer = api(alice)
    listed = viewer.get(f"runs?parent={parent.id}").json()["items"]
    assert {one["id"] for one in listed} == {child["id"], by_id.json()["id"]}
    assert viewer.get(f"runs/{parent.id}").json()["children"] == 2
    detail = viewer.get(f"runs/{child['id']}").json()
    assert detail["parent"] == {"id": str(parent.id), "name": parent.name}


def test_nobody_starts_subruns_of_what_they_do_not_execute(api, alice, workspace, deployment):
    with workspace_scope(workspace.id):
        parent = running(deployment, workspace)
        waiting = start(deployment)
    agents = api(make_key(alice, role="AGENT"), workspace)
    body = {"deployment": "load/main"}

    answers = [
        agents.post(f"runs/{parent.id}/subruns", body | {"epoch": parent.epoch + 1}),
        agents.post(f"runs/{waiting.id}/subruns", body | {"epoch": waiting.epoch}),
        agents.post(f"runs/{parent.id}/subruns", {"deployment": "no/such", "epoch": parent.epoch}),
        agents.post(f"deployments/{deployment.id}/runs", {"parent_run_id": str(parent.id)}),
    ]

    assert [one.status_code for one in answers] == [409, 409, 404, 403]
    with workspace_scope(workspace.id):
        assert Run.objects.count() == 2


def test_what_is_left_to_some_people_no_other_run_starts(api, workspace, bundle_folder):
    with workspace_scope(workspace.id):
        secret = make_deployment(workspace, flow_name="secret", name="payroll")
        target = make_deployment_with_code(workspace)
    managed = managed_run(workspace, target)
    carl = join("carl@acme.example", workspace, "DEVELOPER")
    with workspace_scope(workspace.id):
        ObjectRule.objects.create(
            workspace_id=workspace.id,
            object_kind="DEPLOYMENT",
            object_id=secret.id,
            scope="runs:write",
            member=Member.objects.get(user=carl.user, account_id=workspace.account_id),
        )
    path, body = f"runs/{managed.run_id}/subruns", {"deployment": "secret/payroll"}

    by_run = api(managed.key, workspace).post(path, body | {"epoch": managed.epoch})
    named = api(make_key(carl, role="AGENT"), workspace)
    by_named = named.post(path, body | {"epoch": managed.epoch})
    dan = join("dan@acme.example", workspace, "DEVELOPER")
    other = api(make_key(dan, role="AGENT"), workspace)
    by_other = other.post(path, body | {"epoch": managed.epoch})

    assert by_run.json()["error"]["code"] == "object_restricted"
    assert by_named.status_code == 201, by_named.content
    assert by_other.json()["error"]["code"] == "object_restricted"


def test_a_cancellation_goes_down_the_tree(api, alice, workspace, deployment):
    with workspace_scope(workspace.id):
        parent = running(deployment, workspace)
        child = start(deployment, kin=_of(parent))
        (granted,) = [one for one in lease(deployment) if one.run_id == child.id]
        report(granted, RunState.RUNNING, workspace)
        grandchild = start(deployment, kin=_of(child))
        inside = local_run(workspace, parent_run_id=parent.id)
        done = start(deployment, kin=_of(parent))
        runs.cancel_run(workspace_id=workspace.id, run_id=done.id, now=utc_now())
        bystander = start(deployment)

    answer = api(alice).post(f"runs/{parent.id}/cancellation")

    assert answer.json()["state"] == "CANCELLING"
    assert states(workspace, child, grandchild, inside, done, bystander) == [
        *("CANCELLING", "CANCELLED", "CANCELLING", "CANCELLED", "SCHEDULED"),
    ]
    with workspace_scope(workspace.id), pytest.raises(RunNotCancellable):
        runs.cancel_run(workspace_id=workspace.id, run_id=parent.id, now=utc_now())


def test_a_run_that_was_stopped_where_it_ran_takes_its_subruns_along(workspace, deployment):
    with workspace_scope(workspace.id):
        parent = running(deployment, workspace)
        child = start(deployment, kin=_of(parent))

        report(parent, RunState.CANCELLED, workspace)

        assert states(workspace, child) == ["CANCELLED"]
        assert not Lease.objects.filter(ended_at=None).exists()


def test_a_run_that_is_stopping_starts_no_others(api, alice, workspace, deployment):
    with workspace_scope(workspace.id):
        parent = running(deployment, workspace)
        runs.cancel_run(workspace_id=workspace.id, run_id=parent.id, now=utc_now())
    body = {"deployment": "load/main", "epoch": parent.epoch}

    refused = api(make_key(alice, role="AGENT"), workspace).post(f"runs/{parent.id}/subruns", body)

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_not_executing")


def _of(parent):
    return Kin(parent_run_id=parent.id)
