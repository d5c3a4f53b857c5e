"""The security page: who has what, what is asked of everybody, and from where they may come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.tenancy import key_cache
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import Account, ApiKey, AuditEntry, Member
from tests.factories.identity import Visitor
from tests.factories.tenancy import join, make_key, sign_up

pytestmark = pytest.mark.django_db
LONG = timedelta(days=91)


@pytest.fixture
def account(workspace):
    return f"/api/v1/account/{workspace.account_id}"


@pytest.fixture
def owner(api, alice):
    client = api(alice)
    client.client.defaults["REMOTE_ADDR"] = "203.0.113.7"
    return client


def of(workspace):
    return Account.objects.get(pk=workspace.account_id)


def age(workspace, name, **columns):
    with workspace_scope(workspace.id):
        ApiKey.objects.filter(name=name).update(**columns)


def test_it_says_who_has_what(api, owner, account, workspace, alice, bob):
    now = utc_now()
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    eve = join("eve@acme.example", workspace, "DEVELOPER")
    api(dora).post("api-keys", {"name": "hers", "role": "VIEWER"})
    Member.objects.filter(user=dora.user).update(deactivated_at=now)
    Member.objects.filter(user=eve.user).update(last_seen_at=now - LONG)
    owner.post("api-keys", {"name": "fresh", "role": "VIEWER", "expires_at": now + LONG})
    owner.post("api-keys", {"name": "stale", "role": "VIEWER"})
    age(workspace, "stale", created_at=now - LONG)
    ended = owner.post("api-keys", {"name": "ended", "role": "VIEWER"}).json()
    owner.delete(f"api-keys/{ended['id']}")

    shown = owner.get(f"{account}/security").json()

    assert shown["people"] == {
        "members": 3,
        "owners": [{"id": shown["people"]["owners"][0]["id"], "name": "Alice"}],
        "without_mfa": 3,
        "inactive": 1,
        "deactivated": 1,
        "invitations": 0,
    }
    counts = {"active": 3, "stale": 1, "endless": 2, "orphaned": 1, "service": 0}
    own = {"id": str(workspace.id), "slug": workspace.slug, "name": workspace.name}
    assert shown["keys"] == counts | {"workspaces": [own | counts]}
    assert shown["sso"] == {"connections": 0, "active": 0, "required": False}
    assert (shown["require_mfa"], shown["allowed_networks"]) == (False, 0)
    assert shown["own_address"] == "203.0.113.7"


def test_its_numbers_stop_at_the_account(api, account, alice, owner, mallory):
    make_key(mallory, role="OWNER")

    shown = owner.get(f"{account}/security").json()

    assert (shown["people"]["members"], shown["keys"]["active"]) == (1, 0)
    for path in ("security", "allowed-networks"):
        assert api(mallory).get(f"{account}/{path}").status_code == 404


@pytest.mark.parametrize("role", ["MEMBER", "BILLING"])
def test_it_is_for_who_manages_security(api, workspace, account, role):
    carl = join("carl@acme.example", workspace, "OWNER")
    Member.objects.filter(user=carl.user).update(role=role)
    client = api(carl)

    assert client.get(f"{account}/security").status_code == 403
    assert client.patch(f"{account}/security", {"require_mfa": False}).status_code == 403
    assert client.get(f"{account}/allowed-networks").status_code == 403
    assert client.put(f"{account}/allowed-networks", []).status_code == 403


def test_nobody_asks_for_a_second_factor_that_they_lack(owner, account, workspace):
    answer = owner.patch(f"{account}/security", {"require_mfa": True})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "lock_out")
    assert of(workspace).require_mfa is False
    with account_scope(workspace.account_id):
        assert not AuditEntry.objects.filter(action__startswith="security.").exists()


@pytest.mark.django_db(transaction=True)  # allauth tells of a new factor at the commit
def test_who_came_with_one_asks_it_of_everybody():
    visitor = Visitor().join("dora@acme.example")
    visitor.confirm_password()
    visitor.set_up_app()
    [own] = visitor.get("/api/v1/me").json()["workspaces"]
    account = f"/api/v1/account/{own['account']['id']}"

    for required in (True, False):
        answer = visitor.call("PATCH", f"{account}/security", {"require_mfa": required})
        assert answer.status_code == 200, answer.content
        assert answer.json()["require_mfa"] is required

    with account_scope(own["account"]["id"]):
        entries = AuditEntry.objects.filter(action="security.mfa_changed")
        assert [entry.after for entry in entries.order_by("id")] == [
            {"require_mfa": True},
            {"require_mfa": False},
        ]


def test_networks_are_kept_in_one_form_and_once(owner, account, workspace):
    body = [
        {"cidr": "203.0.113.9/24", "note": "office"},
        {"cidr": "203.0.113.0/24", "note": "again"},
        {"cidr": "2001:DB8::1"},
    ]

    answer = owner.put(f"{account}/allowed-networks", body)

    assert answer.status_code == 200, answer.content
    kept = [
        {"cidr": "203.0.113.0/24", "note": "office"},
        {"cidr": "2001:db8::1/128", "note": ""},
    ]
    assert answer.json()["items"] == kept
    assert of(workspace).allowed_networks == kept
    assert owner.get(f"{account}/allowed-networks").json()["items"] == kept
    with account_scope(workspace.account_id):
        entry = AuditEntry.objects.get(action="security.networks_changed")
    assert entry.after == {"allowed_networks": ["203.0.113.0/24", "2001:db8::1/128"]}


def test_nobody_shuts_themselves_out(owner, account, workspace):
    answer = owner.put(f"{account}/allowed-networks", [{"cidr": "198.51.100.0/24"}])

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "lock_out")
    assert error["details"] == {"address": "203.0.113.7"}
    assert of(workspace).allowed_networks == []


def test_none_at_all_opens_it_again(owner, account, workspace):
    owner.put(f"{account}/allowed-networks", [{"cidr": "203.0.113.0/24"}])

    assert owner.put(f"{account}/allowed-networks", []).json()["items"] == []
    assert of(workspace).allowed_networks == []


@pytest.mark.parametrize(
    "body",
    [
        [{"cidr": "everywhere"}],
        [{"cidr": "203.0.113.0/24"}, {"cidr": "10.0.0.0/99"}],
        [{"note": "no network"}],
        [{"cidr": "203.0.113.0/24", "open": True}],
        [{"cidr": f"203.0.{n}.0/24"} for n in range(201)],
        {"cidr": "203.0.113.0/24"},
        "203.0.113.0/24",
    ],
)
def test_what_is_no_list_of_networks_is_refused(owner, account, workspace, body):
    answer = owner.put(f"{account}/allowed-networks", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert of(workspace).allowed_networks == []


def test_keys_that_would_be_cut_off_are_told_before_and_after(owner, account, workspace):
    now = utc_now()
    for name, where, when in (
        ("outside", "198.51.100.4", now - timedelta(days=6)),
        ("inside", "203.0.113.80", now),
        ("long ago", "198.51.100.4", now - timedelta(days=8)),
        ("unused", None, None),
    ):
        owner.post("api-keys", {"name": name, "role": "VIEWER"})
        age(workspace, name, last_used_from=where, last_used_at=when)
    body = [{"cidr": "203.0.113.0/24"}]

    looked = owner.put(f"{account}/allowed-networks?preview=true", body).json()
    assert of(workspace).allowed_networks == []
    done = owner.put(f"{account}/allowed-networks", body).json()

    for answer in (looked, done, owner.get(f"{account}/allowed-networks").json()):
        assert [key["name"] for key in answer["cut_off"]] == ["outside"]
    assert done["cut_off"][0]["last_used_from"] == "198.51.100.4"
    assert done["cut_off"][0]["workspace"]["slug"] == workspace.slug


def test_the_page_costs_the_same_for_any_number(owner, account, workspace):
    def queries():
        key_cache.forget_all()  # each time as somebody new to the process
        with CaptureQueriesContext(connection) as found:
            assert owner.get(f"{account}/security").status_code == 200
        return len(found)

    queries()  # the first one also looks up what the process then knows
    before = queries()
    for number in range(4):
        join(f"n{number}@acme.example", workspace, "VIEWER")
        owner.post("api-keys", {"name": f"k{number}", "role": "VIEWER"})
        owner.post("/api/v1/workspaces", {"name": f"w{number}"})

    assert queries() == before


def test_another_account_is_not_touched(owner, account, workspace):
    other = sign_up("other@else.example")

    owner.put(f"{account}/allowed-networks", [{"cidr": "203.0.113.0/24"}])

    assert of(other.workspace).allowed_networks == []
