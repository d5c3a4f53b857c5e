"""What somebody may do is resolved by one statement, from all that they were given."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.identity.models import User
from apps.tenancy import access, key_cache, selectors
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import (
    Account,
    ApiKey,
    AuditEntry,
    Member,
    ObjectRule,
    RoleAssignment,
    Workspace,
)
from apps.tenancy.scopes import ROLE_SCOPES, Scope, WorkspaceRole
from tests.factories.tenancy import (
    actor_of,
    join,
    join_account,
    make_custom_role,
    make_key,
    make_service_key,
    make_team,
    sign_up,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(workspace):
    """A member of the account, without a role of her own in the workspace."""
    return join_account("carol@acme.example", workspace)


def code_of(answer):
    return answer.json()["error"]["code"]


def test_a_member_without_a_role_is_an_outsider(api, workspace, carol):
    assert api(carol).get("runs").status_code == 404


def test_a_team_gives_what_its_role_says_as_long_as_one_is_in_it(api, workspace, carol):
    team = make_team(workspace, "Data", carol, role="RUNNER")
    actor = actor_of(carol)
    assert (actor.scopes, actor.role) == (ROLE_SCOPES[WorkspaceRole.RUNNER], "RUNNER")
    assert actor.teams == {team.id}

    with account_scope(workspace.account_id):
        team.memberships.all().delete()

    assert api(carol).get("runs").status_code == 404


def test_grants_add_up(workspace, carol):
    role = make_custom_role(workspace, "Key keeper", [Scope.KEYS_MANAGE, Scope.WORKSPACE_READ])
    make_team(workspace, "Data", carol, role="RUNNER")
    make_team(workspace, "Keys", carol, custom_role=role)

    actor = actor_of(carol)

    assert actor.scopes == ROLE_SCOPES[WorkspaceRole.RUNNER] | {Scope.KEYS_MANAGE}
    assert (actor.role, actor.role_name) == (None, "Key keeper, Runner")


def test_a_scope_that_is_no_more_is_forgotten(workspace, carol):
    role = make_custom_role(workspace, "Old", ["runs:read", "runs:juggle"])
    make_team(workspace, "Data", carol, custom_role=role)

    assert actor_of(carol).scopes == {Scope.RUNS_READ}


def test_an_owner_of_the_account_owns_what_others_made(api, workspace, alice):
    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(user=alice.user).delete()

    actor = actor_of(alice)

    assert (actor.scopes, actor.role, actor.is_owner) == (frozenset(Scope), "OWNER", True)
    assert [each["role"] for each in api(alice).get("/api/v1/me").json()["workspaces"]] == ["OWNER"]


@pytest.mark.parametrize("role", ["ADMIN", "BILLING", "MEMBER"])
def test_other_roles_of_the_account_open_no_workspace(api, workspace, role):
    admin = join_account("admin@acme.example", workspace, role=role)

    assert api(admin).get("runs").status_code == 404
    me = api(admin).get("/api/v1/me").json()
    assert me["workspaces"] == []
    assert [(each["id"], each["role"]) for each in me["accounts"]] == [
        (str(workspace.account_id), role)
    ]


def test_a_deactivated_member_is_an_outsider_and_their_key_does_nothing(api, workspace):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    make_team(workspace, "Data", dora, role="OWNER")
    client, with_key = api(dora), api(make_key(dora, role="DEVELOPER"), workspace)
    assert client.get("runs").status_code == with_key.get("runs").status_code == 200

    Member.objects.filter(user=dora.user).update(deactivated_at=utc_now())
    key_cache.forget_changed()

    assert client.get("runs").status_code == 404
    assert with_key.get("runs").status_code == 403
    me = client.get("/api/v1/me").json()
    assert (me["workspaces"], me["accounts"]) == ([], [])
    url = f"/api/v1/account/{workspace.account_id}/plan"
    assert client.get(url).status_code == 404


def test_a_closed_user_is_nobody(api, workspace, bob):
    client = api(bob)
    assert client.get("runs").status_code == 200

    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    key_cache.forget_changed()

    assert client.get("runs").status_code == client.get("/api/v1/me").status_code == 401


def test_another_password_ends_the_session(api, workspace, bob):
    client = api(bob)
    bob.user.set_password("another correct horse")
    bob.user.save()
    key_cache.forget_changed()

    assert client.get("runs").status_code == 401


@pytest.mark.parametrize("archived", [Account, Workspace])
def test_what_is_archived_is_read_only(api, workspace, alice, archived):
    secret = make_key(alice, role="OWNER")
    id_ = workspace.id if archived is Workspace else workspace.account_id
    archived.objects.filter(pk=id_).update(archived_at=utc_now())

    for client in (api(alice), api(secret, workspace)):
        assert client.get("runs").status_code == 200
        refused = client.post("pools", {"name": "new"})
        assert (refused.status_code, code_of(refused)) == (
            403,
            f"{archived.__name__.lower()}_archived",
        )
        assert client.post("events", []).status_code == 403


def test_a_service_account_does_what_it_was_given(api, workspace, alice):
    service, secret = make_service_key(alice, role="VIEWER", scopes=[Scope.RUNS_READ])
    client = api(secret, workspace)
    assert client.get("runs").status_code == 200
    assert client.get("pools").status_code == 403

    with account_scope(workspace.account_id):
        service.disabled_at = utc_now()
        service.save()
    key_cache.forget_changed()

    assert client.get("runs").status_code == 403


def test_a_service_key_outlives_its_makers_role_and_gains_nothing_by_it(api, workspace, alice):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    _, secret = make_service_key(
        alice, role="VIEWER", maker=dora, scopes=[Scope.RUNS_READ, Scope.POOLS_WRITE]
    )
    client = api(secret, workspace)

    assert client.post("pools", {"name": "new"}).status_code == 403
    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(user=dora.user).delete()
    key_cache.forget_changed()

    assert client.get("runs").status_code == 200
    [listed] = api(alice).get("api-keys").json()["items"]
    assert listed["effective_scopes"] == ["runs:read"]


def test_the_list_of_keys_says_what_a_team_gives_their_makers(api, workspace, alice, carol):
    make_team(workspace, "Data", carol, role="DEVELOPER")
    made = api(carol).post("api-keys", {"name": "ci", "scopes": ["runs:write"]})
    assert made.status_code == 201, made.content

    [listed] = api(alice).get("api-keys").json()["items"]

    assert listed["effective_scopes"] == ["runs:write"]


def rule(workspace, target, scope, **named):
    with workspace_scope(workspace.id):
        ObjectRule.objects.create(
            workspace_id=workspace.id,
            object_kind=target.kind.value,
            object_id=target.id,
            scope=scope.value,
            **named,
        )
    key_cache.forget_changed()


def test_rules_shut_out_all_but_those_they_name_and_owners(workspace, alice, carol):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    erin = join("erin@acme.example", workspace, "DEVELOPER")
    team = make_team(workspace, "Data", carol, role="DEVELOPER")
    pool = access.pool(uuid7())
    rule(workspace, pool, Scope.RUNS_WRITE, team=team)
    rule(workspace, pool, Scope.RUNS_WRITE, member_id=actor_of(erin).member_id)

    may = {
        person.user.name: access.may(actor_of(person), Scope.RUNS_WRITE, pool)
        for person in (alice, carol, dora, erin)
    }

    assert may == {"Alice": True, "Carol": True, "Dora": False, "Erin": True}
    assert access.may(actor_of(dora), Scope.RUNS_CANCEL, pool)
    assert access.may(actor_of(dora), Scope.RUNS_WRITE, access.pool(uuid7()))


def test_rules_hold_for_keys_as_for_whose_they_are(workspace, alice):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    service, of_service = make_service_key(alice, role="DEVELOPER", scopes=[Scope.RUNS_WRITE])
    pool = access.pool(uuid7())
    rule(workspace, pool, Scope.RUNS_WRITE, service_account=service)

    def may(secret):
        from apps.tenancy.keys import hash_secret

        found = selectors.find_key_entrance(secret_hash=hash_secret(secret), now=utc_now())
        return access.may(found.actor, Scope.RUNS_WRITE, pool)

    assert may(of_service)
    assert may(make_key(alice, role="DEVELOPER"))
    assert not may(make_key(dora, role="DEVELOPER"))


def test_a_rivals_rule_and_team_say_nothing_here(workspace, alice, mallory, rival_workspace):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    pool = access.pool(uuid7())
    rule(rival_workspace, pool, Scope.RUNS_WRITE, member_id=actor_of(mallory).member_id)
    make_team(rival_workspace, "Data", mallory, role="OWNER")

    assert access.may(actor_of(dora), Scope.RUNS_WRITE, pool)
    assert selectors.resolve_person(user_id=mallory.user.id, workspace=workspace.slug)[1] is None


# What it costs.


@pytest.fixture
def long_memory(monkeypatch):
    """A second that lasts for the whole test, however slow the machine is."""
    monkeypatch.setattr(key_cache, "REMEMBERED_SECONDS", 3600.0)


def reads(queries):
    return [each["sql"] for each in queries if "tenancy_resolve" in each["sql"]]


def test_authorising_a_session_costs_one_query_and_then_none(api, workspace, bob, long_memory):
    client, path = api(bob), f"/api/v1/workspaces/{workspace.slug}"
    client.get(path)  # notes that the member is here, once in five minutes
    key_cache.forget_all()

    with CaptureQueriesContext(connection) as cold:
        assert client.get(path).status_code == 200
    with CaptureQueriesContext(connection) as warm:
        assert client.get(path).status_code == 200

    asked = [sql for sql in cold.captured_queries if sql not in warm.captured_queries]
    assert len(reads(cold)) == 1
    assert reads(warm) == []
    assert not any("django_session" in each["sql"] for each in warm)
    assert not any("identity_user" in each["sql"] for each in warm)
    # The session's own row and the one statement; the rest is the handler's transaction.
    assert len(cold) - len(warm) == 2, asked


def test_authorising_a_key_costs_one_query_and_then_none(api, workspace, alice, long_memory):
    client = api(make_key(alice, role="VIEWER"), workspace)
    path = f"/api/v1/workspaces/{workspace.slug}"
    client.get(path)  # notes the key's use, once a minute
    key_cache.forget_all()

    with CaptureQueriesContext(connection) as cold:
        client.get(path)
    with CaptureQueriesContext(connection) as warm:
        client.get(path)

    assert len(reads(cold)) == 1
    assert len(cold) - len(warm) == 1


def test_the_statement_leaves_the_variables_as_they_were(workspace, alice, rival_workspace):
    with workspace_scope(rival_workspace.id):
        actor_of(alice)
        secret = make_key(alice, role="VIEWER")
        from apps.tenancy.keys import hash_secret

        selectors.find_key_entrance(secret_hash=hash_secret(secret), now=utc_now())
        assert not ApiKey.objects.exists()  # the rival's scope, which has none
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.workspace')")
            assert cursor.fetchone() == (str(rival_workspace.id),)


# Nobody is refused by memory, and what was taken is gone in this process at once.


def test_what_is_given_holds_at_once(api, workspace, alice, bob, long_memory):
    client = api(bob)
    assert client.post("pools", {"name": "a"}).status_code == 403
    with workspace_scope(workspace.id):  # as another process would: nobody here is told
        RoleAssignment.objects.filter(user=bob.user).update(role="DEVELOPER")

    assert client.post("pools", {"name": "a"}).status_code == 201


def test_what_is_remembered_ends_with_its_second(api, workspace, bob, monkeypatch, long_memory):
    client = api(bob)
    assert client.get("runs").status_code == 200
    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(user=bob.user).delete()

    assert client.get("runs").status_code == 200  # another process's word is not heard yet
    monkeypatch.setattr(key_cache, "REMEMBERED_SECONDS", 0.0)
    assert client.get("runs").status_code == 404


def test_a_session_that_ended_is_remembered_by_nobody(api, workspace, bob):
    client = api(bob)
    key = client.client.session.session_key
    assert client.get("runs").status_code == 200

    type(client.client.session)(key).delete()

    assert client.get("runs").status_code == 401


# Who may come in at all.


def signed_in(client, person, *records):
    """Let the session's person have shown who they are in these ways."""
    session = client.client.session
    session["account_authentication_methods"] = [{"at": 1} | record for record in records]
    session["account_authentication_methods_user"] = str(person.user.pk)
    session.save()
    return client


def set_account(workspace, **columns):
    Account.objects.filter(pk=workspace.account_id).update(**columns)
    key_cache.forget_changed()


PASSWORD, FACTOR = {"method": "password"}, {"method": "mfa", "type": "totp"}


def vouched_for(workspace):
    return {"method": "sso", "account_id": str(workspace.account_id)}


def test_an_account_may_ask_for_a_second_factor(api, workspace, bob):
    set_account(workspace, require_mfa=True)
    client = api(bob)
    account = f"/api/v1/account/{workspace.account_id}/plan"

    assert code_of(client.get("runs")) == "mfa_required"
    assert code_of(client.get(account)) == "mfa_required"
    assert client.get("/api/v1/me").status_code == 200
    signed_in(client, bob, PASSWORD, FACTOR)
    assert client.get("runs").status_code == 200
    assert code_of(client.get(account)) == "permission_denied"


def test_keys_are_asked_for_no_second_factor_and_no_provider(api, workspace, bob):
    secret = make_key(bob, role="VIEWER")
    set_account(workspace, require_mfa=True, sso_required=True)

    assert api(secret, workspace).get("runs").status_code == 200


def test_an_account_may_ask_for_its_own_provider(api, workspace, rival_workspace, bob):
    set_account(workspace, sso_required=True)
    client = api(bob)

    assert code_of(client.get("runs")) == "sso_required"
    signed_in(client, bob, vouched_for(rival_workspace))
    assert code_of(client.get("runs")) == "sso_required"
    signed_in(client, bob, vouched_for(workspace))
    assert client.get("runs").status_code == 200


def test_what_another_person_showed_in_the_session_counts_for_nothing(api, workspace, alice, bob):
    set_account(workspace, require_mfa=True)
    client = signed_in(api(bob), alice, PASSWORD, FACTOR)

    assert code_of(client.get("runs")) == "mfa_required"


def test_an_owner_breaks_the_glass_and_the_log_has_it_once_a_session(api, workspace, alice):
    set_account(workspace, sso_required=True)
    client = api(alice)

    for _ in range(3):
        assert client.get("runs").status_code == 200
        key_cache.forget_all()
    assert api(alice).get("members").status_code == 200  # another session

    with account_scope(workspace.account_id):
        broken = AuditEntry.objects.filter(action="sso.glass_broken")
        assert [(each.actor_id, each.object_id) for each in broken] == [
            (alice.user.id, str(workspace.account_id))
        ] * 2


def test_an_account_may_name_the_networks_that_people_and_keys_come_from(api, workspace, alice):
    secret = make_key(alice, role="VIEWER")
    set_account(workspace, allowed_networks=[{"cidr": "192.0.2.0/24", "note": "office"}])

    for client in (api(alice), api(secret, workspace)):
        assert code_of(client.get("runs")) == "address_not_allowed"
        assert code_of(client.post("events", [])) == "address_not_allowed"
        inside = client.client.get(
            f"{client.workspace_url}/runs", headers=client.headers, REMOTE_ADDR="192.0.2.9"
        )
        assert inside.status_code == 200


def test_accounts_ask_nothing_of_each_others_members(api, workspace, bob):
    dora = sign_up("dora@elsewhere.example")
    set_account(
        workspace, require_mfa=True, sso_required=True, allowed_networks=[{"cidr": "192.0.2.0/24"}]
    )

    assert api(dora).get("runs").status_code == 200
