"""Tokens of a provider: made once, two at a time, ended at once."""

from __future__ import annotations

import pytest

from apps.sso.models import ScimToken
from apps.tenancy.isolation import account_scope
from apps.tenancy.keys import is_well_formed
from tests.factories.scim import Scim
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(account_id) -> str:
    return f"/api/v1/account/{account_id}/scim"


def test_a_token_is_shown_once_and_stored_as_a_hash(api, alice, address, account_id):
    owner = api(alice)
    assert owner.get(address).json() == {
        "enabled": False,
        "base_url": "http://testserver/scim/v2",
        "created_at": None,
        "last_used_at": None,
        "tokens": [],
        "most_tokens": 2,
        "people": 0,
        "groups": 0,
    } | {"base_url": owner.get(address).json()["base_url"]}

    made = owner.post(address).json()

    assert is_well_formed(made["secret"], "hws_")
    shown = owner.get(address)
    assert made["secret"] not in shown.content.decode()
    assert [each["id"] for each in shown.json()["tokens"]] == [made["id"]]
    assert shown.json()["base_url"].endswith("/scim/v2")
    with account_scope(account_id):
        assert made["secret"] not in str(ScimToken.objects.values().get())


def test_two_tokens_overlap_and_each_ends_at_once(api, alice, address):
    owner = api(alice)
    first, second = owner.post(address).json(), owner.post(address).json()

    third = owner.post(address)

    assert third.status_code == 409
    assert third.json()["error"]["code"] == "too_many_scim_tokens"
    assert Scim(first["secret"]).get("Users").status_code == 200
    assert owner.delete(f"{address}/{first['id']}").status_code == 204
    assert owner.delete(f"{address}/{first['id']}").status_code == 404
    assert Scim(first["secret"]).get("Users").status_code == 401
    assert Scim(second["secret"]).get("Users").status_code == 200
    assert owner.post(address).status_code == 201


def test_the_use_of_a_token_is_noted(api, alice, scim, address):
    assert api(alice).get(address).json()["last_used_at"] is None

    scim.add_user("carol@acme.example")

    shown = api(alice).get(address).json()
    assert shown["last_used_at"] is not None
    assert (shown["enabled"], shown["people"], shown["groups"]) == (True, 1, 0)


def test_making_and_ending_is_logged(api, alice, address, account_id):
    from apps.tenancy.models import AuditEntry

    made = api(alice).post(address).json()
    api(alice).delete(f"{address}/{made['id']}")

    with account_scope(account_id):
        entries = AuditEntry.objects.filter(action__startswith="scim.token").order_by("id")
        assert [each.action for each in entries] == ["scim.token_created", "scim.token_ended"]
        assert {each.actor_id for each in entries} == {alice.user.id}
        assert made["secret"] not in str(list(entries.values()))


def test_only_who_may_set_up_sign_on_sees_or_makes_tokens(api, alice, bob, mallory, address, scim):
    with account_scope(alice.workspace.account_id):
        token = ScimToken.objects.get()

    for who, status in ((api(bob), 403), (api(mallory), 404)):
        assert who.get(address).status_code == status
        assert who.post(address).status_code == status
        assert who.delete(f"{address}/{token.pk}").status_code == status
    key = api(make_key(alice, role="OWNER"), alice.workspace)
    assert key.post(address).status_code == 403
    rival = f"/api/v1/account/{mallory.workspace.account_id}/scim"
    assert api(mallory).delete(f"{rival}/{token.pk}").status_code == 404
    assert scim.get("Users").status_code == 200


@pytest.mark.parametrize("secret", ["", "x", "hws_" + "0" * 49, "hw_" + "0" * 49, "hws_\x00ä"])
def test_what_is_no_token_opens_nothing(db, secret):
    answer = Scim(secret.encode("ascii", "ignore").decode().replace("\x00", "")).get("Users")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["status"] == "401"


def test_keys_and_sessions_open_nothing_of_scim_and_tokens_nothing_else(api, alice, scim):
    for caller in (api(alice), api(make_key(alice, role="OWNER"), alice.workspace)):
        assert caller.get("/scim/v2/Users").status_code == 401
    assert api(scim.secret, alice.workspace).get("runs").status_code == 401
