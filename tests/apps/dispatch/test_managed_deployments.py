"""Deployments of managed pools: code, requirements and size; and that others have none."""

import pytest

from apps.core.clock import utc_now
from apps.flows import services as flows
from apps.flows.models import Deployment
from apps.tenancy.isolation import workspace_scope

pytestmark = pytest.mark.django_db

SHA = "ab" * 32
MANAGED = {
    "flow_name": "load",
    "name": "main",
    "entrypoint": "flow.py:main",
    "pool": "managed",
    "bundle": {"sha256": SHA},
}


@pytest.fixture(autouse=True)
def _compute(settings):
    settings.COMPUTE_BACKEND = "local"


@pytest.fixture
def bundle(workspace):
    return record(workspace)


def record(workspace, sha256=SHA):
    with workspace_scope(workspace.id):
        row, _ = flows.record_bundle(
            workspace_id=workspace.id, sha256=sha256, size_bytes=1_234, files=3, now=utc_now()
        )
        return row


def fields(answer):
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["code"] == "invalid_request"
    return answer.json()["error"]["fields"]


def count(workspace):
    with workspace_scope(workspace.id):
        return Deployment.objects.count()


def test_a_managed_deployment_names_its_code(api, alice, bundle):
    given = MANAGED | {
        "requirements": ["polars>=1"],
        "size": {"cpu": 0.5, "memory_mb": 2048},
    }

    made = api(alice).put("deployments", given)

    assert made.status_code == 201, made.content
    body = made.json()
    assert body["pool"]["name"] == "managed"
    assert body["path"] == ""
    assert body["requirements"] == ["polars>=1"]
    assert body["size"] == {"cpu": 0.5, "memory_mb": 2048}
    assert body["bundle"]["sha256"] == SHA
    assert (body["bundle"]["bytes"], body["bundle"]["files"]) == (1_234, 3)
    assert api(alice).get(f"deployments/{body['id']}").json() == body


def test_rows_of_a_list_leave_the_requirements_out(api, alice, bundle):
    client = api(alice)
    client.put("deployments", MANAGED | {"requirements": ["polars>=1"]})

    (row,) = client.get("deployments").json()["items"]

    assert "requirements" not in row
    assert row["bundle"]["sha256"] == SHA
    assert row["size"] == {"cpu": 0.25, "memory_mb": 512}  # the smallest, as nothing was said


def test_a_deployment_of_agents_shows_no_code(api, alice):
    body = (
        api(alice)
        .put("deployments", MANAGED | {"pool": "default", "path": "/srv", "bundle": None})
        .json()
    )

    assert (body["bundle"], body["size"], body["requirements"]) == (None, None, [])


def test_moving_to_agents_takes_the_code_away(api, alice, bundle):
    client = api(alice)
    first = client.put("deployments", MANAGED | {"requirements": ["polars"]}).json()

    second = client.put(
        "deployments", MANAGED | {"pool": "default", "path": "/srv", "bundle": None}
    ).json()

    assert second["id"] == first["id"]
    assert (second["bundle"], second["size"], second["requirements"]) == (None, None, [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bundle": None}, "bundle"),
        ({"bundle": {"sha256": "cd" * 32}}, "bundle"),
        ({"bundle": {"sha256": SHA.upper()}}, "bundle.sha256"),
        ({"bundle": {"sha256": "../" + SHA[3:]}}, "bundle.sha256"),
        ({"bundle": {}}, "bundle.sha256"),
        ({"path": "/srv"}, "path"),
        ({"entrypoint": "/srv/flow.py:main"}, "entrypoint"),
        ({"entrypoint": "../flow.py:main"}, "entrypoint"),
        ({"entrypoint": "a/../../flow.py:main"}, "entrypoint"),
        ({"entrypoint": "..\\flow.py:main"}, "entrypoint"),
        ({"requirements": ["-r x.txt"]}, "requirements"),
        ({"requirements": ["tool @ file:///etc/passwd"]}, "requirements"),
        ({"requirements": ["a"] * 201}, "requirements"),
        ({"size": {"cpu": 0.25, "memory_mb": 4096}}, "size.memory_mb"),
        ({"size": {"cpu": 3, "memory_mb": 4096}}, "size.cpu"),
        ({"size": {"cpu": 1}}, "size.memory_mb"),
        ({"size": {"cpu": "NaN", "memory_mb": 512}}, "size.cpu"),
    ],
)
def test_what_does_not_fit_is_named(api, alice, workspace, bundle, change, field):
    refused = api(alice).put("deployments", MANAGED | change)

    assert list(fields(refused)) == [field]
    assert count(workspace) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bundle": {"sha256": SHA}}, "bundle"),
        ({"requirements": ["polars"]}, "requirements"),
        ({"size": {"cpu": 1, "memory_mb": 2048}}, "size"),
        ({"path": ""}, "path"),
    ],
)
def test_agents_pools_have_a_folder_and_no_code(api, alice, workspace, bundle, change, field):
    given = MANAGED | {"pool": "default", "path": "/srv", "bundle": None} | change

    assert list(fields(api(alice).put("deployments", given))) == [field]
    assert count(workspace) == 0


def test_the_code_of_another_workspace_is_not_there(api, alice, workspace, rival_workspace):
    record(rival_workspace)

    assert list(fields(api(alice).put("deployments", MANAGED))) == ["bundle"]
    assert count(workspace) == 0
