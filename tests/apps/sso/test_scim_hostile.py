"""Bodies, headers and addresses that no provider sends: refused in the protocol's words."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.http.json import MAX_BODY_BYTES
from tests.factories.scim import PATCH
from tests.unit.sso.test_scim_patching import JSON, OPERATION

pytestmark = pytest.mark.django_db
RELAXED = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def refused(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.content[:300])
    assert answer["Content-Type"] == "application/scim+json"
    body = answer.json()
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert body["status"] == str(answer.status_code)
    assert body["detail"]
    for word in ("Traceback", "SELECT", "psycopg"):
        assert word not in body["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"null",
        b"7",
        b'"text"',
        b"[" * 5_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"userName": NaN}',
        b'{"userName": 1e400}',
        b'{"userName": "\\ud800"}',
        b'{"userName": "a\\u0000@acme.example"}',
        b'{"userName": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"userName": ["a", "b"]}',
        b'{"userName": {"a": 1}}',
        b'{"displayName": {"a": 1}}',
        gzip.compress(b"{}", mtime=0),
    ],
)
def test_broken_bodies_are_refused(scim, body):
    user, group = scim.add_user("carol@acme.example"), scim.add_group("Data")

    for method, path in (
        ("POST", "Users"),
        ("POST", "Groups"),
        ("PUT", f"Users/{user['id']}"),
        ("PATCH", f"Users/{user['id']}"),
        ("PUT", f"Groups/{group['id']}"),
        ("PATCH", f"Groups/{group['id']}"),
    ):
        refused(scim.request(method, path, body), 400)
    assert scim.get(f"Users/{user['id']}").json() == user
    assert scim.get(f"Groups/{group['id']}").json() == group


def test_large_bodies_and_foreign_types_are_refused(scim):
    refused(scim.request("POST", "Users", b" " * (MAX_BODY_BYTES + 1)), 413)
    for kind in ("text/xml", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = scim.client.generic(
            "POST",
            "/scim/v2/Users",
            b"{}",
            content_type=kind,
            headers={"Authorization": f"Bearer {scim.secret}"},
        )
        refused(answer, 400, 415)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "Bulk", 501),
        ("GET", "Me", 501),
        ("PATCH", "Me", 501),
        ("GET", "Nothing", 404),
        ("GET", "", 404),
        ("GET", "Users/", 404),
        ("GET", "Users/%00", 404),
        ("GET", "Users/nobody", 404),
        ("GET", "Users/..%2fGroups", 404),
        ("GET", "Schemas/urn:nothing", 404),
        ("DELETE", "Users", 405),
        ("POST", "Schemas", 405),
        ("POST", "Users/nobody", 405),
        ("GET", "Schemas?filter=id+pr", 403),
        ("GET", "ServiceProviderConfig?filter=id+pr", 403),
    ],
)
def test_addresses_that_offer_nothing_say_so(scim, method, path, status):
    answer = scim.request(method, path, b"{}" if method != "GET" else None)

    if path.endswith("%00"):  # refused before any view
        assert answer.status_code == status
    else:
        refused(answer, status)


def test_any_accept_header_gets_the_one_form(scim):
    for accept in ("text/html", "application/json", "*/*", "nonsense", "application/scim+json"):
        answer = scim.get("Users", Accept=accept)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/scim+json"
        assert answer["Cache-Control"] == "no-store"


def test_what_the_service_says_of_itself_is_complete(scim):
    schemas = scim.get("Schemas").json()["Resources"]
    kinds = scim.get("ResourceTypes").json()["Resources"]

    ids = {each["id"] for each in schemas}
    for kind in kinds:
        assert kind["schema"] in ids
        assert {each["schema"] for each in kind.get("schemaExtensions", [])} <= ids
        assert scim.get(kind["endpoint"].removeprefix("/")).status_code == 200
        assert scim.get(f"ResourceTypes/{kind['id']}").json() == kind
    for each in schemas:
        assert scim.get(f"Schemas/{each['id']}").json() == each
        assert each["meta"]["location"].endswith(each["id"])


def test_whatever_is_written_is_never_a_fault_of_ours(scim):
    user, group = scim.add_user("carol@acme.example"), scim.add_group("Data")
    paths = [("Users", f"Users/{user['id']}"), ("Groups", f"Groups/{group['id']}")]

    def told(answer):
        assert answer.status_code < 500, answer.content[:300]
        if answer.status_code >= 400:
            refused(answer, 400, 409)

    @RELAXED
    @given(JSON)
    def whole(body):
        for collection, single in paths:
            told(scim.post(collection, body))
            told(scim.put(single, body))

    @RELAXED
    @given(st.lists(OPERATION, max_size=3))
    def operations(given_operations):
        for _, single in paths:
            body = {"schemas": [PATCH], "Operations": given_operations}
            told(scim.request("PATCH", single, json.dumps(body).encode()))

    whole()
    operations()
    for _, single in paths:
        assert scim.get(single).status_code == 200


def test_whatever_is_asked_is_never_a_fault_of_ours(scim):
    scim.add_group("Data", scim.add_user("carol@acme.example"))
    texts = st.text(max_size=12)
    words = st.sampled_from(
        ["userName", "emails", "meta.created", "members", 'userName eq "a"', "id pr", "-1", "2"]
    )

    @RELAXED
    @given(
        st.dictionaries(
            st.sampled_from(
                [
                    "filter",
                    "startIndex",
                    "count",
                    "sortBy",
                    "sortOrder",
                    "attributes",
                    "excludedAttributes",
                ]
            ),
            st.one_of(words, texts, JSON),
            max_size=4,
        )
    )
    def search(query):
        for place in ("Users/.search", "Groups/.search"):
            answer = scim.post(place, query)
            assert answer.status_code in {200, 400}, (query, answer.content[:300])

    search()


@pytest.mark.parametrize("header", ["x" * 5_000, '"', "W/", ",,,", 'W/"1", "', "*,"])
def test_odd_preconditions_are_answered(scim, header):
    user = scim.add_user("carol@acme.example")

    answer = scim.request(
        "PUT", f"Users/{user['id']}", {"userName": "carol@acme.example"}, If_Match=header
    )

    assert answer.status_code in {200, 412}
    assert scim.get(f"Users/{user['id']}", If_None_Match=header).status_code in {200, 304}
