"""Service accounts: members that are no people, and keys that they hold."""

from __future__ import annotations

import pytest

from apps.core.clock import utc_now
from apps.tenancy import key_cache
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import ApiKey, AuditEntry, RoleAssignment, ServiceAccount
from tests.factories.tenancy import assign_service_account, join, make_key

pytestmark = pytest.mark.django_db
EVENT = {"name": "e", "occurred_at": utc_now().isoformat()}


@pytest.fixture
def owner(api, alice):
    return api(alice)


@pytest.fixture
def below(workspace):
    return f"/api/v1/account/{workspace.account_id}/service-accounts"


@pytest.fixture
def loader(owner, below):
    """A service account without any role."""
    return owner.post(below, {"name": "loader", "description": "nightly loads"}).json()


@pytest.fixture
def developing(workspace, loader):
    """The same as a developer of the workspace."""
    assign_service_account(workspace, loader["id"], "DEVELOPER")
    return loader


def key_of(owner, service_account, **more):
    body = {"name": "loads", "role": "DEVELOPER", "service_account_id": service_account["id"]}
    return owner.post("api-keys", body | more)


def test_is_made_listed_changed_and_deleted(owner, below, loader, alice, workspace):
    assert loader["created_by"]["id"] == str(alice.user.id)
    assert (loader["keys"], loader["workspaces"], loader["disabled_at"]) == (0, [], None)
    assert [one["id"] for one in owner.get(below).json()["items"]] == [loader["id"]]

    changed = owner.patch(f"{below}/{loader['id']}", {"name": "loader 2"}).json()
    assert (changed["name"], changed["description"]) == ("loader 2", "nightly loads")
    assert owner.delete(f"{below}/{loader['id']}").status_code == 204

    assert owner.get(below).json()["items"] == []
    with account_scope(workspace.account_id):
        actions = AuditEntry.objects.filter(object_id=loader["id"]).order_by("occurred_at", "id")
        assert list(actions.values_list("action", flat=True)) == [
            "service_account.created",
            "service_account.changed",
            "service_account.deleted",
        ]


def test_names_are_taken_once_whatever_their_case(owner, below, loader, mallory, api):
    taken = owner.post(below, {"name": "LOADER"})
    elsewhere = f"/api/v1/account/{mallory.workspace.account_id}/service-accounts"

    assert taken.json()["error"]["code"] == "service_account_name_taken"
    assert api(mallory).post(elsewhere, {"name": "loader"}).status_code == 201


def test_its_key_does_what_its_role_allows_today(api, owner, workspace, developing):
    made = key_of(owner, developing).json()
    client = api(made["secret"], workspace)
    assert made["service_account"] == {"id": developing["id"], "name": "loader"}
    assert client.post("events", [EVENT]).status_code == 200

    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(service_account_id=developing["id"]).update(role="VIEWER")
    key_cache.forget_all()

    assert client.get("runs").status_code == 200
    assert client.post("events", [EVENT]).status_code == 403
    [listed] = owner.get("api-keys?owner=service").json()["items"]
    assert "runs:read" in listed["effective_scopes"]
    assert "telemetry:write" not in listed["effective_scopes"]


def test_its_key_outlives_the_stay_of_who_made_it(api, owner, workspace, developing):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    made = key_of(api(dora), developing).json()
    client = api(made["secret"], workspace)
    [member] = [
        one["id"]
        for one in owner.get("members").json()["items"]
        if (one["user"] or {}).get("email") == dora.user.email
    ]

    assert owner.delete(f"members/{member}").status_code == 204
    key_cache.forget_all()

    assert client.post("events", [EVENT]).status_code == 200


def test_a_key_holds_no_more_than_the_service_account_or_the_maker(
    api, owner, workspace, loader, below
):
    without_role = key_of(owner, loader)
    assert without_role.json()["error"]["code"] == "holder_without_role"

    assign_service_account(workspace, loader["id"], "VIEWER")
    more_than_holder = key_of(owner, loader)
    assert more_than_holder.json()["error"]["code"] == "scope_not_held"

    dora = join("dora@acme.example", workspace, "DEVELOPER")
    more_than_maker = key_of(api(dora), loader, role="OWNER")
    assert more_than_maker.json()["error"]["code"] == "scope_not_held"
    with workspace_scope(workspace.id):
        assert not ApiKey.objects.exists()


def test_a_key_of_a_rivals_service_account_is_not_made(
    api, owner, mallory, rival_workspace, developing
):
    answer = key_of(api(mallory), developing)

    assert answer.json()["error"]["fields"] == {"service_account_id": ["Not found."]}
    with workspace_scope(rival_workspace.id):
        assert not ApiKey.objects.exists()


def test_what_its_key_makes_is_its_own(api, owner, workspace, developing):
    first = api(key_of(owner, developing).json()["secret"], workspace)

    second = first.post("api-keys", {"name": "second", "role": "VIEWER"}).json()

    assert second["service_account"]["id"] == developing["id"]
    assert second["created_by"] is None
    assert api(second["secret"], workspace).get("runs").status_code == 200


def test_disabled_its_keys_do_nothing_until_it_is_enabled(
    api, owner, below, workspace, developing, django_capture_on_commit_callbacks
):
    client = api(key_of(owner, developing).json()["secret"], workspace)
    assert client.get("runs").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        disabled = owner.post(f"{below}/{developing['id']}/disablement").json()

    assert disabled["disabled_at"] is not None
    assert client.get("runs").status_code == 403
    assert key_of(owner, developing).json()["error"]["code"] == "holder_without_role"
    with django_capture_on_commit_callbacks(execute=True):
        enabled = owner.delete(f"{below}/{developing['id']}/disablement").json()
    assert (enabled["disabled_at"], enabled["keys"]) == (None, 1)
    assert client.get("runs").status_code == 200


def test_deleted_nothing_of_it_is_left(
    api, owner, below, workspace, developing, django_capture_on_commit_callbacks
):
    client = api(key_of(owner, developing).json()["secret"], workspace)
    assert client.get("runs").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        assert owner.delete(f"{below}/{developing['id']}").status_code == 204

    assert client.get("runs").status_code == 401
    with workspace_scope(workspace.id):
        assert not ApiKey.objects.exists()
        assert not RoleAssignment.objects.filter(service_account_id=developing["id"]).exists()
        assert not ServiceAccount.objects.exists()


def test_its_page_tells_roles_and_keys(owner, below, workspace, developing):
    made = key_of(owner, developing).json()

    shown = owner.get(f"{below}/{developing['id']}").json()
    keys = owner.get(f"{below}/{developing['id']}/keys").json()["items"]

    [place] = shown["workspaces"]
    assert (place["slug"], place["role"], place["role_name"]) == (
        workspace.slug,
        "DEVELOPER",
        "Developer",
    )
    assert shown["keys"] == 1
    assert [(key["id"], key["workspace"]["slug"]) for key in keys] == [(made["id"], workspace.slug)]
    assert "runs:write" in keys[0]["effective_scopes"]


def test_a_list_costs_the_same_for_any_number(
    owner, below, workspace, django_assert_max_num_queries
):
    for number in range(5):
        made = owner.post(below, {"name": f"n{number}"}).json()
        assign_service_account(workspace, made["id"], "DEVELOPER")
        key_of(owner, made)

    with django_assert_max_num_queries(16):
        assert len(owner.get(below).json()["items"]) == 5
    with django_assert_max_num_queries(16):
        assert len(owner.get("api-keys").json()["items"]) == 5


@pytest.mark.parametrize("role", ["DEVELOPER", "VIEWER"])
def test_members_of_the_account_look_and_do_not_touch(api, workspace, below, loader, role):
    client = api(join("carl@acme.example", workspace, role))

    assert client.get(below).status_code == 200
    assert client.post(below, {"name": "x"}).status_code == 403
    assert client.patch(f"{below}/{loader['id']}", {"name": "x"}).status_code == 403
    assert client.delete(f"{below}/{loader['id']}").status_code == 403
    assert client.post(f"{below}/{loader['id']}/disablement").status_code == 403


def test_keys_and_rivals_learn_of_none(api, alice, workspace, mallory, below, loader):
    assert api(mallory).get(f"{below}/{loader['id']}").status_code == 404
    assert api(make_key(alice, role="OWNER"), workspace).get(below).status_code == 403
