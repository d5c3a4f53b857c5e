"""A key does what its maker may do today, and nothing once they have left."""

from __future__ import annotations

import pytest

from apps.core.clock import utc_now
from apps.identity.models import User
from apps.tenancy import key_cache, selectors, services
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.keys import hash_secret
from apps.tenancy.scopes import ROLE_SCOPES, Scope, WorkspaceRole
from tests.factories.tenancy import join, make_key

pytestmark = pytest.mark.django_db
EVENT = {"name": "e", "occurred_at": utc_now().isoformat()}


@pytest.fixture
def dora(workspace):
    """A developer of the workspace."""
    return join("dora@acme.example", workspace, "DEVELOPER")


@pytest.fixture
def set_role(api, alice, dora):
    """Give Dora another role, or none, and let the second pass for which keys are remembered."""

    def change(role):
        owner = api(alice)
        members = owner.get("members").json()["items"]
        [member] = [one["id"] for one in members if one["user"]["email"] == dora.user.email]
        if role is None:
            assert owner.delete(f"members/{member}").status_code == 204
        else:
            assert owner.patch(f"members/{member}", {"role": role}).status_code == 200
        key_cache.forget_all()

    return change


def test_the_key_of_a_demoted_maker_only_reads(api, workspace, dora, set_role):
    client = api(make_key(dora, role="DEVELOPER"), workspace)
    assert client.post("events", [EVENT]).status_code == 200

    set_role("VIEWER")

    assert client.get("runs").status_code == 200
    refused = client.post("events", [EVENT])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    assert client.post("api-keys", {"name": "x", "role": "VIEWER"}).status_code == 403


def test_the_agents_key_of_a_demoted_maker_takes_and_reports_nothing(
    api, workspace, dora, set_role
):
    client = api(make_key(dora, role="AGENT"), workspace)
    assert client.post("ingest", {"heartbeats": []}).status_code == 200

    set_role("RUNNER")

    beat = {"agent": {}, "leases": []}
    assert client.post("pools/default/heartbeats", beat).status_code == 403
    run = {"run_id": "0199a0a0-0000-7000-8000-000000000000", "epoch": 1}
    assert client.post("ingest", {"heartbeats": [run]}).status_code == 403


def test_the_key_of_somebody_who_left_does_nothing_until_they_are_back(
    api, workspace, alice, dora, set_role
):
    client = api(make_key(dora, role="DEVELOPER"), workspace)

    set_role(None)

    assert client.get("/api/v1/me").json()["workspaces"][0]["scopes"] == []
    for path in ("", "runs", "events", "api-keys"):
        url = f"{client.workspace_url}/{path}".rstrip("/")
        assert client.get(url).status_code == 403
    assert client.post("events", [EVENT]).status_code == 403

    join_again(dora, workspace)
    assert client.get("runs").status_code == 200


def test_a_key_made_by_a_key_follows_the_person_behind_both(api, workspace, dora, set_role):
    first = api(make_key(dora, role="DEVELOPER"), workspace)
    made = first.post("api-keys", {"name": "second", "role": "DEVELOPER"}).json()
    second = api(made["secret"], workspace)
    assert second.get("runs").status_code == 200

    set_role(None)

    assert second.get("runs").status_code == 403


def test_a_promoted_makers_key_gains_nothing(api, workspace, dora, set_role):
    client = api(make_key(dora, scopes=[Scope.RUNS_READ]), workspace)

    set_role("OWNER")

    assert client.get("runs").status_code == 200
    assert client.get("members").status_code == 403


def test_the_key_of_a_closed_account_does_nothing(api, workspace, dora):
    client = api(make_key(dora, role="DEVELOPER"), workspace)

    User.objects.filter(pk=dora.user.pk).update(is_active=False)
    key_cache.forget_all()

    assert client.get("runs").status_code == 403


def test_the_list_says_what_each_key_may_do_today(api, alice, dora, set_role):
    made = api(dora).post("api-keys", {"name": "ci", "scopes": ["runs:read", "runs:write"]}).json()
    assert made["effective_scopes"] == ["runs:read", "runs:write"]

    set_role("VIEWER")
    [key] = api(alice).get("api-keys").json()["items"]
    assert (key["scopes"], key["effective_scopes"]) == (["runs:read", "runs:write"], ["runs:read"])

    set_role(None)
    [key] = api(alice).get("api-keys").json()["items"]
    assert (key["scopes"], key["effective_scopes"]) == (["runs:read", "runs:write"], [])


def test_looking_at_the_maker_costs_no_query_of_its_own(
    workspace, alice, django_assert_num_queries
):
    secret_hash = hash_secret(make_key(alice, role="AGENT"))

    with django_assert_num_queries(1):
        found = selectors.find_key_entrance(secret_hash=secret_hash, now=utc_now())

    assert found.actor.scopes == ROLE_SCOPES[WorkspaceRole.AGENT]


def join_again(person, workspace):
    with workspace_scope(workspace.id):
        services.add_member(
            workspace_id=workspace.id,
            account_id=workspace.account_id,
            user_id=person.user.id,
            role="DEVELOPER",
        )
    key_cache.forget_all()
