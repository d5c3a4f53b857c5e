"""Users of a provider: what it writes, and what becomes of the people."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.core.clock import utc_now
from apps.identity.models import User
from apps.identity.services import confirm_address, erase_person
from apps.sso import services as sso
from apps.sso.models import ScimUser
from apps.tenancy import key_cache, services
from apps.tenancy.actors import PlanLimits
from apps.tenancy.enums import ActorKind
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import Account, AuditEntry, Member, ObjectRule, RoleAssignment
from tests.factories.scim import confirmed_user, make_scim, verify_domain
from tests.factories.tenancy import PASSWORD, join, make_key, make_user, sign_up

pytestmark = pytest.mark.django_db


def refused(answer, status, scim_type=None):
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type
    return body["detail"]


def member_of(user):
    return Member.objects.select_related("user").get(pk=user["id"])


def test_a_new_user_becomes_a_member_without_any_role(scim, account_id, logged):
    user = scim.add_user(
        "Carol@acme.example",
        name={"givenName": "Carol", "familyName": "Ng"},
        emails=[{"value": "Carol@acme.example", "type": "work", "primary": True}],
    )

    member = member_of(user)
    assert (member.account_id, member.role, member.source) == (account_id, "MEMBER", "SCIM")
    assert (member.user.email, member.user.name) == ("carol@acme.example", "Carol Ng")
    assert not member.user.has_usable_password()
    assert logged() == ["scim.user_created"]
    with account_scope(account_id):
        entry = AuditEntry.objects.get(action="scim.user_created")
    assert entry.actor_kind == ActorKind.SCIM
    assert entry.actor_name.startswith("SCIM token hws_")
    assert entry.request_id


def test_a_password_is_neither_kept_nor_told_nor_logged(scim, account_id):
    user = scim.add_user("carol@acme.example", password="Tr0ub4dor&3")

    assert "password" not in scim.get(f"Users/{user['id']}").json()
    assert not member_of(user).user.has_usable_password()
    with account_scope(account_id):
        assert not AuditEntry.objects.filter(after__icontains="Tr0ub4dor").exists()


@pytest.mark.parametrize(
    "address", ["carol@elsewhere.example", "carol@rival.example", "carol@sub.acme.example"]
)
def test_an_address_outside_the_verified_domains_is_refused(scim, rival_scim, address):
    people = User.objects.count()

    detail = refused(scim.post("Users", {"userName": address}), 400, "invalidValue")

    assert address.partition("@")[2] in detail
    assert User.objects.count() == people
    assert scim.get("Users").json()["totalResults"] == 0


@pytest.mark.parametrize(
    "name", ["carol", "carol@", "@acme.example", "a b@acme.example", "x" * 300]
)
def test_a_user_without_an_address_is_refused(scim, name):
    refused(scim.post("Users", {"userName": name}), 400, "invalidValue")


def test_the_address_is_the_primary_one_and_not_the_name(scim):
    user = scim.add_user(
        "cng",
        emails=[
            {"value": "old@elsewhere.example", "type": "home"},
            {"value": "carol@acme.example", "type": "work", "primary": True},
        ],
    )

    assert member_of(user).user.email == "carol@acme.example"


def test_user_names_are_taken_whatever_their_case(scim):
    scim.add_user("carol@acme.example")

    again = scim.post("Users", {"userName": "CAROL@acme.example"})

    refused(again, 409, "uniqueness")
    other = {"userName": "c2", "emails": [{"value": "carol@acme.example"}]}
    refused(scim.post("Users", other), 409, "uniqueness")
    assert scim.get("Users").json()["totalResults"] == 1


def test_what_a_provider_wrote_of_somebody_who_is_gone_is_told_no_more(
    scim, account_id, api, alice, as_worker
):
    user = scim.add_user("carol@acme.example", displayName="Carol", title="Surgeon")
    scim.patch(f"Users/{user['id']}", {"op": "replace", "value": {"title": "Dentist"}})
    log = f"/api/v1/account/{account_id}/audit?action=scim.user_"
    assert "Surgeon" in api(alice).get(log).content.decode()

    erase_person(user_id=member_of(user).user_id, now=utc_now())
    with as_worker():
        sso.drop_old(now=utc_now())

    told = api(alice).get(log).content.decode()
    assert not [word for word in ("Surgeon", "Dentist", "Carol", "carol") if word in told]
    assert '"scim.user_changed"' in told
    assert '"active":true' in told
    assert not ScimUser.objects.filter(account_id=account_id).exists()


def test_whoever_has_a_login_is_linked_and_stays_as_they_are(scim, account_id, logged):
    dora = sign_up("dora@acme.example")  # with an account of her own
    confirm_address(user_id=dora.user.id, email=dora.user.email)

    user = scim.add_user("dora@acme.example", displayName="Somebody Else")
    changed = scim.patch(
        f"Users/{user['id']}",
        {"op": "replace", "path": "displayName", "value": "Another"},
        {"op": "replace", "path": "userName", "value": "moved@acme.example"},
    )

    assert changed.status_code == 200
    assert changed.json()["displayName"] == "Another"
    found = User.objects.get(pk=dora.user.pk)
    assert (found.email, found.name) == ("dora@acme.example", "Dora")
    assert found.check_password(PASSWORD)
    assert Member.objects.filter(user=found).count() == 2
    assert logged() == ["scim.user_created", "scim.user_changed"]


def test_a_member_who_is_there_is_taken_over_with_their_role(scim, workspace, logged):
    carol = join("carol@acme.example", workspace, "DEVELOPER")
    confirm_address(user_id=carol.user.id, email=carol.user.email)

    user = scim.add_user("carol@acme.example")

    assert member_of(user).user_id == carol.user.id
    with workspace_scope(workspace.id):
        assert RoleAssignment.objects.get(user=carol.user).role == "DEVELOPER"
    assert logged() == ["scim.user_linked"]


def test_a_login_that_nobody_confirmed_is_handed_over(scim):
    squatter = sign_up("carol@acme.example")  # whoever that was
    browser = Client()
    browser.force_login(squatter.user)
    assert browser.get("/api/v1/me").status_code == 200

    user = scim.add_user("carol@acme.example")

    assert member_of(user).user_id == squatter.user.id
    assert not User.objects.get(pk=squatter.user.pk).has_usable_password()
    assert browser.get("/api/v1/me").status_code == 401


def test_a_closed_login_is_not_linked(scim):
    user = confirmed_user("carol@acme.example")
    User.objects.filter(pk=user.pk).update(is_active=False)

    refused(scim.post("Users", {"userName": "carol@acme.example"}), 409, "uniqueness")


def test_people_of_this_account_alone_are_renamed_and_moved(scim, logged):
    user = scim.add_user("carol@acme.example", displayName="Carol")

    scim.patch(
        f"Users/{user['id']}",
        {
            "op": "Replace",
            "value": {"displayName": "Carol Ng", "userName": "carol.ng@acme.example"},
        },
    )

    person = member_of(user).user
    assert (person.email, person.name) == ("carol.ng@acme.example", "Carol Ng")
    assert logged() == ["scim.user_created", "scim.user_changed"]


def test_nobody_is_moved_to_anothers_address_or_out_of_the_domains(scim):
    confirmed_user("taken@acme.example")
    user = scim.add_user("carol@acme.example")
    path = f"Users/{user['id']}"

    taken = scim.patch(path, {"op": "replace", "path": "userName", "value": "taken@acme.example"})
    outside = scim.patch(path, {"op": "replace", "path": "userName", "value": "c@else.example"})

    refused(taken, 409, "uniqueness")
    refused(outside, 400, "invalidValue")
    assert member_of(user).user.email == "carol@acme.example"
    assert scim.get(path).json()["userName"] == "carol@acme.example"


def test_a_deactivated_person_loses_session_and_key_at_once(scim, api, workspace, logged):
    carol = join("carol@acme.example", workspace, "DEVELOPER")
    confirm_address(user_id=carol.user.id, email=carol.user.email)
    browser, key = api(carol), api(make_key(carol, role="VIEWER"), workspace)
    user = scim.add_user("carol@acme.example")
    assert browser.get("runs").status_code == key.get("runs").status_code == 200

    answer = scim.patch(
        f"Users/{user['id']}", {"op": "replace", "path": "active", "value": "False"}
    )

    assert answer.json()["active"] is False
    assert browser.get("/api/v1/me").status_code == 401
    key_cache.forget_all()  # the second is over
    assert key.get("runs").status_code in {401, 403}
    assert logged() == ["scim.user_linked", "scim.user_deactivated"]


def test_a_deactivated_person_cannot_come_back_by_signing_in(scim, api, workspace):
    carol = join("carol@acme.example", workspace, "DEVELOPER")
    confirm_address(user_id=carol.user.id, email=carol.user.email)
    user = scim.add_user("carol@acme.example")
    scim.patch(f"Users/{user['id']}", {"op": "replace", "value": {"active": False}})

    browser = api(carol)

    assert browser.get("runs").status_code in {403, 404}
    assert browser.get(f"/api/v1/account/{workspace.account_id}/usage").status_code in {403, 404}


def test_who_is_let_in_again_has_what_they_had(scim, api, workspace, logged):
    carol = join("carol@acme.example", workspace, "DEVELOPER")
    confirm_address(user_id=carol.user.id, email=carol.user.email)
    user = scim.add_user("carol@acme.example")
    group = scim.add_group("Data", user)
    scim.patch(f"Users/{user['id']}", {"op": "replace", "value": {"active": False}})

    back = scim.put(f"Users/{user['id']}", {"userName": "carol@acme.example", "active": True})

    assert back.json()["active"] is True
    assert [each["value"] for each in back.json()["groups"]] == [group["id"]]
    assert api(carol).get("runs").status_code == 200
    assert logged()[-2:] == ["scim.user_deactivated", "scim.user_reactivated"]


def test_sessions_of_who_signs_in_by_another_address_stay(scim, api, workspace):
    """Their login is their own; only this account is closed to them."""
    dora = sign_up("dora@home.example")
    confirm_address(user_id=dora.user.id, email="dora@home.example")
    dora.user.emailaddress_set.create(email="dora@acme.example", verified=True)
    browser = api(dora)
    user = scim.add_user("dora@acme.example")

    scim.patch(f"Users/{user['id']}", {"op": "replace", "value": {"active": False}})

    assert member_of(user).deactivated_at is not None
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.get("runs").status_code == 200


def test_the_last_owner_is_neither_deactivated_nor_deleted(scim, alice, api):
    confirm_address(user_id=alice.user.id, email=alice.user.email)
    user = scim.add_user(alice.user.email)
    browser = api(alice)

    shut = scim.patch(f"Users/{user['id']}", {"op": "replace", "value": {"active": False}})
    gone = scim.delete(f"Users/{user['id']}")

    assert "owner" in refused(shut, 409)
    assert "owner" in refused(gone, 409)
    assert scim.get(f"Users/{user['id']}").json()["active"] is True
    assert browser.get("runs").status_code == 200


def test_seats_are_counted(scim, account_id):
    with account_scope(account_id):
        services.set_limits(account_id=account_id, limits=PlanLimits(max_users=2), hold=None)
    first = scim.add_user("carol@acme.example")  # beside Alice

    beyond = scim.post("Users", {"userName": "dora@acme.example"})

    assert "2 users" in refused(beyond, 403)
    assert not User.objects.filter(email="dora@acme.example").exists()
    scim.patch(f"Users/{first['id']}", {"op": "replace", "value": {"active": False}})
    scim.add_user("dora@acme.example")
    back = scim.patch(f"Users/{first['id']}", {"op": "replace", "value": {"active": True}})
    refused(back, 403)
    assert member_of(first).deactivated_at is not None


def test_who_is_invited_and_comes_by_the_provider_takes_one_seat(scim, account_id, api, alice):
    with account_scope(account_id):
        services.set_limits(account_id=account_id, limits=PlanLimits(max_users=3), hold=None)
    owner, account = api(alice), f"/api/v1/account/{account_id}"
    for address in ("carol@acme.example", "dora@acme.example"):
        assert owner.post(f"{account}/invitations", {"email": address}).status_code == 201

    scim.add_user("carol@acme.example")

    shown = owner.get(account).json()
    assert (shown["seats"], shown["counts"]["invitations"]) == ({"used": 3, "limit": 3}, 2)
    refused(scim.post("Users", {"userName": "erin@acme.example"}), 403)
    scim.add_user("dora@acme.example")
    with account_scope(account_id):
        assert services.seats_used(account_id, utc_now()) == 3


def test_a_deleted_user_is_out_of_the_account_and_keeps_the_login(scim, workspace, logged):
    carol = join("carol@acme.example", workspace, "OWNER")
    confirm_address(user_id=carol.user.id, email=carol.user.email)
    user = scim.add_user("carol@acme.example")

    answer = scim.delete(f"Users/{user['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    refused(scim.get(f"Users/{user['id']}"), 404)
    refused(scim.delete(f"Users/{user['id']}"), 404)
    assert not Member.objects.filter(pk=user["id"]).exists()
    with workspace_scope(workspace.id):
        assert not RoleAssignment.objects.filter(user=carol.user).exists()
    assert User.objects.filter(pk=carol.user.pk, is_active=True).exists()
    assert logged() == ["scim.user_linked", "scim.user_deleted"]
    assert scim.add_user("carol@acme.example")["id"] != user["id"]


def test_what_was_open_to_a_deleted_person_alone_stays_closed(scim, workspace, alice):
    user = scim.add_user("carol@acme.example")
    with workspace_scope(workspace.id):
        rule = ObjectRule.objects.create(
            workspace_id=workspace.id,
            object_kind="POOL",
            object_id=workspace.id,
            scope="runs:write",
            member_id=user["id"],
        )

    assert scim.delete(f"Users/{user['id']}").status_code == 204

    with workspace_scope(workspace.id):
        assert ObjectRule.objects.get(pk=rule.pk).member.user_id == alice.user.id
    assert not Member.objects.filter(pk=user["id"]).exists()


def test_a_put_that_is_silent_lets_nobody_in_again(scim):
    user = scim.add_user("carol@acme.example", title="Analyst", active=False)
    path = f"Users/{user['id']}"

    put = scim.put(path, {"userName": "carol@acme.example"})
    removed = scim.patch(path, {"op": "remove", "path": "active"})

    assert "title" not in put.json()
    assert put.json()["active"] is removed.json()["active"] is False


def test_versions_guard_against_lost_changes(scim):
    user = scim.add_user("carol@acme.example")
    path, first = f"Users/{user['id']}", user["meta"]["version"]
    title = {"op": "add", "path": "title", "value": "Analyst"}

    changed = scim.patch(path, title, If_Match=first)

    assert changed.status_code == 200
    assert changed["ETag"] == changed.json()["meta"]["version"] != first
    refused(scim.patch(path, title, If_Match=first), 412)
    refused(scim.put(path, {"userName": "x"}, If_Match=first), 412)
    refused(scim.delete(path, If_Match=first), 412)
    assert scim.get(path, If_None_Match=changed["ETag"]).status_code == 304
    assert scim.get(path, If_None_Match=first).status_code == 200
    assert scim.patch(path, title, If_Match=f"{first}, *").status_code == 200


def test_a_change_of_nothing_makes_no_version_and_no_entry(scim, logged):
    user = scim.add_user("carol@acme.example", title="Analyst")

    again = scim.patch(
        f"Users/{user['id']}", {"op": "replace", "path": "title", "value": "Analyst"}
    )

    assert again.json()["meta"]["version"] == user["meta"]["version"]
    assert logged() == ["scim.user_created"]


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "remove", "path": "userName"}, "invalidValue"),
        ({"op": "replace", "path": "id", "value": "1"}, "mutability"),
        ({"op": "replace", "path": "meta.version", "value": "1"}, "mutability"),
        ({"op": "add", "path": "groups", "value": [{"value": "1"}]}, "mutability"),
        ({"op": "replace", "path": "nothing", "value": "1"}, "invalidPath"),
        ({"op": "replace", "path": "emails[type eq", "value": "1"}, "invalidPath"),
        ({"op": "replace", "path": "emails[type xx 1]", "value": "1"}, "invalidFilter"),
        ({"op": "replace", "path": 'emails[type ne "a"].value', "value": "1"}, "noTarget"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "replace", "path": "name", "value": 7}, "invalidValue"),
        ({"op": "move", "path": "name"}, "invalidSyntax"),
        ("replace", "invalidSyntax"),
    ],
)
def test_operations_that_cannot_be_followed_change_nothing(scim, operation, scim_type):
    user = scim.add_user("carol@acme.example")
    path = f"Users/{user['id']}"

    answer = scim.patch(path, {"op": "add", "path": "title", "value": "Analyst"}, operation)

    refused(answer, 400, scim_type)
    assert scim.get(path).json() == scim.get(path).json() | user


def test_only_what_is_asked_for_is_answered(scim):
    user = scim.add_user("carol@acme.example", title="Analyst", name={"givenName": "C"})
    path = f"Users/{user['id']}"

    assert set(scim.get(f"{path}?attributes=userName,name.givenName").json()) == {
        "schemas",
        "id",
        "userName",
        "name",
    }
    kept = scim.get(f"{path}?excludedAttributes=title,id,name").json()
    assert {"id", "userName", "active"} <= set(kept)
    assert not {"title", "name"} & set(kept)


def test_an_archived_account_is_read_and_not_written(scim, account_id):
    user = scim.add_user("carol@acme.example")
    Account.objects.filter(pk=account_id).update(archived_at=utc_now())

    refused(scim.post("Users", {"userName": "dora@acme.example"}), 403)
    refused(scim.delete(f"Users/{user['id']}"), 403)
    assert scim.get("Users").json()["totalResults"] == 1
    assert scim.post("Users/.search", {}).json()["totalResults"] == 1


def test_one_person_can_be_managed_by_two_accounts(scim, mallory):
    verify_domain(mallory, "rival.example")
    theirs = make_scim(mallory, "second.example")
    dora = confirmed_user("dora@acme.example")
    dora.emailaddress_set.create(email="dora@second.example", verified=True)
    ours = scim.add_user("dora@acme.example")
    other = theirs.add_user("dora@second.example")

    theirs.patch(f"Users/{other['id']}", {"op": "replace", "value": {"active": False}})

    assert member_of(ours).user_id == member_of(other).user_id == dora.id
    assert member_of(ours).deactivated_at is None
    assert scim.get(f"Users/{ours['id']}").json()["active"] is True


def test_a_login_of_the_operators_is_never_changed(scim):
    staff = make_user("root@acme.example")
    User.objects.filter(pk=staff.pk).update(is_staff=True)

    refused(scim.post("Users", {"userName": "root@acme.example"}), 409, "uniqueness")

    assert User.objects.get(pk=staff.pk).check_password(PASSWORD)
