import pytest

from apps.core.ids import uuid7
from apps.flows.models import Deployment, Flow, Schedule
from apps.tenancy.isolation import workspace_scope

pytestmark = pytest.mark.django_db

INPUT = {
    "flow_name": "load orders",
    "name": "nightly",
    "entrypoint": "flow.py:load",
    "path": "/srv/flows",
    "parameters": {"rows": 10},
    "parameter_schema": {
        "type": "object",
        "properties": {"rows": {"type": "integer"}, "day": {"type": "string"}},
        "required": ["rows"],
        "additionalProperties": False,
    },
    "tags": ["orders"],
    "version": "abc123",
    "schedules": [{"kind": "CRON", "cron": "0 6 * * *", "timezone": "Europe/Berlin"}],
    "retries": 2,
    "retry_delay_seconds": 60,
}


def test_the_first_put_creates_and_the_second_replaces(api, alice, workspace):
    first = api(alice).put("deployments", INPUT)
    second = api(alice).put("deployments", INPUT | {"version": "def456", "tags": []})

    assert (first.status_code, second.status_code) == (201, 200)
    before, after = first.json(), second.json()
    assert after["id"] == before["id"]
    assert (after["version"], after["tags"]) == ("def456", [])
    assert after["pool"]["name"] == "default"
    assert after["next_run_at"] == after["schedules"][0]["next_at"] is not None
    with workspace_scope(workspace.id):
        assert (Flow.objects.count(), Deployment.objects.count()) == (1, 1)


def test_an_equal_schedule_survives_a_deploy_with_its_pause(api, alice):
    kept, gone = (
        {"kind": "CRON", "cron": "0 6 * * *", "timezone": "Europe/Berlin"},
        {"kind": "INTERVAL", "interval_seconds": 60},
    )
    first = api(alice).put("deployments", INPUT | {"schedules": [kept, gone]}).json()
    ids = {each["kind"]: each["id"] for each in first["schedules"]}
    api(alice).patch(f"schedules/{ids['CRON']}", {"paused": True})

    second = api(alice).put("deployments", INPUT | {"schedules": [kept]}).json()

    (schedule,) = second["schedules"]
    assert schedule["id"] == ids["CRON"]
    assert schedule["paused"] is True
    assert schedule["next_at"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"entrypoint": "flow.py"}, "entrypoint"),
        ({"unknown": 1}, "unknown"),
        ({"retries": -1}, "retries"),
        (
            {"schedules": [{"kind": "INTERVAL", "interval_seconds": 5, "timezone": "Mars"}]},
            "schedules.0.timezone",
        ),
        ({"tags": "orders"}, "tags"),
        ({"parameter_schema": {"type": "arr"}}, "parameter_schema"),
        ({"parameters": {"rows": "ten"}, "schedules": []}, "parameters.rows"),
        ({"parameters": {"rows": 1, "x": 2}, "schedules": []}, "parameters.x"),
        ({"parameters": {"rows\x00": 1}}, "parameters"),
        ({"parameters": {"day": "x" * 300_000}}, "parameters"),
        ({"schedules": [{"kind": "CRON", "cron": "nope"}]}, "schedules.0.cron"),
        ({"schedules": [{"kind": "CRON"}]}, "schedules.0.cron"),
        (
            {"schedules": [{"kind": "INTERVAL", "cron": "0 6 * * *"}]},
            "schedules.0.interval_seconds",
        ),
        (
            {"schedules": [{"kind": "CRON", "cron": "0 6 * * *", "timezone": "Mars"}]},
            "schedules.0.timezone",
        ),
        (
            {"schedules": [{"kind": "INTERVAL", "interval_seconds": 9, "parameters": {"x": 1}}]},
            "schedules.0.parameters.x",
        ),
    ],
)
def test_bad_input_is_refused_by_field_and_nothing_is_kept(api, alice, workspace, change, field):
    response = api(alice).put("deployments", INPUT | change)

    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == "invalid_request"
    assert list(error["fields"]) == [field]
    with workspace_scope(workspace.id):
        assert not Deployment.objects.exists()
        assert not Flow.objects.exists()


def test_an_unknown_pool_is_refused(api, alice):
    response = api(alice).put("deployments", INPUT | {"pool": "gpu"})

    assert response.status_code == 404


def test_a_deployment_may_leave_required_parameters_to_its_runs(api, alice):
    schema = INPUT["parameter_schema"] | {"required": ["day"]}

    response = api(alice).put("deployments", INPUT | {"parameter_schema": schema, "schedules": []})

    assert response.status_code == 201


def test_pausing_rests_the_schedules_and_resuming_looks_ahead(api, alice):
    deployment = api(alice).put("deployments", INPUT).json()
    path = f"deployments/{deployment['id']}"

    paused = api(alice).patch(path, {"paused": True}).json()
    resumed = api(alice).patch(path, {"paused": False}).json()

    assert (paused["paused"], paused["next_run_at"]) == (True, None)
    assert resumed["next_run_at"] == deployment["next_run_at"]


def test_a_viewer_may_look_but_not_deploy(api, alice, bob, workspace):
    deployment = api(alice).put("deployments", INPUT).json()
    viewer = api(bob, workspace)

    assert viewer.get(f"deployments/{deployment['id']}").status_code == 200
    assert viewer.put("deployments", INPUT).status_code == 403
    assert viewer.patch(f"deployments/{deployment['id']}", {"paused": True}).status_code == 403
    assert viewer.delete(f"deployments/{deployment['id']}").status_code == 403


def test_an_outsider_cannot_tell_a_deployment_from_none(api, alice, mallory):
    deployment = api(alice).put("deployments", INPUT).json()

    theirs = api(mallory).get(f"deployments/{deployment['id']}")
    none = api(mallory).get(f"deployments/{uuid7()}")

    assert theirs.status_code == none.status_code == 404
    assert theirs.json()["error"]["code"] == none.json()["error"]["code"]


def test_a_deleted_deployment_is_gone_and_its_name_is_free(api, alice, workspace):
    deployment = api(alice).put("deployments", INPUT).json()

    deleted = api(alice).delete(f"deployments/{deployment['id']}")
    again = api(alice).put("deployments", INPUT)

    assert deleted.status_code == 204
    assert api(alice).get(f"deployments/{deployment['id']}").status_code == 404
    assert again.status_code == 201
    assert again.json()["id"] != deployment["id"]
    with workspace_scope(workspace.id):
        assert Schedule.objects.get().deployment_id != deployment["id"]


def test_the_list_takes_the_same_queries_for_one_as_for_many(api, alice, queries_of):
    client = api(alice)
    for number in range(12):
        body = client.put("deployments", INPUT | {"name": f"d{number}"}).json()
        client.post(f"deployments/{body['id']}/runs", {})

    _, for_one = queries_of(lambda: client.get("deployments?limit=1"))
    page, for_many = queries_of(lambda: client.get("deployments?limit=10").json())

    assert for_one == for_many <= 14
    assert len(page["items"]) == 10
    assert [len(item["recent_runs"]) for item in page["items"]] == [1] * 10
    assert "parameter_schema" not in page["items"][0]
    rest = client.get(f"deployments?limit=10&cursor={page['next_cursor']}").json()
    assert len(rest["items"]) == 2
    assert rest["next_cursor"] is None
