import pytest

from apps.core.clock import utc_now
from apps.tenancy import services
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import ApiKey, RoleAssignment
from tests.factories.identity import Visitor
from tests.factories.tenancy import join, make_key

pytestmark = pytest.mark.django_db


def test_signing_up_makes_an_account_and_a_workspace():
    me = Visitor().join("dora@acme.example").get("/api/v1/me").json()

    assert me["actor"]["email"] == "dora@acme.example"
    assert [w["role"] for w in me["workspaces"]] == ["OWNER"]
    assert "workspace:manage" in me["workspaces"][0]["scopes"]


def test_me_refuses_strangers_with_the_envelope(client):
    response = client.get("/api/v1/me")

    assert response.status_code == 401
    error = response.json()["error"]
    assert error["code"] == "unauthenticated"
    assert error["request_id"] == response["X-Request-Id"]


def test_an_outsider_gets_404_for_a_workspace_that_exists(api, workspace, mallory):
    response = api(mallory, workspace).get(f"/api/v1/workspaces/{workspace.slug}")

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_a_viewer_may_read_members_but_not_change_them(api, workspace, alice, bob):
    listed = api(bob, workspace).get("members").json()["items"]
    of_alice = next(item for item in listed if item["user"]["email"] == alice.user.email)

    response = api(bob, workspace).patch(f"members/{of_alice['id']}", {"role": "VIEWER"})

    assert response.status_code == 403
    assert response.json()["error"]["details"] == {"scope": "members:manage"}
    with workspace_scope(workspace.id):
        assert RoleAssignment.objects.get(user=alice.user).role == "OWNER"


def test_the_last_owner_stays(api, workspace, alice):
    me = api(alice).get("members").json()["items"][0]

    demoted = api(alice).patch(f"members/{me['id']}", {"role": "VIEWER"})
    removed = api(alice).delete(f"members/{me['id']}")

    assert demoted.status_code == removed.status_code == 409
    assert demoted.json()["error"]["code"] == removed.json()["error"]["code"] == "last_owner"


def test_one_of_two_owners_may_leave(api, workspace, alice):
    carol = join("carol@acme.example", workspace, "OWNER")
    dora = join("dora@acme.example", workspace, "OWNER")
    listed = api(carol, workspace).get("members").json()["items"]
    of_dora = next(item for item in listed if item["user"]["email"] == dora.user.email)

    assert api(carol, workspace).delete(f"members/{of_dora['id']}").status_code == 204
    assert api(dora, workspace).get("members").status_code == 404


def test_a_key_works_until_it_is_revoked(api, workspace, alice):
    made = api(alice).post("api-keys", {"name": "ci", "role": "DEVELOPER"}).json()
    with_key = api(made["secret"], workspace)
    assert with_key.get("/api/v1/me").json()["workspaces"][0]["id"] == str(workspace.id)

    assert api(alice).delete(f"api-keys/{made['id']}").status_code == 204

    # The test client's transaction never commits, so the one second of memory is ended by hand.
    from apps.tenancy import key_cache

    key_cache.forget_all()
    refused = with_key.get("/api/v1/me")
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "unauthenticated"


def test_the_secret_is_shown_once_and_kept_only_as_a_hash(api, workspace, alice):
    made = api(alice).post("api-keys", {"name": "ci", "role": "AGENT"}).json()

    listed = api(alice).get("api-keys").json()["items"]

    assert "secret" not in listed[0]
    assert listed[0]["prefix"] == made["secret"][:7]
    with workspace_scope(workspace.id):
        assert ApiKey.objects.get().secret_hash not in made["secret"]


def test_an_expired_key_is_refused(api, workspace, alice):
    secret = make_key(alice, role="VIEWER")
    with workspace_scope(workspace.id):
        ApiKey.objects.update(expires_at=utc_now())

    assert api(secret, workspace).get("members").status_code == 401


@pytest.mark.parametrize("secret", ["hw_short", "hw_" + "0" * 49, "token", "hw_" + "é" * 49])
def test_a_malformed_key_is_refused_without_a_query(secret, client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(
            "/api/v1/me",
            headers={"Authorization": f"Bearer {secret}".encode().decode("latin-1")},
        )

    assert response.status_code == 401


def test_a_key_of_another_workspace_gets_404(api, workspace, mallory):
    secret = make_key(mallory, role="OWNER")

    assert api(secret, workspace).get("members").status_code == 404


def test_a_developer_makes_no_key_that_may_do_more(api, workspace):
    dev = join("dev@acme.example", workspace, "DEVELOPER")

    response = api(dev).post("api-keys", {"name": "x", "scopes": ["workspace:manage"]})

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "scope_not_held"
    with workspace_scope(workspace.id):
        assert not ApiKey.objects.exists()


def test_unknown_fields_are_refused_by_name(api, alice):
    response = api(alice).post("api-keys", {"name": "x", "role": "VIEWER", "expires": "never"})

    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {"expires": ["Unknown field."]}


def test_slugs_stay_unique_over_accounts(alice):
    again = services.create_workspace(
        account_id=alice.workspace.account_id,
        user_id=alice.user.id,
        name="Alice",
        now=utc_now(),
    )

    assert alice.workspace.slug == "alice"
    assert again.slug == "alice-2"


def test_creating_a_workspace_twice_with_one_key_makes_one(api, alice):
    first = api(alice).post("/api/v1/workspaces", {"name": "Data"}, Idempotency_Key="k1")
    second = api(alice).post("/api/v1/workspaces", {"name": "Data"}, Idempotency_Key="k1")
    other = api(alice).post("/api/v1/workspaces", {"name": "Other"}, Idempotency_Key="k1")

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 409)
    assert first.json() == second.json()
    assert len(api(alice).get("/api/v1/me").json()["workspaces"]) == 2
