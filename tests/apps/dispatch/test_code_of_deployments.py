"""Where else the code of a deployment is, and what is said of its runs' jobs."""

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services as dispatch
from apps.dispatch.enums import PoolKind
from apps.flows.models import Deployment, DeploymentVersion
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import lease, make_deployment, start

pytestmark = pytest.mark.django_db

URL = "https://git.acme.dev/flows.git"
GIT = {"kind": "git", "url": URL, "ref": "main", "folder": "jobs"}
ZIP = {"kind": "object_store", "url": "s3://code/flows.zip", "sha256": "ab" * 32}
IMAGE = {"kind": "image", "image": "acme/flows:1.4", "folder": "/app"}
INPUT = {"flow_name": "load", "name": "nightly", "entrypoint": "f.py:f"}


@pytest.fixture
def boxes(workspace):
    with workspace_scope(workspace.id):
        dispatch.create_pool(
            workspace_id=workspace.id, name="boxes", kind=PoolKind.DOCKER, now=utc_now()
        )
    return "boxes"


def put(api, who, **changes):
    response = api(who).put("deployments", INPUT | changes)
    assert response.status_code in {200, 201}, response.content
    return response.json()


@pytest.mark.parametrize("code", [GIT, ZIP])
def test_code_from_elsewhere_is_kept_shown_and_listed(api, alice, code):
    made = put(api, alice, code=code, job_settings={"env": {"A": "1"}})

    assert (made["code"], made["path"]) == (code, "")
    assert made["job_settings"] == {"env": {"A": "1"}}
    (row,) = api(alice).get("deployments").json()["items"]
    assert row["code"] == code
    assert "job_settings" not in row


def test_an_image_is_for_pools_that_execute_images(api, alice, boxes):
    made = put(api, alice, code=IMAGE, pool=boxes, job_settings={"memory_mb": 512})

    assert made["code"] == IMAGE


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"code": {"kind": "svn", "url": URL}}, ["code.kind"]),
        ({"code": {"kind": "git"}}, ["code.url"]),
        ({"code": {"kind": "git", "url": "https://t0ken@git.acme.dev/x"}}, ["code.url"]),
        ({"code": {"kind": "git", "url": URL, "branch": "main"}}, ["code.branch"]),
        ({"code": GIT | {"ref": "-x", "folder": "/x"}}, ["code.folder", "code.ref"]),
        ({"code": "main"}, ["code"]),
        ({"code": IMAGE}, ["code.kind"]),
        ({"code": GIT, "pool": "boxes"}, ["code.kind"]),
        ({"code": GIT, "path": "/srv"}, ["path"]),
        ({"code": GIT, "entrypoint": "../f.py:f"}, ["entrypoint"]),
        ({}, ["path"]),
        ({"path": "/app", "pool": "boxes"}, ["code"]),
        ({"path": "/srv", "job_settings": {"memory_mb": 1}}, ["job_settings.memory_mb"]),
        ({"path": "/srv", "job_settings": {"env": {"A": 1}}}, ["job_settings.env.A"]),
        ({"path": "/srv", "job_settings": []}, ["job_settings"]),
        (
            {"code": IMAGE, "pool": "boxes", "job_settings": {"image": "acme/other"}},
            ["job_settings.image"],
        ),
    ],
)
@pytest.mark.usefixtures("boxes")
def test_what_does_not_fit_is_refused_at_its_field_and_nothing_is_made(
    api, alice, workspace, changes, fields
):
    refused = api(alice).put("deployments", INPUT | changes)

    assert refused.status_code == 400
    assert sorted(refused.json()["error"]["fields"]) == fields
    with workspace_scope(workspace.id):
        assert not Deployment.objects.exists()


def test_credentials_are_not_repeated_in_the_refusal(api, alice):
    code = {"kind": "git", "url": "https://alice:s3cret@git.acme.dev/x.git"}

    refused = api(alice).put("deployments", INPUT | {"code": code})

    assert "s3cret" not in refused.content.decode()
    assert "credential helper" in refused.json()["error"]["fields"]["code.url"][0]


def test_a_pools_image_is_enough_for_a_folder_in_it(api, alice, boxes):
    pools = api(alice).get("pools").json()["items"]
    (pool,) = [each for each in pools if each["name"] == boxes]
    api(alice).patch(f"pools/{pool['id']}", {"job_defaults": {"image": "acme/flows"}})

    made = put(api, alice, path="/app", pool=boxes)

    assert (made["path"], made["code"]) == ("/app", None)


def test_versions_keep_code_and_settings_and_roll_them_back(api, alice):
    put(api, alice, code=GIT, job_settings={"env": {"A": "1"}})
    now = put(api, alice, path="/srv")

    place = f"deployments/{now['id']}"
    back = api(alice).post(f"{place}/rollback", {"number": 1}).json()

    assert (back["code"], back["job_settings"]) == (GIT, {"env": {"A": "1"}})
    newest, middle, first = api(alice).get(f"{place}/versions").json()["items"]
    assert newest["changes"] == middle["changes"] == ["code", "job_settings", "path"]
    assert first["spec"]["code"] == newest["spec"]["code"] == GIT


def test_versions_from_before_there_was_any_said_nothing_of_it(api, alice, workspace):
    deployment = put(api, alice, path="/srv")
    with workspace_scope(workspace.id):
        version = DeploymentVersion.objects.get()
        version.spec.pop("code")
        version.spec.pop("job_settings")
        version.save()

    put(api, alice, path="/srv", retries=1)

    place = f"deployments/{deployment['id']}"
    assert api(alice).get(f"{place}/versions").json()["items"][0]["changes"] == ["retries"]
    assert api(alice).post(f"{place}/rollback", {"number": 1}).json()["code"] is None


def test_a_lease_says_where_the_code_is(in_workspace):
    deployment = make_deployment(in_workspace, path="", code=GIT, job_settings={"env": {"B": "2"}})
    start(deployment)

    (granted,) = lease(deployment)

    assert granted.deployment.code == GIT
    assert granted.deployment.job_settings == {"env": {"B": "2"}}
