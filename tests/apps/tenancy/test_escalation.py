"""Nobody reaches more through a key, a member or a repeated request than they hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import ApiKey, RoleAssignment
from apps.tenancy.scopes import Scope
from tests.factories.tenancy import join, make_key

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wanted", [{"role": "AGENT"}, {"scopes": ["runs:report"]}])
def test_a_key_for_keys_makes_none_that_may_do_more(api, workspace, alice, wanted):
    secret = make_key(alice, scopes=[Scope.KEYS_MANAGE])

    answer = api(secret, workspace).post("api-keys", {"name": "x"} | wanted)

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "scope_not_held"
    with workspace_scope(workspace.id):
        assert ApiKey.objects.count() == 1


def test_a_key_makes_none_that_outlives_it(api, workspace, alice):
    end = utc_now() + timedelta(hours=1)
    made = api(alice).post("api-keys", {"name": "short", "role": "DEVELOPER", "expires_at": end})
    client = api(made.json()["secret"], workspace)

    for later in ({}, {"expires_at": None}, {"expires_at": end + timedelta(seconds=1)}):
        answer = client.post("api-keys", {"name": "x", "role": "VIEWER"} | later)
        assert list(answer.json()["error"]["fields"]) == ["expires_at"]
    shorter = client.post("api-keys", {"name": "x", "role": "VIEWER", "expires_at": end})

    assert shorter.status_code == 201


def test_a_key_for_members_makes_no_owner_and_removes_none(api, workspace, alice, bob):
    secret = make_key(alice, scopes=[Scope.MEMBERS_MANAGE, Scope.MEMBERS_READ])
    join("second@acme.example", workspace, "OWNER")
    client = api(secret, workspace)
    members = {one["user"]["email"]: one["id"] for one in client.get("members").json()["items"]}

    answers = [
        client.patch(f"members/{members['bob@acme.example']}", {"role": "OWNER"}),
        client.patch(f"members/{members['alice@acme.example']}", {"role": "VIEWER"}),
        client.delete(f"members/{members['alice@acme.example']}"),
    ]

    assert [answer.json()["error"]["code"] for answer in answers] == ["scope_not_held"] * 3
    with workspace_scope(workspace.id):
        roles = RoleAssignment.objects.order_by("created_at").values_list("role", flat=True)
        assert sorted(roles) == ["OWNER", "OWNER", "VIEWER"]


def test_an_owner_still_manages_owners(api, workspace, alice):
    join("second@acme.example", workspace, "OWNER")
    client = api(alice)
    members = {one["user"]["email"]: one["id"] for one in client.get("members").json()["items"]}

    assert client.delete(f"members/{members['second@acme.example']}").status_code == 204
    last = client.delete(f"members/{members['alice@acme.example']}")
    assert last.json()["error"]["code"] == "last_owner"


@pytest.mark.parametrize(
    "email", ["x" * 300 + "@example.org", "a@" + "b." * 150 + "org", "x" * 200 + "@example.org"]
)
def test_a_long_address_signs_up_or_is_refused(client, email):
    answer = client.post(
        "/_allauth/browser/v1/auth/signup",
        {"email": email, "password": "correct horse battery staple"},
        content_type="application/json",
    )

    assert answer.status_code == (401 if len(email) < 254 else 400)
