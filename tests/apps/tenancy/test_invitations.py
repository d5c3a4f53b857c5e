"""Invitations by mail: made, sent again, revoked, accepted, refused without telling anything."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.errors import DomainError
from apps.identity import services as identity
from apps.identity.models import Mail
from apps.tenancy import services
from apps.tenancy.actors import AccountRef, Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.errors import InvitationNotValid
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.keys import new_secret
from apps.tenancy.models import (
    AccountLimits,
    AuditEntry,
    CustomRole,
    Invitation,
    Member,
    RoleAssignment,
    Team,
    TeamMember,
)
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES
from tests.factories.tenancy import Person, join, make_user, sign_up

pytestmark = pytest.mark.django_db
LINK = re.compile(r"/invitations/(hwi_\w+)")


@pytest.fixture
def account(workspace):
    return f"/api/v1/account/{workspace.account_id}"


@pytest.fixture
def invited(api, alice, account):
    """Invite as Alice; return the answer."""

    def invite(email="eve@acme.example", **offer):
        return api(alice).post(f"{account}/invitations", {"email": email} | offer)

    return invite


@pytest.fixture
def eve(workspace):
    """A person with a confirmed address and no account."""
    return newcomer("eve@acme.example", workspace)


def newcomer(email, workspace):
    user = make_user(email)
    identity.confirm_address(user_id=user.id, email=email)
    return Person(user=user, workspace=workspace)


def last_token():
    mail = Mail.objects.order_by("created_at", "id").last()
    return LINK.search(mail.text).group(1)


def refused_in_log(workspace):
    with account_scope(workspace.account_id):
        return AuditEntry.objects.filter(action="invitation.refused").count()


def test_the_link_is_in_the_mail_and_only_its_hash_is_kept(invited, workspace, alice):
    answer = invited()

    assert answer.status_code == 201
    mail = Mail.objects.get(recipient="eve@acme.example")
    token = last_token()
    assert re.fullmatch(r"hwi_[0-9A-Za-z]{49}", token)
    assert 'href="http' in mail.html
    assert token in mail.html
    assert "Alice" in mail.subject
    assert token.encode() not in answer.content
    with account_scope(workspace.account_id):
        invitation = Invitation.objects.get()
    assert invitation.token_hash not in {"", token}
    assert invitation.expires_at - invitation.sent_at == timedelta(days=7)
    assert answer.json()["state"] == "OPEN"
    assert answer.json()["invited_by"]["name"] == "Alice"


def test_acceptance_gives_what_was_offered(api, invited, eve, workspace, account):
    with account_scope(workspace.account_id):
        team = Team.objects.create(account_id=workspace.account_id, name="Data")
    invited(
        account_role="MEMBER",
        grants=[{"workspace_id": str(workspace.id), "role": "DEVELOPER"}],
        team_ids=[str(team.id)],
    )
    token = last_token()

    offer = api(eve).get(f"/api/v1/invitations/{token}").json()
    answer = api(eve).post(f"/api/v1/invitations/{token}/acceptance")

    assert offer["yours"] is True
    assert offer["email"] == "e•••@acme.example"
    assert offer["workspaces"] == [workspace.name]
    assert answer.json() == {
        "account": {"id": str(workspace.account_id), "name": "Alice"},
        "workspace": workspace.slug,
    }
    member = Member.objects.get(user=eve.user)
    assert (member.role, member.source) == ("MEMBER", "INVITATION")
    assert api(eve).get("runs").status_code == 200
    with account_scope(workspace.account_id):
        assert TeamMember.objects.filter(team=team, member=member).exists()
        said = AuditEntry.objects.filter(action="member.joined").get()
    assert said.actor_id == eve.user.id


def test_a_custom_role_can_be_offered(api, invited, eve, workspace):
    with account_scope(workspace.account_id):
        role = CustomRole.objects.create(
            account_id=workspace.account_id,
            name="Watcher",
            based_on="VIEWER",
            scopes=["runs:read"],
        )
    answer = invited(grants=[{"workspace_id": workspace.id, "custom_role_id": role.id}])

    api(eve).post(f"/api/v1/invitations/{last_token()}/acceptance")

    assert answer.json()["grants"][0]["role_name"] == "Watcher"
    with workspace_scope(workspace.id):
        assert RoleAssignment.objects.get(user=eve.user).custom_role_id == role.id


def test_addresses_are_compared_without_regard_to_case(api, invited, eve):
    assert invited("EVE@Acme.example").json()["email"] == "eve@acme.example"

    assert api(eve).post(f"/api/v1/invitations/{last_token()}/acceptance").status_code == 200


def test_whatever_is_wrong_with_a_token_has_one_answer(api, invited, eve, workspace):
    def token_of(email, **columns):
        made = invited(email).json()
        with account_scope(workspace.account_id):
            Invitation.objects.filter(pk=made["id"]).update(**columns)
        return last_token()

    expired = token_of("expired@acme.example", expires_at=utc_now())
    revoked = token_of("revoked@acme.example", revoked_at=utc_now())
    replaced = token_of("replaced@acme.example", revoked_at=None)
    invited("replaced@acme.example")
    used = token_of("eve@acme.example", revoked_at=None)
    assert api(eve).post(f"/api/v1/invitations/{used}/acceptance").status_code == 200
    answers = set()

    for token in (expired, revoked, replaced, used, new_secret("hwi_"), "hwi_x", new_secret()):
        path = f"/api/v1/invitations/{token}"
        for answer in (
            Client().get(path),
            api(eve).get(path),
            api(eve).post(f"{path}/acceptance"),
        ):
            error = answer.json()["error"]
            error.pop("request_id")
            answers.add((answer.status_code, str(error)))

    assert [(status, "invitation_not_valid" in body) for status, body in answers] == [(404, True)]
    assert refused_in_log(workspace) == 4 * 3
    assert Member.objects.filter(user=eve.user).count() == 1


def test_tries_of_a_link_that_once_was_real_are_noted_but_not_without_end(invited, workspace):
    invited()
    with account_scope(workspace.account_id):
        Invitation.objects.update(expires_at=utc_now())
    token = last_token()

    for _ in range(12):
        assert Client().get(f"/api/v1/invitations/{token}").status_code == 404
    Client().get(f"/api/v1/invitations/{new_secret('hwi_')}")

    assert refused_in_log(workspace) == 10
    with account_scope(services.acceptance.NOBODYS):
        assert not AuditEntry.objects.exists()


def test_a_known_and_an_unknown_token_cost_the_same_statements(invited, workspace):
    invited()
    with account_scope(workspace.account_id):
        Invitation.objects.update(expires_at=utc_now())
    costs = []

    for token in (last_token(), new_secret("hwi_"), "hwi_x"):
        with CaptureQueriesContext(connection) as done, pytest.raises(InvitationNotValid):
            services.find_open_invitation(token=token, now=utc_now())
        costs.append([each["sql"].split()[0] for each in done if "SAVEPOINT" not in each["sql"]])

    assert costs[0] == costs[1] == costs[2]
    assert "INSERT" in costs[0]


def test_another_persons_invitation_is_refused_and_noted(api, invited, workspace, mallory):
    invited()
    identity.confirm_address(user_id=mallory.user.id, email=mallory.user.email)

    offer = api(mallory).get(f"/api/v1/invitations/{last_token()}").json()
    answer = api(mallory).post(f"/api/v1/invitations/{last_token()}/acceptance")

    assert offer["yours"] is False
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "invitation_for_another_address"
    assert "eve" not in answer.content.decode()
    assert refused_in_log(workspace) == 1
    with account_scope(workspace.account_id):
        assert Invitation.objects.get().accepted_at is None


def test_an_address_that_is_not_confirmed_lets_nobody_in(api, invited, workspace):
    user = make_user("eve@acme.example")
    user.emailaddress_set.create(email="eve@acme.example", verified=False)
    invited()

    answer = api(Person(user=user, workspace=workspace)).post(
        f"/api/v1/invitations/{last_token()}/acceptance"
    )

    assert answer.json()["error"]["code"] == "address_not_confirmed"
    assert not Member.objects.filter(user=user).exists()


def test_a_new_link_ends_the_old_one(api, invited, alice, account):
    made = invited().json()
    first = last_token()

    again = api(alice).post(f"{account}/invitations/{made['id']}/sending")

    assert again.status_code == 200
    assert last_token() != first
    assert Client().get(f"/api/v1/invitations/{first}").status_code == 404
    assert Client().get(f"/api/v1/invitations/{last_token()}").status_code == 200


def test_a_revoked_invitation_is_over(api, invited, alice, account):
    made = invited().json()

    assert api(alice).delete(f"{account}/invitations/{made['id']}").status_code == 204

    assert api(alice).delete(f"{account}/invitations/{made['id']}").status_code == 404
    assert Client().get(f"/api/v1/invitations/{last_token()}").status_code == 404
    listed = api(alice).get(f"{account}/invitations?state=REVOKED").json()["items"]
    assert [row["id"] for row in listed] == [made["id"]]
    assert api(alice).get(f"{account}/invitations?state=OPEN").json()["items"] == []


def test_nobody_invites_to_more_than_they_hold(api, workspace, account, alice):
    carol = join("carol@acme.example", workspace, "DEVELOPER")
    Member.objects.filter(user=carol.user).update(role="ADMIN")
    own = services.create_workspace(
        account_id=workspace.account_id, user_id=alice.user.id, name="Other", now=utc_now()
    )
    with account_scope(workspace.account_id):
        team = Team.objects.create(account_id=workspace.account_id, name="Owners")
        RoleAssignment.objects.create(workspace_id=own.id, team=team, role="OWNER")

    offers = [
        {"account_role": "OWNER"},
        {"account_role": "BILLING"},
        {"grants": [{"workspace_id": str(workspace.id), "role": "OWNER"}]},
        {"grants": [{"workspace_id": str(own.id), "role": "VIEWER"}]},
        {"team_ids": [str(team.id)]},
    ]
    answers = [
        api(carol).post(f"{account}/invitations", {"email": "eve@acme.example"} | offer)
        for offer in offers
    ]

    assert {answer.json()["error"]["code"] for answer in answers} == {"scope_not_held"}
    assert not Mail.objects.exists()
    with account_scope(workspace.account_id):
        assert not Invitation.objects.exists()


def test_what_the_inviter_no_longer_holds_is_left_out(api, workspace, account, alice, eve):
    carol = join("carol@acme.example", workspace, "OWNER")
    Member.objects.filter(user=carol.user).update(role="ADMIN")
    offer = {"grants": [{"workspace_id": str(workspace.id), "role": "OWNER"}]}
    api(carol).post(f"{account}/invitations", {"email": "eve@acme.example"} | offer)
    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(user=carol.user).update(role="VIEWER")

    answer = api(eve).post(f"/api/v1/invitations/{last_token()}/acceptance")

    assert answer.status_code == 200
    assert answer.json()["workspace"] is None
    with workspace_scope(workspace.id):
        assert not RoleAssignment.objects.filter(user=eve.user).exists()


@pytest.mark.parametrize("how", ["deactivated", "removed", "demoted"])
def test_what_somebody_offered_ends_with_their_right_to_offer(api, workspace, account, alice, how):
    carol = join("carol@acme.example", workspace, "OWNER")
    Member.objects.filter(user=carol.user).update(role="ADMIN")
    api(carol).post(f"{account}/invitations", {"email": "eve@acme.example"})
    of_carol = f"{account}/members/{Member.objects.get(user=carol.user).id}"

    if how == "deactivated":
        api(alice).post(f"{of_carol}/deactivation")
    elif how == "removed":
        api(alice).delete(of_carol)
    else:
        api(alice).patch(of_carol, {"account_role": "MEMBER"})

    assert Client().get(f"/api/v1/invitations/{last_token()}").status_code == 404


def test_unknown_workspaces_roles_and_teams_are_refused(invited, workspace, rival_workspace):
    answers = [
        invited(grants=[{"workspace_id": str(rival_workspace.id), "role": "VIEWER"}]),
        invited(grants=[{"workspace_id": str(workspace.id), "role": "AGENT"}]),
        invited(grants=[{"workspace_id": str(workspace.id), "custom_role_id": workspace.id}]),
        invited(grants=[{"workspace_id": str(workspace.id)}]),
        invited(team_ids=[str(workspace.id)]),
        invited("no address"),
    ]

    assert {answer.status_code for answer in answers} == {400}


def test_open_invitations_take_seats(api, invited, eve, workspace, alice, account):
    AccountLimits.objects.create(account_id=workspace.account_id, max_users=2)

    first, second = invited(), invited("frank@acme.example")
    replaced = invited()
    accepted = api(eve).post(f"/api/v1/invitations/{last_token()}/acceptance")

    assert first.status_code == replaced.status_code == 201
    assert second.status_code == 402
    assert second.json()["error"]["details"] == {"what": "users", "limit": 2, "used": 2}
    assert accepted.status_code == 200


def test_nobody_is_let_in_once_the_seats_are_gone(api, invited, eve, workspace):
    invited()
    AccountLimits.objects.create(account_id=workspace.account_id, max_users=1)

    answer = api(eve).post(f"/api/v1/invitations/{last_token()}/acceptance")

    assert answer.status_code == 402
    assert not Member.objects.filter(user=eve.user).exists()


def test_whom_the_member_list_shows_is_not_invited(invited, bob, workspace):
    identity.confirm_address(user_id=bob.user.id, email="bob@private.example")

    assert invited("Bob@acme.example").json()["error"]["code"] == "already_member"
    # An address that the list does not show: nothing tells that it is a member's.
    assert invited("bob@private.example").status_code == 201


def test_a_member_who_accepts_gets_what_they_lack(api, invited, bob, workspace, alice):
    own = services.create_workspace(
        account_id=workspace.account_id, user_id=alice.user.id, name="Other", now=utc_now()
    )
    identity.confirm_address(user_id=bob.user.id, email="bob@private.example")
    invited(
        "bob@private.example",
        account_role="ADMIN",
        grants=[
            {"workspace_id": str(own.id), "role": "RUNNER"},
            {"workspace_id": str(workspace.id), "role": "OWNER"},
        ],
    )

    assert api(bob).post(f"/api/v1/invitations/{last_token()}/acceptance").status_code == 200

    assert Member.objects.get(user=bob.user).role == "MEMBER"
    with account_scope(workspace.account_id):
        held = dict(
            RoleAssignment.objects.filter(user=bob.user).values_list("workspace_id", "role")
        )
    assert held == {workspace.id: "VIEWER", own.id: "RUNNER"}


def test_sending_has_a_limit(api, invited, alice, account):
    made = invited().json()
    answers = [api(alice).post(f"{account}/invitations/{made['id']}/sending") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert answers[-1]["Retry-After"] == "3600"
    # Nor by revoking and inviting anew.
    api(alice).delete(f"{account}/invitations/{made['id']}")
    assert invited().status_code == 429
    assert invited("frank@acme.example").status_code == 201


def test_an_archived_account_lets_nobody_in(api, invited, eve, workspace):
    invited()
    services.archive_account(account_id=workspace.account_id, now=utc_now())

    assert api(eve).post(f"/api/v1/invitations/{last_token()}/acceptance").status_code == 404


def test_a_person_who_signs_up_with_the_invited_address_is_let_in_at_once(invited, workspace):
    invited(grants=[{"workspace_id": str(workspace.id), "role": "VIEWER"}])
    user = make_user("eve@acme.example")
    other = make_user("frank@acme.example")

    refused = services.accept_for_new_person(
        token=last_token(), person=as_actor(other), now=utc_now()
    )
    accepted = services.accept_for_new_person(
        token=last_token(), person=as_actor(user), now=utc_now()
    )

    assert refused is None
    assert accepted.workspace == workspace.slug
    assert not Member.objects.filter(user=other).exists()


def sign_up_with(token, email):
    client = Client()
    answer = client.post(
        "/_allauth/browser/v1/auth/signup",
        {"email": email, "password": "a long enough passphrase"},
        content_type="application/json",
        headers={"X-Invitation": token},
    )
    return client, answer


def test_signing_up_by_the_link_confirms_the_address_and_makes_no_account(invited, workspace):
    invited(grants=[{"workspace_id": str(workspace.id), "role": "VIEWER"}])

    client, answer = sign_up_with(last_token(), "Eve@acme.example")

    assert answer.status_code == 200, answer.content
    me = client.get("/api/v1/me").json()
    assert [each["id"] for each in me["workspaces"]] == [str(workspace.id)]
    person = Member.objects.get(user__email="eve@acme.example")
    assert person.account_id == workspace.account_id
    assert person.user.emailaddress_set.get().verified
    assert Member.objects.filter(user=person.user).count() == 1


@pytest.mark.parametrize("which", ["of somebody else", "forged"])
def test_a_link_that_does_not_fit_changes_nothing_about_a_sign_up(invited, workspace, which):
    invited()
    token = last_token() if which == "of somebody else" else new_secret("hwi_")

    client, answer = sign_up_with(token, "frank@acme.example")

    assert answer.status_code == 401  # the address is to be confirmed first
    person = Member.objects.get(user__email="frank@acme.example")
    assert person.account_id != workspace.account_id
    assert person.role == "OWNER"
    assert not person.user.emailaddress_set.get().verified
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_one_link_lets_one_person_in_once_however_often_it_is_used_at_once():
    alice = sign_up("alice@acme.example")
    account_id = alice.workspace.account_id
    with account_scope(account_id):
        services.invite(
            account=AccountRef(id=account_id, name="Acme"),
            inviter=as_actor(alice.user),
            held=ACCOUNT_ROLE_SCOPES["OWNER"],
            email="eve@acme.example",
            account_role="MEMBER",
            grants=[],
            team_ids=[],
            now=utc_now(),
        )
        token = last_token()
    eve = newcomer("eve@acme.example", alice.workspace)
    together, outcomes = threading.Barrier(3), []

    def accept():
        try:
            together.wait(timeout=30)
            services.accept_invitation(token=token, person=as_actor(eve.user), now=utc_now())
            outcomes.append("accepted")
        except DomainError as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(outcomes) == ["accepted", "invitation_not_valid", "invitation_not_valid"]
    assert Member.objects.filter(user=eve.user).count() == 1


def as_actor(user):
    return Actor(
        kind=ActorKind.USER,
        id=user.id,
        name=user.display_name,
        email=user.email,
        user_id=user.id,
    )


def test_names_in_the_mail_are_words_and_no_links(api, alice, account, invited):
    """Whoever may invite chooses them, and so what a stranger reads in a mail of ours."""
    lure = "Your bill: https://evil.example/pay\nwww.evil.example"
    assert api(alice).patch(account, {"name": lure}).status_code == 200

    assert invited().status_code == 201

    mail = Mail.objects.latest("created_at")
    assert "\n" not in mail.subject
    (link,) = re.findall(r"http\S+/invitations/\w+", mail.text)
    assert set(re.findall(r'href="([^"]*)"', mail.html)) == {link, "mailto:eve@acme.example"}
    for part in (mail.subject, mail.text, mail.html):
        assert "evil.example" not in part
        assert "://evil" not in part
