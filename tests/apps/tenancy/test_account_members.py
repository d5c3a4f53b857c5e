"""People of an account: lists, roles, deactivated, removed, gone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.tenancy import key_cache, selectors, services
from apps.tenancy.enums import AccountRole
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import (
    AccountLimits,
    ApiKey,
    AuditEntry,
    Member,
    ObjectRule,
    RoleAssignment,
    Team,
    TeamMember,
)
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES
from tests.factories.tenancy import join, make_key, sign_up

pytestmark = pytest.mark.django_db
ALL = ACCOUNT_ROLE_SCOPES["OWNER"]


@pytest.fixture
def account(workspace):
    return f"/api/v1/account/{workspace.account_id}"


def member_of(person):
    return Member.objects.get(user=person.user, account_id=person.workspace.account_id)


def set_account_role(person, role):
    Member.objects.filter(user=person.user).update(role=role)


def in_team(workspace, *people, name="Data"):
    with account_scope(workspace.account_id):
        team = Team.objects.create(account_id=workspace.account_id, name=name)
        for person in people:
            TeamMember.objects.create(
                account_id=workspace.account_id,
                team=team,
                member=member_of(person),
                user=person.user,
            )
        RoleAssignment.objects.create(workspace_id=workspace.id, team=team, role="RUNNER")
    return team


def test_a_row_says_what_somebody_holds_and_through_what(api, alice, bob, workspace, account):
    team = in_team(workspace, bob)

    rows = api(alice).get(f"{account}/members").json()

    assert rows["total"] == 2
    assert [row["user"]["email"] for row in rows["items"]] == [alice.user.email, bob.user.email]
    row = rows["items"][1]
    assert row["account_role"] == "MEMBER"
    assert row["teams"] == [{"id": str(team.id), "name": "Data"}]
    held = {(each["role"], each["via"] and each["via"]["name"]) for each in row["workspaces"]}
    assert held == {("VIEWER", None), ("RUNNER", "Data")}
    assert row["mfa"] is False
    assert row["deactivated_at"] is None


def test_filters_narrow_the_list_and_its_total(api, alice, bob, workspace, account):
    carol = join("carol@acme.example", workspace, "VIEWER")
    team = in_team(workspace, carol)
    Member.objects.filter(user=bob.user).update(deactivated_at=utc_now())
    set_account_role(carol, "ADMIN")
    Member.objects.filter(user=carol.user).update(last_seen_at=utc_now() - timedelta(days=100))

    def found(query):
        page = api(alice).get(f"{account}/members?{query}").json()
        assert page["total"] == len(page["items"])
        return [row["user"]["email"].partition("@")[0] for row in page["items"]]

    assert found("q=caro") == ["carol"]
    assert found("q=ACME.example%20bo") == ["bob"]
    assert found("role=ADMIN") == ["carol"]
    assert found(f"team={team.id}") == ["carol"]
    assert found("state=deactivated") == ["bob"]
    assert found("state=active") == ["alice", "carol"]
    assert found(f"workspace={workspace.slug}") == ["alice", "bob", "carol"]
    assert found("workspace=elsewhere") == []
    assert found("mfa=true") == []
    assert found("unseen_days=90") == ["carol"]
    assert api(alice).get(f"{account}/members?sort=name").status_code == 400


def test_a_page_costs_the_same_queries_however_many_are_on_it(api, alice, workspace, account):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert api(alice).get(f"{account}/members").status_code == 200
        return len(captured)

    join("m0@acme.example", workspace, "VIEWER")
    queries()  # notes that she is here, once in five minutes
    few = queries()
    for number in range(1, 8):
        person = join(f"m{number}@acme.example", workspace, "VIEWER")
        in_team(workspace, person, name=f"Team {number}")

    assert queries() == few


def test_pages_follow_one_another_without_a_gap(api, alice, workspace, account):
    for number in range(5):
        join(f"m{number}@acme.example", workspace, "VIEWER")
    seen, cursor = [], ""

    while True:
        page = api(alice).get(f"{account}/members?limit=2{cursor}").json()
        seen += [row["id"] for row in page["items"]]
        assert page["total"] == 6
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert len(seen) == len(set(seen)) == 6


def test_an_admin_manages_members_but_neither_owners_nor_payers(
    api, alice, bob, workspace, account
):
    carol = join("carol@acme.example", workspace, "VIEWER")
    set_account_role(carol, "ADMIN")
    admin = api(carol)
    of_bob, of_alice = (f"{account}/members/{member_of(each).id}" for each in (bob, alice))

    promoted = admin.patch(of_bob, {"account_role": "ADMIN"})
    refused = [
        admin.patch(of_bob, {"account_role": "OWNER"}),
        admin.patch(of_bob, {"account_role": "BILLING"}),
        admin.patch(of_alice, {"account_role": "MEMBER"}),
        admin.post(f"{of_alice}/deactivation"),
        admin.delete(of_alice),
    ]

    assert promoted.json()["account_role"] == "ADMIN"
    assert {answer.json()["error"]["code"] for answer in refused} == {"scope_not_held"}
    assert member_of(alice).role == "OWNER"
    assert admin.get(of_alice).json()["may"]["remove"]["code"] == "scope_not_held"
    assert admin.get(of_bob).json()["may"]["remove"] is True


def test_plain_members_look_and_change_nothing(api, alice, bob, account):
    mine = f"{account}/members/{member_of(bob).id}"

    assert api(bob).get(f"{account}/members").status_code == 200
    assert api(bob).get(mine).json()["may"]["change_role"]["code"] == "permission_denied"
    assert api(bob).patch(mine, {"account_role": "ADMIN"}).status_code == 403
    assert api(bob).get(f"{account}/invitations").status_code == 403


def test_the_last_owner_of_an_account_stays(api, alice, bob, account):
    mine = f"{account}/members/{member_of(alice).id}"

    refused = [
        api(alice).patch(mine, {"account_role": "ADMIN"}),
        api(alice).post(f"{mine}/deactivation"),
        api(alice).delete(mine),
        api(alice).delete(f"{account}/membership"),
    ]

    assert {answer.json()["error"]["code"] for answer in refused} == {"last_account_owner"}
    assert api(alice).get(mine).json()["may"]["remove"]["code"] == "last_account_owner"
    assert member_of(alice).deactivated_at is None


def test_an_owner_who_is_deactivated_does_not_count(workspace, alice, bob):
    set_account_role(bob, "OWNER")
    Member.objects.filter(user=bob.user).update(deactivated_at=utc_now())

    with account_scope(workspace.account_id), pytest.raises(DomainError) as refusal:
        services.remove_account_member(
            account_id=workspace.account_id,
            held=ALL,
            member_id=member_of(alice).id,
            now=utc_now(),
        )

    assert refusal.value.code == "last_account_owner"


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one(db):
    alice = sign_up("alice@acme.example")
    bob = join("bob@acme.example", alice.workspace, "OWNER")
    set_account_role(bob, "OWNER")
    account_id = alice.workspace.account_id
    together, outcomes = threading.Barrier(2), []

    def remove(other):
        try:
            together.wait(timeout=30)
            with account_scope(account_id):
                services.remove_account_member(
                    account_id=account_id, held=ALL, member_id=other, now=utc_now()
                )
            outcomes.append("removed")
        except DomainError as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=remove, args=(member_of(person).id,)) for person in (alice, bob)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(outcomes) == ["last_account_owner", "removed"]
    assert Member.objects.filter(account_id=account_id, role="OWNER").count() == 1


def test_a_deactivated_member_and_their_keys_do_nothing_until_they_are_back(
    api, alice, workspace, account
):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    key = make_key(dora, role="DEVELOPER")
    of_dora = f"{account}/members/{member_of(dora).id}"
    with_key = api(key, workspace)
    assert with_key.get("runs").status_code == 200

    assert api(alice).post(f"{of_dora}/deactivation").json()["deactivated_at"] is not None
    key_cache.forget_all()  # the second for which keys are remembered has passed

    assert with_key.get("runs").status_code == 403
    assert api(dora).get("runs").status_code == 404
    assert api(dora).get(account).status_code == 404
    assert api(dora).get("/api/v1/me").json()["workspaces"] == []
    assert api(alice).delete(f"{of_dora}/deactivation").status_code == 200
    key_cache.forget_all()
    assert with_key.get("runs").status_code == 200
    assert api(dora).get("runs").status_code == 200


def test_nobody_comes_back_without_a_seat(api, alice, bob, workspace, account):
    of_bob = f"{account}/members/{member_of(bob).id}"
    api(alice).post(f"{of_bob}/deactivation")
    AccountLimits.objects.create(account_id=workspace.account_id, max_users=1)

    answer = api(alice).delete(f"{of_bob}/deactivation")

    assert answer.status_code == 402
    assert member_of(bob).deactivated_at is not None


def test_removing_takes_roles_teams_and_personal_keys(api, alice, workspace, account):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    team = in_team(workspace, dora)
    key = make_key(dora, role="DEVELOPER")
    kept = make_key(alice, role="DEVELOPER")

    assert api(alice).delete(f"{account}/members/{member_of(dora).id}").status_code == 204

    assert api(key, workspace).get("runs").status_code == 401
    assert api(kept, workspace).get("runs").status_code == 200
    assert api(dora).get("runs").status_code == 404
    with account_scope(workspace.account_id):
        assert not RoleAssignment.objects.filter(user=dora.user).exists()
        assert not TeamMember.objects.filter(team=team).exists()
        assert ApiKey.objects.filter(revoked_at__isnull=False).count() == 1
        said = AuditEntry.objects.filter(action="member.removed").get()
    assert (said.object_name, said.object_person_id) == ("Dora", dora.user.id)
    assert said.actor_id == alice.user.id


def test_what_was_open_to_somebody_alone_stays_closed_when_they_go(alice, workspace):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    erin = join("erin@acme.example", workspace, "DEVELOPER")
    own, shared = uuid7(), uuid7()
    with workspace_scope(workspace.id):
        for object_id, people in ((own, [dora]), (shared, [dora, erin])):
            for person in people:
                ObjectRule.objects.create(
                    workspace_id=workspace.id,
                    object_kind="POOL",
                    object_id=object_id,
                    scope="runs:write",
                    member=member_of(person),
                )

    with account_scope(workspace.account_id):
        services.remove_account_member(
            account_id=workspace.account_id, held=ALL, member_id=member_of(dora).id, now=utc_now()
        )

    with workspace_scope(workspace.id):
        left = {rule.object_id: rule.member_id for rule in ObjectRule.objects.all()}
    assert left == {own: member_of(alice).id, shared: member_of(erin).id}


def test_somebody_may_leave_by_themselves(api, bob, account):
    assert api(bob).delete(f"{account}/membership").status_code == 204

    assert api(bob).get(account).status_code == 404
    assert not Member.objects.filter(user=bob.user).exists()


def test_ownership_goes_to_an_active_member_and_its_giver_becomes_an_admin(
    api, alice, bob, workspace, account
):
    Member.objects.filter(user=bob.user).update(deactivated_at=utc_now())
    to_bob = {"member_id": str(member_of(bob).id)}
    refused = api(alice).post(f"{account}/ownership", to_bob)
    Member.objects.filter(user=bob.user).update(deactivated_at=None)

    answer = api(alice).post(f"{account}/ownership", to_bob)

    assert refused.json()["error"]["code"] == "member_inactive"
    assert answer.json()["role"] == "ADMIN"
    assert (member_of(alice).role, member_of(bob).role) == ("ADMIN", "OWNER")
    assert api(alice).post(f"{account}/ownership", to_bob).status_code == 403


def test_an_account_shows_its_numbers_and_can_be_renamed(api, alice, bob, workspace, account):
    Member.objects.filter(user=bob.user).update(deactivated_at=utc_now())
    AccountLimits.objects.create(account_id=workspace.account_id, max_users=3)
    api(alice).post(f"{account}/invitations", {"email": "eve@acme.example"})

    shown = api(alice).patch(account, {"name": "Acme"}).json()

    assert shown["name"] == "Acme"
    assert shown["counts"]["members"] == 1
    assert shown["counts"]["deactivated"] == 1
    assert shown["counts"]["invitations"] == 1
    assert shown["seats"] == {"used": 2, "limit": 3}
    assert [one["name"] for one in api(alice).get("/api/v1/accounts").json()["items"]] == ["Acme"]


def test_a_person_may_have_several_accounts(api, alice, monkeypatch):
    made = api(alice).post("/api/v1/accounts", {"name": "Second"}).json()
    workspace = api(alice).post("/api/v1/workspaces", {"name": "W", "account_id": made["id"]})

    assert made["role"] == "OWNER"
    assert workspace.status_code == 201
    assert len(api(alice).get("/api/v1/accounts").json()["items"]) == 2
    listed = api(alice).get(f"/api/v1/account/{made['id']}/workspaces").json()["items"]
    assert [(row["name"], row["role"], row["people"]) for row in listed] == [("W", "OWNER", 1)]
    monkeypatch.setattr(services.accounts, "MOST_OWNED", 2)
    refused = api(alice).post("/api/v1/accounts", {"name": "Third"})
    assert refused.json()["error"]["code"] == "too_many_accounts"


def test_members_see_their_own_workspaces_and_managers_all(api, alice, bob, workspace, account):
    services.create_workspace(
        account_id=workspace.account_id, user_id=alice.user.id, name="Hidden", now=utc_now()
    )

    def names(person, query=""):
        page = api(person).get(f"{account}/workspaces{query}").json()
        return [row["name"] for row in page["items"]]

    assert names(bob) == [workspace.name]
    assert names(alice) == [workspace.name, "Hidden"]
    set_account_role(bob, AccountRole.ADMIN)
    assert names(bob) == [workspace.name, "Hidden"]
    assert names(bob, "?state=archived") == []


def test_a_key_speaks_for_no_account(api, alice, workspace, account):
    key = make_key(alice, role="OWNER")

    assert api(key, workspace).get(f"{account}/members").status_code == 403
    assert api(key, workspace).get("/api/v1/accounts").status_code == 403


def test_roles_in_a_workspace_go_to_members_teams_and_service_accounts(
    api, alice, bob, workspace, account
):
    carol = join("carol@acme.example", workspace, "VIEWER")
    team = in_team(workspace, carol)
    with workspace_scope(workspace.id):
        RoleAssignment.objects.exclude(user=alice.user).delete()
    owner = api(alice)

    made = owner.post("members", {"member_id": str(member_of(bob).id), "role": "RUNNER"})
    again = owner.post("members", {"member_id": str(member_of(bob).id), "role": "VIEWER"})
    of_team = owner.post("members", {"team_id": str(team.id), "role": "VIEWER"})
    agent = owner.post("members", {"team_id": str(team.id), "role": "AGENT"})
    both = owner.post("members", {"team_id": str(team.id), "role": "VIEWER", "member_id": None})

    assert made.status_code == of_team.status_code == 201
    assert again.json()["error"]["code"] == "already_member"
    assert agent.status_code == both.status_code == 400
    assert (of_team.json()["kind"], of_team.json()["name"]) == ("team", "Data")
    assert of_team.json()["members"] == 1
    listed = owner.get("members?kind=team").json()["items"]
    assert [row["subject_id"] for row in listed] == [str(team.id)]
    assert [row["name"] for row in owner.get("members?q=bob").json()["items"]] == ["Bob"]
    assert selectors.scopes_by_workspace(account_id=workspace.account_id, user_id=carol.user.id)[
        workspace.id
    ]
