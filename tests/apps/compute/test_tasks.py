"""What a task asks for when it begins."""

from datetime import timedelta

import pytest

from apps.compute.models import ManagedTask
from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs.enums import RunState
from apps.tenancy.actors import RunRef
from apps.tenancy.isolation import workspace_scope
from tests.factories.compute import make_deployment_with_code, managed_run
from tests.factories.dispatch import make_deployment, report
from tests.factories.tenancy import make_key
from tests.factories.zips import sha256_of, sound

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(workspace):
    deployment = make_deployment_with_code(
        workspace,
        requirements=["polars>=1"],
        timeout_seconds=60,
        parameters={"rows": 3},
    )
    return managed_run(workspace, deployment)


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_task_learns_all_that_it_needs(api, run, workspace):
    answer = api(run.key, workspace).get(f"runs/{run.run_id}/task")

    assert answer.status_code == 200, answer.content
    body = answer.json()
    lease = body.pop("lease")
    assert body == {
        "bundle": {"sha256": sha256_of(sound()), "bytes": len(sound())},
        "requirements": ["polars>=1"],
        "python": ">=3.11",
        "size": {"cpu": 0.25, "memory_mb": 512},
    }
    assert lease["run_id"] == str(run.run_id)
    assert (lease["epoch"], lease["attempt"], lease["lease_seconds"]) == (run.epoch, 1, 30)
    assert (lease["parameters"], lease["timeout_seconds"]) == ({"rows": 3}, 60)
    assert lease["deployment"]["entrypoint"] == "flow.py:load"


def test_a_task_fetches_its_code(api, run, workspace):
    answer = api(run.key, workspace).get(f"runs/{run.run_id}/task/bundle?epoch={run.epoch}")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Length"] == str(len(sound()))
    assert b"".join(answer.streaming_content) == sound()


@pytest.mark.parametrize("path", ["task", "task/bundle"])
def test_people_and_agents_have_no_task(api, alice, run, workspace, path):
    for who in (alice, make_key(alice, role="OWNER"), make_key(alice, role="AGENT")):
        refused = api(who, workspace).get(f"runs/{run.run_id}/{path}")

        assert code(refused) == (403, "permission_denied")


@pytest.mark.parametrize("path", ["task", "task/bundle"])
def test_another_execution_is_stale(api, run, workspace, path):
    client = api(run.key, workspace)

    refused = client.get(f"runs/{run.run_id}/{path}?epoch={run.epoch + 1}")

    assert code(refused) == (409, "stale_epoch")
    assert client.get(f"runs/{run.run_id}/{path}?epoch=x").status_code == 400


@pytest.mark.parametrize("path", ["task", "task/bundle"])
def test_once_the_lease_is_over_there_is_no_task(api, run, workspace, path):
    with workspace_scope(workspace.id):
        execution = RunRef(run_id=run.run_id, epoch=run.epoch)
        report(execution, RunState.RUNNING, workspace)
        report(execution, RunState.COMPLETED, workspace)

    assert code(api(run.key, workspace).get(f"runs/{run.run_id}/{path}")) == (409, "stale_epoch")


def test_a_deployment_that_moved_to_agents_has_no_code(api, run, workspace):
    with workspace_scope(workspace.id):
        make_deployment(workspace, timeout_seconds=60)

    refused = api(run.key, workspace).get(f"runs/{run.run_id}/task")

    assert code(refused) == (409, "deployment_has_no_code")


def test_lost_code_is_said_to_be_lost(api, run, workspace, bundle_folder):
    for path in bundle_folder.rglob("*.zip"):
        path.unlink()

    refused = api(run.key, workspace).get(f"runs/{run.run_id}/task/bundle")

    assert code(refused) == (404, "not_found")


def test_a_beat_prolongs_the_lease_and_brings_commands(api, alice, run, workspace):
    client = api(run.key, workspace)
    heard = client.post(f"runs/{run.run_id}/heartbeat", {"epoch": run.epoch}).json()
    assert (heard["commands"], heard["lost"]) == ([], [])
    client.post(
        f"runs/{run.run_id}/transitions",
        {"epoch": run.epoch, "state": "RUNNING", "occurred_at": utc_now().isoformat()},
    )
    api(alice).post(f"runs/{run.run_id}/cancellation")

    told = client.post(f"runs/{run.run_id}/heartbeat", {"epoch": run.epoch}).json()

    expected = {"run_id": str(run.run_id), "epoch": run.epoch}
    assert (told["commands"], told["lost"]) == ([expected | {"command": "cancel"}], [])
    assert told["live_url"]


def test_a_task_tells_how_far_it_is(api, run, workspace):
    with workspace_scope(workspace.id):
        ManagedTask.objects.create(
            workspace_id=workspace.id,
            run_id=run.run_id,
            epoch=run.epoch,
            deployment_id=uuid7(),
            backend="LOCAL",
            cpu_units=256,
            memory_mb=512,
            run_key=run.key,
            requested_at=utc_now(),
            launch_at=utc_now(),
        )
    client, at = api(run.key, workspace), utc_now() - timedelta(seconds=3)
    phase = {"epoch": run.epoch, "phase": "FETCHED", "at": at.isoformat()}

    told = client.post(f"runs/{run.run_id}/task/phases", phase)

    assert told.status_code == 204
    with workspace_scope(workspace.id):
        task = ManagedTask.objects.get(run_id=run.run_id)
    assert (task.fetched_at, task.prepared_at) == (at, None)
    other = client.post(f"runs/{run.run_id}/task/phases", phase | {"epoch": run.epoch + 1})
    assert code(other) == (409, "stale_epoch")
    for change in ({"phase": "STARTED"}, {"at": "yesterday"}, {"surplus": 1}):
        wrong = client.post(f"runs/{run.run_id}/task/phases", phase | change)
        assert code(wrong) == (400, "invalid_request")


def test_only_the_task_tells_how_far_it_is(api, alice, run, workspace):
    phase = {"epoch": run.epoch, "phase": "FETCHED", "at": utc_now().isoformat()}

    refused = api(alice).post(f"runs/{run.run_id}/task/phases", phase)

    assert code(refused) == (403, "permission_denied")
