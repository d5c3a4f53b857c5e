"""Ways in which somebody tried to get further than they are let; each is tried by HTTP."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from apps.identity import services as identity
from apps.identity.models import Mail, User
from apps.tenancy import key_cache
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import (
    Account,
    ApiKey,
    AuditEntry,
    Invitation,
    Member,
    ObjectRule,
    RoleAssignment,
    TeamMember,
    Workspace,
)
from apps.tenancy.scopes import Scope
from tests.factories.tenancy import (
    Person,
    actor_of,
    join,
    join_account,
    make_custom_role,
    make_service_key,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
LINK = re.compile(r"/invitations/(hwi_\w+)")
FRAMED = "request-of-alice-0001"


def code_of(answer):
    return answer.json()["error"]["code"] if answer.status_code >= 400 else "done"


def member_of(person, workspace):
    return Member.objects.get(account_id=workspace.account_id, user=person.user)


@pytest.fixture
def account(workspace):
    return f"/api/v1/account/{workspace.account_id}"


@pytest.fixture
def second(workspace):
    """Another address of somebody's, with a login and no place anywhere."""
    user = make_user("second@acme.example")
    identity.confirm_address(user_id=user.id, email=user.email)
    return Person(user=user, workspace=workspace)


def offer_ownership(api, inviter, account):
    """Invite the second address as an owner, and return the link's token."""
    answer = api(inviter).post(
        f"{account}/invitations", {"email": "second@acme.example", "account_role": "OWNER"}
    )
    assert answer.status_code == 201
    return LINK.search(Mail.objects.latest("created_at").text).group(1)


def demoted(api, alice, carol, account):
    path = f"{account}/members/{member_of(carol, carol.workspace).id}"
    return api(alice).patch(path, {"account_role": "ADMIN"}).status_code


def handed_over(api, alice, carol, account):
    body = {"member_id": str(member_of(alice, alice.workspace).id)}
    return api(carol).post(f"{account}/ownership", body).status_code


def deleted(api, alice, carol, account):
    client = api(carol)
    reauthenticated = client.post(
        "/_allauth/browser/v1/auth/reauthenticate", {"password": "correct horse battery staple"}
    )
    assert reauthenticated.status_code == 200
    return client.delete("/api/v1/me").status_code


@pytest.mark.parametrize("end", [demoted, handed_over, deleted])
def test_who_was_an_owner_comes_back_as_none_by_an_old_invitation(
    api, alice, workspace, account, second, end
):
    carol = join_account("carol@acme.example", workspace, "OWNER")
    token = offer_ownership(api, carol, account)
    assert end(api, alice, carol, account) in {200, 204}

    answer = api(second).post(f"/api/v1/invitations/{token}/acceptance")

    assert code_of(answer) == "invitation_not_valid"
    assert not Member.objects.filter(user=second.user).exists()
    with account_scope(workspace.account_id):
        assert Invitation.objects.get().revoked_at is not None


def test_an_offer_beyond_what_its_inviter_is_today_is_no_offer(
    api, alice, workspace, account, second
):
    """Whatever made them less, and whether or not it ended their offers."""
    carol = join_account("carol@acme.example", workspace, "OWNER")
    token = offer_ownership(api, carol, account)
    Member.objects.filter(user=carol.user).update(role="ADMIN")

    answer = api(second).post(f"/api/v1/invitations/{token}/acceptance")

    assert code_of(answer) == "invitation_not_valid"
    assert not Member.objects.filter(user=second.user).exists()


def test_an_admin_keeps_the_invitations_that_an_admin_may_make(api, alice, workspace, account):
    carol = join_account("carol@acme.example", workspace, "OWNER")
    client = api(carol)
    for email, role in (("a@acme.example", "OWNER"), ("b@acme.example", "ADMIN")):
        client.post(f"{account}/invitations", {"email": email, "account_role": role})

    demoted(api, alice, carol, account)

    with account_scope(workspace.account_id):
        open_ones = Invitation.objects.filter(revoked_at=None)
        assert list(open_ones.values_list("email", flat=True)) == ["b@acme.example"]


@pytest.fixture
def dora(workspace):
    """A developer, whom the rule does not name."""
    return join("dora@acme.example", workspace, "DEVELOPER")


@pytest.fixture
def pool(api, alice):
    return api(alice).post("pools", {"name": "gpu"}).json()["id"]


def leave_pool_to(workspace, pool, **named):
    with workspace_scope(workspace.id):
        ObjectRule.objects.create(
            workspace_id=workspace.id,
            object_kind="POOL",
            object_id=pool,
            scope=Scope.RUNS_WRITE,
            **named,
        )
    key_cache.forget_changed()


def test_nobody_passes_a_rule_by_a_key_of_the_service_account_that_it_names(
    api, alice, dora, workspace, pool
):
    robot, _ = make_service_key(alice, role="DEVELOPER", scopes=[Scope.RUNS_WRITE])
    leave_pool_to(workspace, pool, service_account_id=robot.id)
    client = api(dora)
    own = client.post("api-keys", {"name": "own", "role": "DEVELOPER"}).json()["id"]
    with workspace_scope(workspace.id):
        its_key = ApiKey.objects.get(service_account=robot).id
    held_by_it = {"name": "x", "role": "DEVELOPER", "service_account_id": str(robot.id)}

    answers = [
        client.post("api-keys", held_by_it),
        client.post(f"api-keys/{its_key}/rotation", {}),
        client.post(f"api-keys/{own}/holder", {"service_account_id": str(robot.id)}),
    ]

    assert [code_of(each) for each in answers] == ["object_restricted"] * 3
    with workspace_scope(workspace.id):
        assert ApiKey.objects.count() == 2
        assert ApiKey.objects.get(pk=own).service_account_id is None
    # Of what rules leave alone she makes keys for it as before, and an owner makes any.
    looks = {"name": "x", "role": "VIEWER", "service_account_id": str(robot.id)}
    assert client.post("api-keys", looks).status_code == 201
    assert api(alice).post("api-keys", held_by_it).status_code == 201


def test_nobody_passes_a_rule_by_a_key_of_a_service_account_that_owns(
    api, alice, dora, workspace, pool
):
    robot, _ = make_service_key(alice, role="OWNER", scopes=[Scope.RUNS_WRITE])
    leave_pool_to(workspace, pool, member_id=member_of(alice, workspace).id)

    answer = api(dora).post(
        "api-keys", {"name": "x", "role": "DEVELOPER", "service_account_id": str(robot.id)}
    )

    assert code_of(answer) == "object_restricted"


def test_an_admin_passes_no_rule_by_the_team_that_it_names(
    api, alice, workspace, account, pool, second
):
    adam = join_account("adam@acme.example", workspace, "ADMIN")
    with workspace_scope(workspace.id):
        RoleAssignment.objects.create(
            workspace_id=workspace.id,
            member=member_of(adam, workspace),
            user=adam.user,
            role="DEVELOPER",
        )
    team = make_team(workspace, "data-eng")
    leave_pool_to(workspace, pool, team_id=team.id)
    client, himself = api(adam), {"member_id": str(member_of(adam, workspace).id)}

    answers = [
        client.post(f"{account}/teams/{team.id}/members", himself),
        client.post(
            f"{account}/invitations", {"email": second.user.email, "team_ids": [str(team.id)]}
        ),
    ]

    assert [code_of(each) for each in answers] == ["object_restricted"] * 2
    with account_scope(workspace.account_id):
        assert not TeamMember.objects.exists()
        assert not Invitation.objects.exists()
    by_owner = api(alice).post(f"{account}/teams/{team.id}/members", himself)
    assert by_owner.status_code == 201


def test_a_team_that_a_rule_names_meanwhile_is_left_out_of_an_old_invitation(
    api, alice, workspace, account, pool, second
):
    adam = join_account("adam@acme.example", workspace, "ADMIN")
    team = make_team(workspace, "data-eng")
    api(adam).post(
        f"{account}/invitations", {"email": second.user.email, "team_ids": [str(team.id)]}
    )
    token = LINK.search(Mail.objects.latest("created_at").text).group(1)
    leave_pool_to(workspace, pool, team_id=team.id)

    assert api(second).post(f"/api/v1/invitations/{token}/acceptance").status_code == 200

    assert Member.objects.filter(user=second.user).exists()
    with account_scope(workspace.account_id):
        assert not TeamMember.objects.exists()


def test_who_holds_every_scope_makes_no_owner_whom_rules_do_not_narrow(
    api, alice, bob, workspace, pool
):
    everything = make_custom_role(workspace, "Everything", list(Scope))
    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(user=bob.user).update(role=None, custom_role=everything)
        own = RoleAssignment.objects.get(user=bob.user).id
    eve = join_account("eve@acme.example", workspace)
    leave_pool_to(workspace, pool, member_id=member_of(alice, workspace).id)
    client, to_eve = api(bob), {"member_id": str(member_of(eve, workspace).id)}

    answers = [
        client.patch(f"members/{own}", {"role": "OWNER"}),
        client.post("members", to_eve | {"role": "OWNER"}),
    ]

    assert [code_of(each) for each in answers] == ["object_restricted"] * 2
    with workspace_scope(workspace.id):
        owners = RoleAssignment.objects.filter(role="OWNER").values_list("user_id", flat=True)
        assert list(owners) == [alice.user.id]
    assert client.post("members", to_eve | {"role": "DEVELOPER"}).status_code == 201


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"require_mfa": True}, "mfa_required"),
        ({"allowed_networks": [{"cidr": "203.0.113.0/24", "note": ""}]}, "address_not_allowed"),
    ],
)
def test_no_workspace_is_made_past_the_account_s_door(api, alice, workspace, asked, code):
    client = api(alice)
    Account.objects.filter(pk=workspace.account_id).update(**asked)
    key_cache.forget_all()

    answers = [
        client.post("/api/v1/workspaces", {"name": "n"} | named)
        for named in ({}, {"account_id": str(workspace.account_id)})
    ]

    assert [code_of(each) for each in answers] == [code] * 2
    assert Workspace.objects.filter(account_id=workspace.account_id).count() == 1


def test_an_admin_makes_no_workspace_past_the_provider_that_the_account_asks_for(
    api, workspace, account
):
    adam = join_account("adam@acme.example", workspace, "ADMIN")
    client = api(adam)
    Account.objects.filter(pk=workspace.account_id).update(sso_required=True)
    key_cache.forget_all()

    answer = client.post("/api/v1/workspaces", {"name": "n"})

    assert code_of(answer) == "sso_required"
    assert Workspace.objects.filter(account_id=workspace.account_id).count() == 1


def test_nobody_writes_to_the_log_under_the_name_of_a_request_of_the_same_id(
    api, alice, workspace, account
):
    """Callers choose the ids of their requests, and threads serve one after the other."""
    client = api(alice)
    client.post(f"{account}/invitations", {"email": "eve@acme.example"})
    token = LINK.search(Mail.objects.latest("created_at").text).group(1)
    with account_scope(workspace.account_id):
        invitation = Invitation.objects.get().id
    headers = {"X_Request_Id": FRAMED}
    gone = client.delete(f"{account}/invitations/{invitation}", **headers)
    assert gone.status_code == 204

    answer = Client().get(f"/api/v1/invitations/{token}", headers={"X-Request-Id": FRAMED})

    assert answer.status_code == 404
    with account_scope(workspace.account_id):
        entry = AuditEntry.objects.get(action="invitation.refused")
        assert (entry.request_id, entry.actor_kind, entry.actor_id) == (FRAMED, "nobody", None)


def test_what_is_archived_can_be_read_and_exported_and_not_changed(api, alice, workspace, account):
    client = api(alice)
    assert client.post(f"{account}/archival").status_code == 200
    assert client.post(f"{account}/exports").status_code == 201

    read = ("exports", "invitations", "security", "allowed-networks", "sso-connections", "scim")
    answers = {path: client.get(f"{account}/{path}").status_code for path in read}
    changed = client.post(f"{account}/invitations", {"email": "eve@acme.example"})

    assert answers == dict.fromkeys(read, 200)
    assert code_of(changed) == "account_archived"
    assert not User.objects.filter(email="eve@acme.example").exists()


def test_who_was_deactivated_reaches_the_account_by_no_old_session(api, alice, workspace, account):
    """Nor one of a person whose login was closed, at an account's door as at a workspace's."""
    adam = join_account("adam@acme.example", workspace, "ADMIN")
    client = api(adam)
    assert client.get(f"{account}/members").status_code == 200
    actor_of(alice)
    User.objects.filter(pk=adam.user.pk).update(is_active=False)
    key_cache.forget_all()

    answers = [client.get(f"{account}/members"), client.post("/api/v1/workspaces", {"name": "n"})]

    assert [each.status_code for each in answers] == [401, 401]


def test_who_signs_up_by_an_offer_that_no_longer_stands_starts_with_an_account_of_their_own(
    api, alice, workspace, account, client
):
    carol = join_account("carol@acme.example", workspace, "OWNER")
    token = offer_ownership(api, carol, account)
    Member.objects.filter(user=carol.user).update(role="ADMIN")

    answer = client.post(
        "/_allauth/browser/v1/auth/signup",
        {"email": "second@acme.example", "password": "correct horse battery staple"},
        content_type="application/json",
        headers={"X-Invitation": token},
    )

    assert answer.status_code == 401  # a mail is waited for
    (theirs,) = Member.objects.filter(user__email="second@acme.example")
    assert theirs.account_id != workspace.account_id
