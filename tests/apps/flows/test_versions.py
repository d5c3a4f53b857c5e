"""Each deploy makes a version, which can be told, compared and deployed again."""

from __future__ import annotations

import pytest

from apps.core.clock import utc_now
from apps.flows.models import Deployment, DeploymentVersion
from apps.runs.enums import RunState
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import lease, make_deployment, report, start
from tests.factories.tenancy import join

pytestmark = pytest.mark.django_db

INPUT = {"flow_name": "load", "name": "nightly", "entrypoint": "f.py:f", "path": "/srv"}


def put(api, who, **changes):
    response = api(who).put("deployments", INPUT | changes)
    assert response.status_code in {200, 201}, response.content
    return response.json()


def versions(api, who, deployment):
    return api(who).get(f"deployments/{deployment['id']}/versions").json()["items"]


def test_every_deploy_makes_a_version_also_an_equal_one(api, alice):
    first = put(api, alice, version="abc", tags=["x"])
    second = put(api, alice, version="abc", tags=["x"])
    third = put(api, alice, version="def", parameters={"n": 1}, retries=3)

    assert [each["version_number"] for each in (first, second, third)] == [1, 2, 3]
    found = versions(api, alice, third)
    assert [(each["number"], each["label"], each["current"]) for each in found] == [
        (3, "def", True),
        (2, "abc", False),
        (1, "abc", False),
    ]
    assert [each["changes"] for each in found] == [["parameters", "retries", "tags"], [], []]
    assert found[0]["spec"]["parameters"] == {"n": 1}
    assert found[0]["created_by"]["name"] == alice.user.display_name


def test_a_page_of_versions_compares_with_the_one_before_the_page(api, alice):
    for number in range(3):
        deployment = put(api, alice, parameters={"n": number})

    path = f"deployments/{deployment['id']}/versions?limit=1"
    page = api(alice).get(path).json()
    following = api(alice).get(f"{path}&cursor={page['next_cursor']}").json()

    assert [page["items"][0]["number"], following["items"][0]["number"]] == [3, 2]
    assert page["items"][0]["changes"] == following["items"][0]["changes"] == ["parameters"]


def test_rolling_back_deploys_what_was_said_and_leaves_the_schedules(api, alice):
    put(api, alice, parameters={"n": 1}, overlap="SKIP", description="then")
    now = put(
        api,
        alice,
        parameters={"n": 2},
        description="now",
        schedules=[{"kind": "CRON", "cron": "0 6 * * *"}],
    )

    back = api(alice).post(f"deployments/{now['id']}/rollback", {"number": 1})

    assert back.status_code == 200
    body = back.json()
    assert (body["parameters"], body["description"]) == ({"n": 1}, "then")
    assert (body["overlap"], body["concurrency_limit"]) == ("SKIP", 1)
    assert body["version_number"] == 3
    assert [each["cron"] for each in body["schedules"]] == ["0 6 * * *"]
    newest = versions(api, alice, now)[0]
    assert (newest["number"], newest["of_number"], newest["current"]) == (3, 1, True)


def test_rolling_back_to_nothing_is_refused_and_nothing_is_made(api, alice, bob):
    deployment = put(api, alice)

    absent = api(alice).post(f"deployments/{deployment['id']}/rollback", {"number": 7})
    unasked = api(bob).post(f"deployments/{deployment['id']}/rollback", {"number": 1})

    assert absent.status_code == 404
    assert absent.json()["error"]["message"] == "There is no such version."
    assert unasked.status_code == 403
    assert len(versions(api, alice, deployment)) == 1


def test_what_stood_before_there_were_versions_becomes_the_first(api, alice, workspace):
    deployment = put(api, alice, version="old", parameters={"n": 1})
    with workspace_scope(workspace.id):
        DeploymentVersion.objects.all().delete()

    put(api, alice, version="new", parameters={"n": 2})

    found = versions(api, alice, deployment)
    assert [(each["number"], each["label"]) for each in found] == [(2, "new"), (1, "old")]
    assert found[0]["changes"] == ["parameters"]
    assert found[1]["created_by"] is None


def test_a_run_says_which_version_it_executes(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = start(deployment)
        assert run.deployment_version == 1

        make_deployment(workspace)  # deployed again before anybody took the run
        (granted,) = lease(deployment)
        taken = report(granted, RunState.RUNNING, workspace).run
        make_deployment(workspace)

        taken.refresh_from_db()
        assert taken.deployment_version == 2
        assert Deployment.objects.get().version_number == 3


def test_owners_are_named_by_us(api, alice, workspace):
    join("carl@acme.example", workspace, "VIEWER")
    team = api(alice).post(f"/api/v1/account/{workspace.account_id}/teams", {"name": "Data"}).json()

    body = put(
        api,
        alice,
        owners=[
            {"kind": "user", "id": str(alice.user.id)},
            {"kind": "team", "id": team["id"]},
        ],
    )

    assert body["owners"] == [
        {"kind": "user", "id": str(alice.user.id), "name": alice.user.display_name},
        {"kind": "team", "id": team["id"], "name": "Data"},
    ]


def test_owners_from_elsewhere_are_refused(api, alice, mallory):
    response = api(alice).put(
        "deployments",
        INPUT
        | {
            "owners": [
                {"kind": "user", "id": str(alice.user.id)},
                {"kind": "user", "id": str(mallory.user.id)},
                {"kind": "team", "id": str(alice.user.id)},
            ]
        },
    )

    assert response.status_code == 400
    assert sorted(response.json()["error"]["fields"]) == ["owners.1.id", "owners.2.id"]
    assert api(alice).get("deployments").json()["items"] == []


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({}, None),
        ({"concurrency_limit": 3}, 3),
        ({"overlap": "QUEUE"}, 1),
        ({"overlap": "CANCEL_RUNNING", "concurrency_limit": 2}, 2),
    ],
)
def test_a_deploy_says_how_many_runs_go_on_at_once(api, alice, given, limit):
    put(api, alice, concurrency_limit=9)

    body = put(api, alice, **given)

    assert body["concurrency_limit"] == limit
    assert body["overlap"] == given.get("overlap", "ALLOW")
    assert len(api(alice).get("limits").json()["items"]) == (limit is not None)


def test_a_deleted_deployment_leaves_no_limit(api, alice):
    body = put(api, alice, concurrency_limit=9)

    api(alice).delete(f"deployments/{body['id']}")

    assert api(alice).get("limits").json()["items"] == []


def test_only_the_newest_versions_keep_their_code(workspace, bundle_folder):
    from apps.flows.services.versions import WITH_CODE
    from tests.factories.compute import make_deployment_with_code

    now = utc_now()
    with workspace_scope(workspace.id):
        for _ in range(WITH_CODE + 2):
            make_deployment_with_code(workspace, now=now)

        with_code = DeploymentVersion.objects.filter(bundle__isnull=False)
        assert set(with_code.values_list("number", flat=True)) == set(range(3, WITH_CODE + 3))
