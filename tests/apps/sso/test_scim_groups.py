"""Groups of a provider: teams whose members it decides."""

from __future__ import annotations

import pytest

from apps.core.clock import utc_now
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import Invitation, ObjectRule, RoleAssignment, Team, TeamMember
from tests.apps.sso.test_scim_users import refused

pytestmark = pytest.mark.django_db


def members_in(group, account_id):
    with account_scope(account_id):
        found = TeamMember.objects.filter(team_id=group["id"]).values_list("member_id", flat=True)
        return {str(each) for each in found}


def make_team(account_id, name):
    with account_scope(account_id):
        return Team.objects.create(account_id=account_id, name=name)


def test_a_group_is_a_team(scim, account_id, logged):
    carol, dora = scim.add_user("carol@acme.example"), scim.add_user("dora@acme.example")

    group = scim.add_group("Data", carol, dora, externalId="g-1")

    with account_scope(account_id):
        team = Team.objects.get(pk=group["id"])
    assert (team.name, team.external_id) == ("Data", "g-1")
    assert members_in(group, account_id) == {carol["id"], dora["id"]}
    assert logged() == ["scim.user_created"] * 2 + ["scim.group_created"]


def test_members_come_and_go(scim, account_id):
    carol, dora = scim.add_user("carol@acme.example"), scim.add_user("dora@acme.example")
    group = scim.add_group("Data", carol)
    path = f"Groups/{group['id']}"
    seen = []

    for operation in (
        {"op": "add", "path": "members", "value": [{"value": dora["id"], "type": "User"}]},
        {"op": "add", "path": "members", "value": [{"value": dora["id"]}]},
        {"op": "remove", "path": f'members[value eq "{carol["id"]}"]'},
        {"op": "replace", "path": "members", "value": {"value": carol["id"]}},
        {"op": "remove", "path": "members"},
    ):
        assert scim.patch(path, operation).status_code == 204
        seen.append(members_in(group, account_id))

    both = {carol["id"], dora["id"]}
    assert seen == [both, both, {dora["id"]}, {carol["id"]}, set()]
    assert "members" not in scim.get(path).json()


def test_a_whole_group_is_written_anew(scim, account_id):
    carol, dora = scim.add_user("carol@acme.example"), scim.add_user("dora@acme.example")
    group = scim.add_group("Data", carol, externalId="g-1")

    body = {"displayName": "Data 2", "members": [{"value": dora["id"]}]}
    answer = scim.put(f"Groups/{group['id']}", body)

    assert answer.json()["displayName"] == "Data 2"
    assert "externalId" not in answer.json()
    assert members_in(group, account_id) == {dora["id"]}


def test_a_team_of_the_accounts_own_is_not_taken_over(scim, account_id):
    team = make_team(account_id, "Admins")
    carol = scim.add_user("carol@acme.example")
    group = scim.add_group("Data", carol)

    made = scim.post("Groups", {"displayName": "ADMINS", "members": [{"value": carol["id"]}]})
    renamed = scim.patch(
        f"Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "admins"}
    )

    refused(made, 409, "uniqueness")
    refused(renamed, 409, "uniqueness")
    refused(scim.get(f"Groups/{team.pk}"), 404)
    refused(scim.delete(f"Groups/{team.pk}"), 404)
    assert members_in({"id": team.pk}, account_id) == set()
    assert scim.get("Groups").json()["totalResults"] == 1


def test_members_who_are_not_managed_are_neither_told_nor_removed(scim, account_id, alice):
    carol = scim.add_user("carol@acme.example")
    group = scim.add_group("Data", carol)
    with account_scope(account_id):
        own = alice.user.memberships.get(account_id=account_id)
        TeamMember.objects.create(
            account_id=account_id, team_id=group["id"], member=own, user=alice.user
        )

    scim.put(f"Groups/{group['id']}", {"displayName": "Data", "members": []})

    assert members_in(group, account_id) == {str(own.pk)}
    assert "members" not in scim.get(f"Groups/{group['id']}").json()


@pytest.mark.parametrize("member", ["nobody", "", "01900000-0000-7000-8000-000000000001"])
def test_unknown_members_are_refused_as_a_whole(scim, account_id, member):
    carol = scim.add_user("carol@acme.example")
    group = scim.add_group("Data")
    add = {
        "op": "add",
        "path": "members",
        "value": [{"value": carol["id"]}, {"value": member, "type": "User"}],
    }

    refused(scim.patch(f"Groups/{group['id']}", add), 400, "invalidValue")

    assert members_in(group, account_id) == set()


def test_a_deleted_group_takes_its_roles_along(scim, workspace, account_id, logged):
    group = scim.add_group("Data", scim.add_user("carol@acme.example"))
    with workspace_scope(workspace.id):
        RoleAssignment.objects.create(
            workspace_id=workspace.id, team_id=group["id"], role="DEVELOPER"
        )

    assert scim.delete(f"Groups/{group['id']}").status_code == 204

    with workspace_scope(workspace.id):
        assert not RoleAssignment.objects.filter(team_id__isnull=False).exists()
    with account_scope(account_id):
        assert not Team.objects.filter(pk=group["id"]).exists()
    assert logged()[-1] == "scim.group_deleted"
    refused(scim.delete(f"Groups/{group['id']}"), 404)


def test_a_group_that_rules_name_is_not_deleted(scim, workspace, account_id):
    carol = scim.add_user("carol@acme.example")
    group = scim.add_group("Data", carol)
    with workspace_scope(workspace.id):
        ObjectRule.objects.create(
            workspace_id=workspace.id,
            object_kind="POOL",
            object_id=workspace.id,
            scope="runs:write",
            team_id=group["id"],
        )

    assert "rules" in refused(scim.delete(f"Groups/{group['id']}"), 409).lower()

    assert members_in(group, account_id) == {carol["id"]}
    assert scim.get(f"Groups/{group['id']}").status_code == 200


def test_versions_of_groups_count_what_others_change_too(scim, account_id, alice):
    group = scim.add_group("Data")
    path, first = f"Groups/{group['id']}", group["meta"]["version"]
    with account_scope(account_id):
        own = alice.user.memberships.get(account_id=account_id)
        TeamMember.objects.create(
            account_id=account_id,
            team_id=group["id"],
            member=own,
            user=alice.user,
            created_at=utc_now(),
        )

    second = scim.get(path)["ETag"]

    assert second != first
    refused(scim.delete(path, If_Match=first), 412)
    rename = {"op": "replace", "path": "displayName", "value": "Data 2"}
    assert scim.patch(path, rename, If_Match=second).status_code == 204
    assert scim.get(path, If_None_Match=second).status_code == 200


def test_a_change_answers_with_the_group_where_parts_are_named(scim):
    group = scim.add_group("Data")
    rename = {"op": "replace", "path": "displayName", "value": "Data 2"}

    answer = scim.patch(f"Groups/{group['id']}?attributes=displayName", rename)

    assert answer.json() == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "id": group["id"],
        "displayName": "Data 2",
    }


def test_a_team_of_the_provider_is_not_changed_by_hand(scim, account_id, api, alice, workspace):
    carol, dora = scim.add_user("carol@acme.example"), scim.add_user("dora@acme.example")
    group = scim.add_group("Data", carol)
    owner, url = api(alice), f"/api/v1/account/{account_id}"
    team = f"{url}/teams/{group['id']}"
    offer = {"email": "eve@acme.example", "team_ids": [group["id"]]}

    answers = {
        "rename": owner.patch(team, {"name": "Others"}),
        "join": owner.post(f"{team}/members", {"member_id": dora["id"]}),
        "leave": owner.delete(f"{team}/members/{carol['id']}"),
        "delete": owner.delete(team),
        "invite": owner.post(f"{url}/invitations", offer),
    }

    codes = {how: (each.status_code, each.json()["error"]["code"]) for how, each in answers.items()}
    assert codes == dict.fromkeys(answers, (409, "team_is_provided"))
    assert members_in(group, account_id) == {carol["id"]}
    shown = owner.get(team).json()
    assert (shown["name"], shown["provided"]) == ("Data", True)
    with account_scope(account_id):
        assert not Invitation.objects.filter(email="eve@acme.example").exists()


def test_what_a_team_of_the_provider_may_is_the_accounts_own_affair(
    scim, account_id, api, alice, workspace
):
    group = scim.add_group("Data")
    owner = api(alice)
    team = f"/api/v1/account/{account_id}/teams/{group['id']}"

    described = owner.patch(team, {"description": "Loads and models"})
    granted = owner.post("members", {"team_id": group["id"], "role": "RUNNER"})

    assert (described.status_code, granted.status_code) == (200, 201)
    assert described.json()["description"] == "Loads and models"
