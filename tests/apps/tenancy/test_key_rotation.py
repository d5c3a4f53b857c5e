"""Keys are replaced with an overlap, handed over, and told apart by use and end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.tenancy import key_cache
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.keys import hash_secret
from apps.tenancy.models import ApiKey, AuditEntry
from apps.tenancy.scopes import Scope
from tests.factories.tenancy import assign_service_account, join, make_key

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def owner(api, alice):
    return api(alice)


@pytest.fixture
def made(owner):
    return owner.post("api-keys", {"name": "ci", "role": "DEVELOPER"}).json()


def of(workspace, key):
    with workspace_scope(workspace.id):
        return ApiKey.objects.get(pk=key["id"])


def age(workspace, key, **columns):
    with workspace_scope(workspace.id):
        ApiKey.objects.filter(pk=key["id"]).update(**columns)
    key_cache.forget_all()


def code_of(answer):
    return answer.json()["error"]["code"]


def test_both_work_until_the_overlap_ends(api, owner, workspace, made):
    answer = owner.post(f"api-keys/{made['id']}/rotation", {"overlap_seconds": 3600})

    successor = answer.json()
    assert answer.status_code == 201
    assert successor["secret"] != made["secret"]
    assert (successor["name"], successor["scopes"]) == ("ci", made["scopes"])
    shown = {key["id"]: key for key in owner.get("api-keys").json()["items"]}
    assert shown[made["id"]]["rotated_to"] == successor["id"]
    assert shown[made["id"]]["ends_by_rotation_at"] == shown[made["id"]]["expires_at"]
    assert shown[successor["id"]]["ends_by_rotation_at"] is None
    assert api(made["secret"], workspace).get("runs").status_code == 200
    assert api(successor["secret"], workspace).get("runs").status_code == 200

    age(workspace, made, expires_at=utc_now() - timedelta(seconds=1))

    assert api(made["secret"], workspace).get("runs").status_code == 401
    assert api(successor["secret"], workspace).get("runs").status_code == 200


def test_without_an_overlap_the_old_one_ends_at_once(
    api, owner, workspace, made, django_capture_on_commit_callbacks
):
    client = api(made["secret"], workspace)
    assert client.get("runs").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        owner.post(f"api-keys/{made['id']}/rotation", {"overlap_seconds": 0})

    assert client.get("runs").status_code == 401


def test_twice_is_refused_unless_the_successor_was_revoked(owner, workspace, made):
    path = f"api-keys/{made['id']}/rotation"
    successor = owner.post(path, {}).json()

    assert code_of(owner.post(path, {})) == "key_already_rotated"
    with workspace_scope(workspace.id):
        assert ApiKey.objects.count() == 2

    owner.delete(f"api-keys/{successor['id']}")
    assert owner.post(path, {}).status_code == 201


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_an_ended_key_is_not_rotated(owner, workspace, made, column):
    age(workspace, made, **{column: utc_now() - timedelta(seconds=1)})

    assert code_of(owner.post(f"api-keys/{made['id']}/rotation", {})) == "key_ended"
    with workspace_scope(workspace.id):
        assert ApiKey.objects.count() == 1


def test_the_new_one_lives_as_long_as_the_old_one_was_made_for(owner, workspace, made):
    now = utc_now()
    age(workspace, made, created_at=now - 80 * DAY, expires_at=now + 10 * DAY)

    successor = owner.post(f"api-keys/{made['id']}/rotation", {"overlap_seconds": 60}).json()

    life = of(workspace, successor).expires_at - now
    assert timedelta() <= life - 90 * DAY < timedelta(hours=1)
    assert of(workspace, made).expires_at < now + timedelta(hours=1)


def test_an_overlap_does_not_prolong(owner, workspace, made):
    end = utc_now() + timedelta(minutes=5)
    age(workspace, made, expires_at=end)

    owner.post(f"api-keys/{made['id']}/rotation", {"overlap_seconds": 7 * 86400})

    assert of(workspace, made).expires_at == end


@pytest.mark.parametrize("seconds", [-1, 7 * 86400 + 1, "soon"])
def test_an_overlap_beyond_a_week_is_refused(owner, made, seconds):
    answer = owner.post(f"api-keys/{made['id']}/rotation", {"overlap_seconds": seconds})

    assert list(answer.json()["error"]["fields"]) == ["overlap_seconds"]


def test_a_key_replaces_itself_and_gains_no_time(api, workspace, alice):
    secret = make_key(alice, scopes=[Scope.RUNS_READ])
    end = utc_now() + DAY
    with workspace_scope(workspace.id):
        ApiKey.objects.filter(secret_hash=hash_secret(secret)).update(expires_at=end)
    client = api(secret, workspace)

    later = client.post("/api/v1/me/rotation", {"expires_at": end + DAY})
    answer = client.post("/api/v1/me/rotation", {"overlap_seconds": 60})

    assert list(later.json()["error"]["fields"]) == ["expires_at"]
    successor = answer.json()
    assert of(workspace, successor).expires_at == end
    assert successor["scopes"] == ["runs:read"]
    again = api(successor["secret"], workspace).post("/api/v1/me/rotation", {})
    assert of(workspace, again.json()).expires_at == end


def test_an_agents_key_of_a_pool_stays_with_it(api, workspace, alice):
    client = api(make_key(alice, role="AGENT", pool="default"), workspace)

    successor = client.post("/api/v1/me/rotation", {}).json()

    assert (successor["pool"], successor["role"]) == ("default", "AGENT")


def test_people_have_no_secret_to_rotate(owner):
    assert code_of(owner.post("/api/v1/me/rotation", {})) == "permission_denied"


def test_nobody_gets_the_secret_of_somebody_elses_key(api, owner, workspace):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    hers = api(dora).post("api-keys", {"name": "hers", "role": "VIEWER"}).json()

    answer = owner.post(f"api-keys/{hers['id']}/rotation", {})

    assert (answer.status_code, code_of(answer)) == (403, "not_your_key")
    assert of(workspace, hers).rotated_to_id is None


def test_rotation_is_logged_without_secrets(owner, workspace, made):
    successor = owner.post(f"api-keys/{made['id']}/rotation", {}).json()

    with account_scope(workspace.account_id):
        entry = AuditEntry.objects.get(action="key.rotated")
        everything = str(list(AuditEntry.objects.values()))
    assert entry.object_id == made["id"]
    assert entry.after["rotated_to"] == successor["id"]
    for secret in (made["secret"], successor["secret"]):
        assert secret not in everything
        assert hash_secret(secret) not in everything


def test_handed_over_a_key_outlives_its_makers_stay(api, owner, workspace):
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    secret = make_key(dora, role="AGENT")
    below = f"/api/v1/account/{workspace.account_id}/service-accounts"
    agents = owner.post(below, {"name": "agents"}).json()
    [key] = owner.get("api-keys").json()["items"]
    [member] = [
        one["id"]
        for one in owner.get("members").json()["items"]
        if one["user"]["email"] == dora.user.email
    ]
    owner.delete(f"members/{member}")
    key_cache.forget_all()
    client = api(secret, workspace)
    assert client.get("runs").status_code == 403
    path, body = f"api-keys/{key['id']}/holder", {"service_account_id": agents["id"]}

    assert code_of(owner.post(path, body)) == "holder_without_role"
    assign_service_account(workspace, agents["id"], "AGENT")
    handed = owner.post(path, body).json()

    key_cache.forget_all()
    assert handed["service_account"]["name"] == "agents"
    assert set(handed["effective_scopes"]) == set(handed["scopes"])
    assert client.get("runs").status_code == 200
    assert api(secret, workspace).get("/api/v1/me").json()["actor"]["kind"] == "api_key"


def test_nobody_hands_over_what_may_do_more_than_they(api, owner, workspace, alice):
    top = owner.post("api-keys", {"name": "top", "role": "OWNER"}).json()
    below = f"/api/v1/account/{workspace.account_id}/service-accounts"
    robot = owner.post(below, {"name": "robot"}).json()
    assign_service_account(workspace, robot["id"], "OWNER")
    dora = join("dora@acme.example", workspace, "DEVELOPER")

    answer = api(dora).post(f"api-keys/{top['id']}/holder", {"service_account_id": robot["id"]})

    assert code_of(answer) == "scope_not_held"
    assert of(workspace, top).service_account_id is None


def test_use_is_noted_with_the_callers_address_once_a_minute(api, workspace, made):
    client = api(made["secret"], workspace)
    client.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    client.get("runs")
    first = of(workspace, made)
    key_cache.forget_all()
    client.client.defaults["REMOTE_ADDR"] = "203.0.113.10"
    client.get("runs")

    assert first.last_used_from == "203.0.113.9"
    assert of(workspace, made).last_used_at == first.last_used_at


def test_lists_are_narrowed_by_owner_state_and_pool(api, owner, workspace, alice, made):
    now = utc_now()
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    hers = api(dora).post("api-keys", {"name": "hers", "role": "VIEWER"}).json()
    pooled = owner.post("api-keys", {"name": "agent", "role": "AGENT", "pool": "default"}).json()
    ending = owner.post(
        "api-keys", {"name": "ending", "role": "VIEWER", "expires_at": now + DAY}
    ).json()
    ended = owner.post("api-keys", {"name": "ended", "role": "VIEWER"}).json()
    owner.delete(f"api-keys/{ended['id']}")
    age(workspace, hers, created_at=now - 91 * DAY)
    age(workspace, made, created_at=now - 200 * DAY, last_used_at=now - 89 * DAY)

    def names(query):
        return {key["name"] for key in owner.get(f"api-keys?{query}").json()["items"]}

    assert names("owner=mine") == {"ci", "agent", "ending", "ended"}
    assert names("owner=personal") == {"ci", "agent", "ending", "ended", "hers"}
    assert names("owner=service") == set()
    assert names("state=stale") == {"hers"}
    assert names("state=endless") == {"ci", "agent", "hers"}
    assert names("state=active") == {"ci", "agent", "hers", "ending"}
    assert names("state=ended") == {"ended"}
    assert names("pool=default") == {"agent"}
    assert [key["stale"] for key in owner.get("api-keys?state=stale").json()["items"]] == [True]
    assert owner.get("api-keys?state=odd").status_code == 400
    assert pooled["pool"] == "default"
    assert ending["stale"] is False


def test_my_keys_are_mine_over_all_workspaces(api, owner, workspace, alice, bob, made):
    second = owner.post("/api/v1/workspaces", {"name": "Second"}).json()
    there = owner.post(
        f"/api/v1/workspaces/{second['slug']}/api-keys", {"name": "there", "role": "VIEWER"}
    ).json()
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    api(dora).post("api-keys", {"name": "hers", "role": "VIEWER"})

    mine = owner.get("/api/v1/me/keys").json()["items"]

    assert [(key["id"], key["workspace"]["slug"]) for key in mine] == [
        (there["id"], second["slug"]),
        (made["id"], workspace.slug),
    ]
    assert all(key["effective_scopes"] == key["scopes"] for key in mine)
    assert api(bob).get("/api/v1/me/keys").json()["items"] == []
    assert api(made["secret"], workspace).get("/api/v1/me/keys").status_code == 403


def test_an_end_in_the_past_is_refused(owner):
    answer = owner.post("api-keys", {"name": "x", "role": "VIEWER", "expires_at": utc_now() - DAY})

    assert list(answer.json()["error"]["fields"]) == ["expires_at"]
