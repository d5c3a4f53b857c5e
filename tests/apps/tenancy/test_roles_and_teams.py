"""Roles of an account's own, teams, and rules for single objects."""

from __future__ import annotations

import pytest

from apps.core.ids import uuid7
from apps.tenancy import access, key_cache
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import (
    AuditEntry,
    CustomRole,
    Member,
    ObjectRule,
    RoleAssignment,
    Team,
    TeamMember,
)
from apps.tenancy.scopes import Scope
from tests.factories.tenancy import (
    actor_of,
    join,
    join_account,
    make_custom_role,
    make_service_key,
    make_team,
)

pytestmark = pytest.mark.django_db
NOBODY = "01900000-0000-7000-8000-000000000000"
OPERATOR = {"name": "Operator", "based_on": "VIEWER", "scopes": ["runs:read", "runs:write"]}


@pytest.fixture
def account(workspace):
    return f"/api/v1/account/{workspace.account_id}"


@pytest.fixture
def admin(workspace):
    """An admin of the account, who holds nothing in the workspace."""
    return join_account("admin@acme.example", workspace, role="ADMIN")


@pytest.fixture
def carol(workspace):
    return join_account("carol@acme.example", workspace)


def member_id(person):
    return str(Member.objects.get(user=person.user).id)


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def actions(workspace):
    with account_scope(workspace.account_id):
        return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


# Roles.


def test_a_role_of_ones_own_says_how_it_differs(api, alice, account, workspace):
    made = api(alice).post(f"{account}/roles", OPERATOR)
    assert made.status_code == 201, made.content

    listed = api(alice).get(f"{account}/roles").json()

    [own] = [each for each in listed["items"] if not each["built_in"]]
    assert (own["adds"], own["used_by"]) == (["runs:write"], 0)
    assert "pools:read" in own["lacks"]
    assert [each["key"] for each in listed["items"][:5]] == [
        "OWNER",
        "DEVELOPER",
        "RUNNER",
        "VIEWER",
        "AGENT",
    ]
    assert {each["scope"] for each in listed["scopes"]} == {scope.value for scope in Scope}
    assert actions(workspace)[-1] == "role.created"


def test_names_of_roles_are_unique_whatever_their_case(api, alice, account):
    api(alice).post(f"{account}/roles", OPERATOR)

    again = api(alice).post(f"{account}/roles", OPERATOR | {"name": "OPERATOR"})

    assert code_of(again) == (409, "name_taken")


def test_a_role_that_somebody_has_stays(api, alice, account, workspace, carol):
    role = make_custom_role(workspace, "Operator", ["runs:write"])
    make_team(workspace, "Data", carol, custom_role=role)

    kept = api(alice).delete(f"{account}/roles/{role.id}")
    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(custom_role=role).delete()
    gone = api(alice).delete(f"{account}/roles/{role.id}")

    assert code_of(kept) == (409, "role_in_use")
    assert gone.status_code == 204
    with account_scope(workspace.account_id):
        assert not CustomRole.objects.exists()


def test_editing_a_role_changes_what_its_holders_may_at_once(api, alice, account, workspace, carol):
    role = make_custom_role(workspace, "Operator", ["runs:read"])
    make_team(workspace, "Data", carol, custom_role=role)
    client = api(carol)
    assert client.get("runs").status_code == 200
    assert client.post("pools", {"name": "new"}).status_code == 403

    edited = api(alice).patch(f"{account}/roles/{role.id}", {"scopes": ["pools:write"]})

    assert edited.status_code == 200, edited.content
    assert edited.json()["used_by"] == 1
    assert client.post("pools", {"name": "new"}).status_code == 201
    assert client.get("runs").status_code == 403


def test_nobody_edits_a_role_that_others_hold_beyond_what_they_hold(
    api, admin, account, workspace, carol
):
    role = make_custom_role(workspace, "Operator", ["runs:read"])
    free = api(admin).patch(f"{account}/roles/{role.id}", {"scopes": ["runs:read", "runs:write"]})
    make_team(workspace, "Data", carol, custom_role=role)

    more = api(admin).patch(f"{account}/roles/{role.id}", {"scopes": ["workspace:manage"]})
    less = api(admin).patch(f"{account}/roles/{role.id}", {"scopes": []})
    renamed = api(admin).patch(f"{account}/roles/{role.id}", {"name": "Runner of things"})

    assert (free.status_code, renamed.status_code) == (200, 200)
    assert code_of(more) == code_of(less) == (403, "scope_not_held")
    assert actor_of(carol).scopes == {Scope.RUNS_READ, Scope.RUNS_WRITE}


@pytest.mark.parametrize("role", ["BILLING", "MEMBER"])
def test_only_who_manages_roles_and_teams_changes_them(api, account, workspace, role):
    person = join_account("p@acme.example", workspace, role=role)
    client = api(person)

    assert client.get(f"{account}/roles").status_code == 200
    assert client.get(f"{account}/teams").status_code == 200
    assert client.post(f"{account}/roles", OPERATOR).status_code == 403
    assert client.post(f"{account}/teams", {"name": "x"}).status_code == 403


def test_a_rivals_role_is_not_found(api, alice, account, rival_workspace):
    role = make_custom_role(rival_workspace, "Operator", ["runs:read"])

    assert api(alice).patch(f"{account}/roles/{role.id}", {"name": "x"}).status_code == 404
    assert api(alice).delete(f"{account}/roles/{role.id}").status_code == 404


# Teams.


def test_a_team_is_made_filled_and_dissolved(api, alice, account, workspace, carol):
    owner = api(alice)
    team = owner.post(f"{account}/teams", {"name": "Data"}).json()
    url = f"{account}/teams/{team['id']}"
    role = {"team_id": team["id"], "role": "RUNNER"}
    assert owner.post("members", role).status_code == 201
    put_in = owner.post(f"{url}/members", {"member_id": member_id(carol)})
    assert put_in.status_code == 201, put_in.content
    assert api(carol).get("runs").status_code == 200

    shown = owner.get(url).json()
    [inside] = owner.get(f"{url}/members").json()["items"]
    twice = owner.post(f"{url}/members", {"member_id": member_id(carol)})
    taken_out = owner.delete(f"{url}/members/{member_id(carol)}")

    assert (shown["members"], shown["provided"]) == (1, False)
    assert [(each["slug"], each["role_name"]) for each in shown["workspaces"]] == [
        (workspace.slug, "Runner")
    ]
    assert (inside["id"], inside["user"]["email"]) == (member_id(carol), carol.user.email)
    assert code_of(twice) == (409, "already_member")
    assert taken_out.status_code == 204
    assert api(carol).get("runs").status_code == 404
    assert owner.delete(url).status_code == 204
    assert [each for each in actions(workspace) if each.startswith("team.")] == [
        "team.created",
        "team.member_added",
        "team.member_removed",
        "team.deleted",
    ]


def test_nobody_puts_people_into_a_team_that_may_do_more_than_they(
    api, admin, account, workspace, carol
):
    powerful = make_team(workspace, "Owners", role="OWNER")
    harmless = make_team(workspace, "Friends")

    refused = api(admin).post(
        f"{account}/teams/{powerful.id}/members", {"member_id": member_id(carol)}
    )
    itself = api(admin).post(
        f"{account}/teams/{powerful.id}/members", {"member_id": member_id(admin)}
    )
    allowed = api(admin).post(
        f"{account}/teams/{harmless.id}/members", {"member_id": member_id(carol)}
    )

    assert code_of(refused) == code_of(itself) == (403, "scope_not_held")
    assert allowed.status_code == 201
    with account_scope(workspace.account_id):
        assert not TeamMember.objects.filter(team=powerful).exists()


def test_strangers_and_the_deactivated_join_no_team(api, alice, account, workspace, carol, mallory):
    team = make_team(workspace, "Data")
    url = f"{account}/teams/{team.id}/members"
    Member.objects.filter(user=carol.user).update(deactivated_at="2026-01-01T00:00:00Z")

    assert api(alice).post(url, {"member_id": member_id(mallory)}).status_code == 404
    assert code_of(api(alice).post(url, {"member_id": member_id(carol)})) == (
        409,
        "member_inactive",
    )


def test_a_rivals_team_is_not_found(api, alice, account, rival_workspace, carol):
    team = make_team(rival_workspace, "Theirs")
    url = f"{account}/teams/{team.id}"

    assert api(alice).get(url).status_code == 404
    assert api(alice).post(f"{url}/members", {"member_id": member_id(carol)}).status_code == 404
    assert api(alice).delete(url).status_code == 404
    with account_scope(rival_workspace.account_id):
        assert Team.objects.filter(pk=team.id).exists()


# Rules.


@pytest.fixture
def pool(api, alice):
    return api(alice).post("pools", {"name": "gpu"}).json()["id"]


def rule(pool, scope="runs:write", **named):
    return {"object_kind": "POOL", "object_id": pool, "scope": scope} | named


def test_a_rule_leaves_an_object_to_whom_it_names(api, alice, workspace, pool, carol):
    team = make_team(workspace, "Data", carol, role="DEVELOPER")
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    owner = api(alice)

    made = owner.post("rules", rule(pool, "pools:write", team_id=str(team.id)))

    assert made.status_code == 201, made.content
    named = made.json()
    assert (named["kind"], named["name"], named["object_name"]) == ("team", "Data", "gpu")
    paused = {
        person.user.name: api(person).patch(f"pools/{pool}", {"paused": True}).status_code
        for person in (alice, carol, dora)
    }
    assert paused == {"Alice": 200, "Carol": 200, "Dora": 403}
    again = owner.post("rules", rule(pool, "pools:write", team_id=str(team.id)))
    assert code_of(again) == (409, "rule_stands")
    listed = owner.get(f"rules?object_kind=POOL&object_id={pool}").json()["items"]
    assert [(each["id"], each["object_name"]) for each in listed] == [(made.json()["id"], "gpu")]
    assert owner.delete(f"rules/{made.json()['id']}").status_code == 204
    assert api(dora).patch(f"pools/{pool}", {"paused": True}).status_code == 200
    assert actions(workspace)[-2:].count("rule.removed") or "rule.removed" in actions(workspace)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"scope": "telemetry:write"}, (400, "invalid_request")),
        ({"object_kind": "BLOCK"}, (400, "invalid_request")),
        ({"object_id": NOBODY}, (404, "not_found")),
        ({"member_id": NOBODY}, (404, "not_found")),
        ({"team_id": NOBODY}, (404, "not_found")),
        ({"service_account_id": NOBODY}, (404, "not_found")),
        (
            {"team_id": NOBODY, "member_id": NOBODY},
            (400, "invalid_request"),
        ),
    ],
)
def test_rules_that_nobody_would_keep_are_refused(api, alice, workspace, pool, asked, code):
    assert code_of(api(alice).post("rules", rule(pool) | asked)) == code
    with workspace_scope(workspace.id):
        assert not ObjectRule.objects.exists()


def test_a_rivals_pool_and_people_are_not_found(api, alice, mallory, rival_workspace, pool):
    theirs = api(mallory).post("pools", {"name": "theirs"}).json()["id"]
    team = make_team(rival_workspace, "Theirs")

    assert code_of(api(alice).post("rules", rule(theirs)))[0] == 404
    assert code_of(api(alice).post("rules", rule(pool, team_id=str(team.id))))[0] == 404
    assert code_of(api(alice).post("rules", rule(pool, member_id=member_id(mallory))))[0] == 404


def test_who_manages_rules_does_not_let_themselves_in(api, alice, workspace, pool, carol):
    role = make_custom_role(
        workspace, "Gatekeeper", [Scope.ROLES_MANAGE, Scope.RUNS_WRITE, Scope.MEMBERS_READ]
    )
    make_team(workspace, "Gate", carol, custom_role=role)
    made = api(alice).post("rules", rule(pool)).json()  # nobody named: the owners' only
    assert (made["kind"], made["subject_id"]) == ("owners", None)

    named = api(carol).post("rules", rule(pool, member_id=member_id(carol)))
    removed = api(carol).delete(f"rules/{made['id']}")
    unheld = api(carol).post("rules", rule(pool, "pools:write"))

    assert code_of(named) == code_of(removed) == (403, "object_restricted")
    assert code_of(unheld) == (403, "permission_denied")


@pytest.mark.parametrize("way", ["team dissolved", "service account deleted", "member removed"])
def test_an_object_does_not_fall_open_when_the_last_one_named_is_gone(
    api, alice, account, workspace, pool, carol, way
):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    owner = api(alice)
    if way == "team dissolved":
        team = make_team(workspace, "Data")
        named, end = {"team_id": str(team.id)}, f"{account}/teams/{team.id}"
    elif way == "service account deleted":
        service, _ = make_service_key(alice, role="DEVELOPER", scopes=[Scope.RUNS_WRITE])
        named = {"service_account_id": str(service.id)}
        end = f"{account}/service-accounts/{service.id}"
    else:
        named = {"member_id": member_id(carol)}
        end = f"{account}/members/{member_id(carol)}"
    owner.post("rules", rule(pool, "pools:write", **named))

    ended = owner.delete(end)

    assert ended.status_code == 204, ended.content
    assert api(dora).patch(f"pools/{pool}", {"paused": True}).status_code == 403
    assert owner.patch(f"pools/{pool}", {"paused": True}).status_code == 200
    with workspace_scope(workspace.id):
        assert ObjectRule.objects.count() == 1


def test_everybody_learns_what_they_may_and_through_what(api, alice, bob, workspace, pool, carol):
    team = make_team(workspace, "Data", carol, role="RUNNER")
    api(alice).post("rules", rule(pool))

    own = api(carol).get("access").json()
    asked = api(alice).get(f"access?as={member_id(carol)}").json()
    owner = api(alice).get("access").json()

    assert own == asked
    assert [(each["role"], each["via"]["id"]) for each in own["grants"]] == [
        ("RUNNER", str(team.id))
    ]
    assert own["shut"] == [{"object_kind": "POOL", "object_id": pool, "scope": "runs:write"}]
    assert (owner["owner"], owner["shut"]) == (True, [])
    assert api(alice).get(f"access?as={uuid7()}").status_code == 404


def test_who_may_not_see_members_sees_only_themselves(api, alice, workspace, carol):
    role = make_custom_role(workspace, "Blind", [Scope.WORKSPACE_READ])
    make_team(workspace, "Data", carol, custom_role=role)

    assert api(carol).get("access").status_code == 200
    assert api(carol).get(f"access?as={member_id(alice)}").status_code == 403


def test_what_is_shown_says_what_one_may(api, alice, workspace, pool):
    dora = join("dora@acme.example", workspace, "RUNNER")
    api(alice).post("rules", rule(pool))

    listed = {each["id"]: each["may"] for each in api(dora).get("pools").json()["items"]}

    assert listed[pool]["runs:write"]["code"] == "object_restricted"
    assert listed[pool]["runs:cancel"] is True
    assert listed[pool]["pools:write"]["code"] == "permission_denied"
    others = [may for id_, may in listed.items() if id_ != pool]
    assert [each["runs:write"] for each in others] == [True] * len(others)
    assert set(listed[pool]) == {scope.value for scope in access.NARROWABLE[access.Kind.POOL]}


def test_a_rule_is_felt_in_the_second_that_somebody_is_remembered_for(
    api, alice, workspace, pool, monkeypatch
):
    monkeypatch.setattr(key_cache, "REMEMBERED_SECONDS", 3600.0)
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    client = api(dora)
    assert client.patch(f"pools/{pool}", {"paused": True}).status_code == 200

    api(alice).post("rules", rule(pool, "pools:write"))

    assert client.patch(f"pools/{pool}", {"paused": False}).status_code == 403
