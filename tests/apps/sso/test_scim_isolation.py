"""A provider never sees, touches or learns of anything of another account."""

from __future__ import annotations

import json

import pytest

from tests.contracts.test_rivals import account_fingerprint
from tests.factories.scim import PATCH, Scim

pytestmark = pytest.mark.django_db

OPERATIONS = {
    "Users": [{"op": "replace", "path": "active", "value": False}],
    "Groups": [{"op": "remove", "path": "members"}],
}
BODIES = {
    "Users": {"userName": "taken@acme.example", "active": False},
    "Groups": {"displayName": "Taken over", "members": []},
}


@pytest.fixture
def theirs(rival_scim) -> dict[str, str]:
    """What the rival's provider manages, by endpoint."""
    victor = rival_scim.add_user("victor@rival.example", externalId="secret-1", title="secret")
    group = rival_scim.add_group("secret group", victor, externalId="secret-2")
    return {"Users": victor["id"], "Groups": group["id"]}


@pytest.mark.parametrize("endpoint", ["Users", "Groups"])
def test_a_rivals_resource_is_not_there(scim, theirs, rival_workspace, endpoint):
    path = f"{endpoint}/{theirs[endpoint]}"
    before = account_fingerprint(rival_workspace)

    answers = [
        scim.get(path),
        scim.put(path, BODIES[endpoint]),
        scim.request("PATCH", path, {"schemas": [PATCH], "Operations": OPERATIONS[endpoint]}),
        scim.delete(path),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1
    nobody = scim.get(f"{endpoint}/01900000-0000-7000-8000-000000000000")
    assert nobody.content == answers[0].content
    assert account_fingerprint(rival_workspace) == before


def test_lists_hold_nothing_of_a_rival(scim, theirs):
    carol = scim.add_user("carol@acme.example")
    scim.add_group("Data", carol)
    searches = [
        f'Users?filter=id eq "{theirs["Users"]}"',
        'Users?filter=userName eq "victor@rival.example"',
        'Users?filter=externalId eq "secret-1"',
        'Users?filter=title eq "secret"',
        'Users?filter=not (userName eq "carol@acme.example")',
        f'Users?filter=groups.value eq "{theirs["Groups"]}"',
        'Groups?filter=displayName co "secret"',
        f'Groups?filter=members eq "{theirs["Users"]}"',
        f'Groups?filter=members[value eq "{theirs["Users"]}"]',
    ]

    for search in searches:
        assert scim.get(search).json()["totalResults"] == 0, search
    for place in ("Users", "Groups"):
        assert "secret" not in json.dumps(scim.get(place).json())
        assert scim.get(place).json()["totalResults"] == 1


def test_a_rivals_user_joins_no_group(scim, theirs, rival_workspace):
    group = scim.add_group("Data")
    before = account_fingerprint(rival_workspace)
    value = [{"value": theirs["Users"]}]

    answers = [
        scim.post("Groups", {"displayName": "X", "members": value}),
        scim.put(f"Groups/{group['id']}", {"displayName": "Data", "members": value}),
        scim.patch(f"Groups/{group['id']}", {"op": "add", "path": "members", "value": value}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 3
    assert "members" not in scim.get(f"Groups/{group['id']}").json()
    assert account_fingerprint(rival_workspace) == before


def test_names_and_ids_of_a_rival_are_free_here(scim, theirs):
    group = scim.add_group("secret group", externalId="secret-2")
    user = scim.add_user("carol@acme.example", externalId="secret-1")

    assert group["id"] != theirs["Groups"]
    assert (
        scim.get('Users?filter=externalId eq "secret-1"').json()["Resources"][0]["id"]
        == (user["id"])
    )


@pytest.mark.parametrize(
    "path",
    ["Users", "Groups", "Users/x", "Schemas", "ServiceProviderConfig", "Bulk", "Me", "", "a/b"],
)
def test_strangers_learn_nothing(client, scim, path):
    for secret in ("", "hws_" + "A" * 49):
        answer = Scim(secret).get(path)
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/scim+json"
