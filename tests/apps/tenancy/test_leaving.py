"""Delete my user: what goes, what stays, and what stands in the way."""

import pytest

from apps.core.clock import utc_now
from apps.identity.models import User
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import Account, ApiKey, AuditEntry, Member, ObjectRule, RoleAssignment
from billing.subscriptions import services as subscriptions
from billing.subscriptions.models import Subscription
from tests.factories.identity import PASSWORD, Visitor, subjects_to
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor_of():
    def enter(person, *, fresh=True):
        person.user.emailaddress_set.create(email=person.user.email, verified=True, primary=True)
        visitor = Visitor()
        assert visitor.log_in(person.user.email, PASSWORD).status_code == 200
        if fresh:
            visitor.confirm_password(PASSWORD)
        return visitor

    return enter


def log_of(account_id):
    with account_scope(account_id):
        return list(AuditEntry.objects.filter(account_id=account_id).order_by("id"))


def test_deleting_oneself_needs_a_fresh_proof(alice, visitor_of):
    visitor = visitor_of(alice, fresh=False)

    refused = visitor.call("DELETE", "/api/v1/me")

    assert refused.status_code == 403
    error = refused.json()["error"]
    assert error["code"] == "reauthentication_required"
    assert error["details"] == {"methods": ["password"]}
    assert User.objects.get(pk=alice.user.pk).email == "alice@acme.example"


def test_an_only_member_takes_the_account_along(alice, visitor_of):
    account_id = alice.workspace.account_id
    visitor, elsewhere = visitor_of(alice), Visitor()
    elsewhere.log_in(alice.user.email, PASSWORD)
    secret = make_key(alice, role="DEVELOPER")
    preview = visitor.get("/api/v1/me/deletion").json()

    assert visitor.call("DELETE", "/api/v1/me").status_code == 204

    assert preview["may_delete"] is True
    assert preview["keys"] == 1
    assert [(each["fate"], each["members"]) for each in preview["accounts"]] == [("DELETED", 1)]
    account = Account.objects.get(pk=account_id)
    assert account.archived_at is not None
    assert account.delete_after <= utc_now()
    assert not visitor.is_in()
    assert not elsewhere.is_in()
    key = Visitor().get("/api/v1/me", Authorization=f"Bearer {secret}")
    assert key.status_code == 401
    left = User.objects.get(pk=alice.user.pk)
    assert (left.is_active, left.name, left.display_name) == (False, "", "Deleted user")
    assert "alice" not in left.email
    assert not left.emailaddress_set.exists()
    assert subjects_to("alice@acme.example")[-1] == "Your login was deleted"


def test_an_account_with_others_goes_on_without_the_person(alice, bob, workspace, visitor_of):
    secret = make_key(bob, scopes=["runs:read"])
    visitor = visitor_of(bob)

    assert visitor.call("DELETE", "/api/v1/me").status_code == 204

    assert not Member.objects.filter(user=bob.user).exists()
    with workspace_scope(workspace.id):
        assert not RoleAssignment.objects.filter(user=bob.user).exists()
        assert RoleAssignment.objects.filter(user=alice.user).exists()
        assert ApiKey.objects.get().revoked_at is not None
    assert Visitor().get("/api/v1/me", Authorization=f"Bearer {secret}").status_code == 401
    assert Account.objects.get(pk=workspace.account_id).archived_at is None
    entry = log_of(workspace.account_id)[-1]
    assert (entry.action, entry.actor_name, entry.object_name) == (
        "user.deleted",
        "Deleted user",
        "Deleted user",
    )


def test_the_only_owner_of_an_account_with_others_stays(alice, bob, visitor_of):
    visitor = visitor_of(alice)

    refused = visitor.call("DELETE", "/api/v1/me")

    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["code"] == "deletion_blocked"
    assert [each["code"] for each in error["details"]["accounts"]] == ["sole_owner"]
    preview = visitor.get("/api/v1/me/deletion").json()
    assert preview["may_delete"] is False
    assert "hand it over" in preview["accounts"][0]["message"]
    assert visitor.is_in()
    assert Member.objects.filter(user=alice.user).exists()


def test_a_paid_plan_has_to_end_first(alice, visitor_of):
    visitor = visitor_of(alice)
    account_id = alice.workspace.account_id
    subscriptions.apply_entitlements(account_id=account_id, now=utc_now())
    with account_scope(account_id):
        Subscription.objects.filter(account_id=account_id).update(stripe_status="active")

    refused = visitor.call("DELETE", "/api/v1/me")

    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["accounts"][0]["code"] == "subscription_running"


def test_what_rules_kept_for_the_person_does_not_open_to_all(alice, bob, workspace, visitor_of):
    with workspace_scope(workspace.id):
        ObjectRule.objects.create(
            workspace_id=workspace.id,
            object_kind="POOL",
            object_id=workspace.id,
            scope="pools:write",
            member=Member.objects.get(user=bob.user),
        )
    visitor = visitor_of(bob)

    assert visitor.call("DELETE", "/api/v1/me").status_code == 204

    with workspace_scope(workspace.id):
        assert ObjectRule.objects.count() == 1
    assert Member.objects.get(user=bob.user).deactivated_at is not None


def test_the_address_of_a_deleted_person_is_free_again(alice, visitor_of):
    visitor_of(alice).call("DELETE", "/api/v1/me")

    visitor = Visitor().join("alice@acme.example")

    me = visitor.get("/api/v1/me").json()
    assert me["actor"]["id"] != str(alice.user.id)
    assert [each["role"] for each in me["workspaces"]] == ["OWNER"]


def test_keys_neither_rename_nor_delete_people(alice, workspace):
    key = make_key(alice, role="OWNER")

    for method, path, body in (
        ("DELETE", "/api/v1/me", None),
        ("PATCH", "/api/v1/me", {"name": "x"}),
        ("GET", "/api/v1/me/deletion", None),
    ):
        answer = Visitor().call(method, path, body, Authorization=f"Bearer {key}")
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "people_only"


def test_a_person_is_called_as_they_say(alice, visitor_of):
    visitor = visitor_of(alice)

    assert visitor.call("PATCH", "/api/v1/me", {"name": "Alice A."}).json()["name"] == "Alice A."
    assert visitor.get("/api/v1/me").json()["actor"]["name"] == "Alice A."
    assert visitor.call("PATCH", "/api/v1/me", {"email": "x@y.example"}).status_code == 400


def test_what_happens_at_the_door_stands_in_the_log(alice, workspace, visitor_of):
    visitor_of(alice)
    Visitor().log_in(alice.user.email, "not the password")
    Visitor().log_in("nobody@acme.example", "not the password")

    entries = [each for each in log_of(workspace.account_id) if each.action.startswith("user.")]

    assert [(each.action, each.actor_kind, each.after) for each in entries] == [
        ("user.signed_in", "user", {"methods": ["password"]}),
        ("user.sign_in_failed", "nobody", {"factor": "password"}),
    ]
    assert entries[1].actor_id is None
    assert str(entries[1].object_id) == str(alice.user.id)
