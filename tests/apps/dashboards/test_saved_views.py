"""What pages were asked, under names: one's own, and those of everybody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.dashboards import services
from apps.dashboards.errors import SavedViewNameTaken
from apps.dashboards.models import SavedView
from apps.dashboards.services import saved_views
from apps.identity import services as identity
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import AuditEntry
from tests.factories.tenancy import make_key
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db
QUERY = "q=name%3Aorders.*&range=7d"


def save(client, status=201, **more):
    body = {"page": "EVENTS", "name": "Orders", "query": QUERY} | more
    answer = client.post("saved-views", body)
    assert answer.status_code == status, answer.content
    return answer.json()


def names(client, query=""):
    return [row["name"] for row in client.get(f"saved-views?{query}").json()["items"]]


def entries():
    with as_worker():
        return list(AuditEntry.objects.filter(action__startswith="saved_view.").order_by("id"))


def test_a_view_of_ones_own_is_made_changed_and_deleted(api, bob):
    client = api(bob)  # who may do nothing but look
    made = save(client)

    listed = client.get("saved-views").json()["items"]
    changed = client.patch(f"saved-views/{made['id']}", {"name": "Late", "query": "q=late"})
    gone = client.delete(f"saved-views/{made['id']}")

    assert listed == [made]
    assert (made["page"], made["query"], made["is_shared"]) == ("EVENTS", QUERY, False)
    assert (made["owner"], made["may_change"]) == ("Bob", True)
    assert (changed.json()["name"], changed.json()["query"]) == ("Late", "q=late")
    assert gone.status_code == 204
    assert names(client) == []


def test_the_log_tells_of_shared_ones_what_they_ask_and_of_own_ones_nothing(api, alice):
    client = api(alice)
    own = save(client, name="My secret", query="q=secret")
    save(client, name="Orders", is_shared=True)
    client.patch(f"saved-views/{own['id']}", {"is_shared": True})
    client.delete(f"saved-views/{own['id']}")

    first, second, third, fourth = entries()
    assert (first.object_name, first.before) == ("", None)
    assert first.after == {"page": "EVENTS", "is_shared": False}
    assert (second.object_name, second.after["query"]) == ("Orders", QUERY)
    assert (third.action, third.after["name"]) == ("saved_view.changed", "My secret")
    assert fourth.before["query"] == "q=secret"


def test_a_private_view_is_nobody_elses(api, alice, bob):
    own = save(api(bob))
    owner = api(alice)

    assert names(owner) == []
    for answer in (
        owner.patch(f"saved-views/{own['id']}", {"name": "Mine"}),
        owner.delete(f"saved-views/{own['id']}"),
        api(make_key(alice, role="OWNER"), alice.workspace).delete(f"saved-views/{own['id']}"),
    ):
        assert answer.status_code == 404
    assert names(api(bob)) == ["Orders"]


def test_shared_views_are_seen_by_all_and_changed_by_who_may(api, alice, bob):
    shared = save(api(alice), is_shared=True)
    reader = api(bob)

    (seen,) = reader.get("saved-views").json()["items"]
    refusals = [
        reader.patch(f"saved-views/{shared['id']}", {"name": "Mine"}),
        reader.patch(f"saved-views/{shared['id']}", {"is_shared": False}),
        reader.delete(f"saved-views/{shared['id']}"),
        reader.post("saved-views", {"page": "RUNS", "name": "x", "query": "", "is_shared": True}),
    ]

    assert (seen["owner"], seen["may_change"]) == ("Alice", False)
    assert [answer.status_code for answer in refusals] == [403] * 4
    assert names(api(alice)) == ["Orders"]
    assert [entry.action for entry in entries()] == ["saved_view.created"]


def test_whoever_shares_a_view_of_theirs_needs_the_scope(api, bob, workspace):
    own = save(api(bob))

    assert api(bob).patch(f"saved-views/{own['id']}", {"is_shared": True}).status_code == 403
    with workspace_scope(workspace.id):
        assert list(SavedView.objects.values_list("is_shared", flat=True)) == [False]


def test_only_its_owner_makes_a_shared_view_private_again(api, alice, bob, workspace):
    shared = save(api(alice), is_shared=True)
    with workspace_scope(workspace.id):
        SavedView.objects.filter(id=shared["id"]).update(owner=bob.user.id)

    refused = api(alice).patch(f"saved-views/{shared['id']}", {"is_shared": False})

    assert refused.status_code == 400
    assert "is_shared" in refused.json()["error"]["fields"]
    assert names(api(bob)) == ["Orders"]


def test_a_key_shares_views_and_has_none_of_its_own(api, alice, workspace):
    save(api(alice), name="Private")
    key = api(make_key(alice, role="DEVELOPER"), workspace)

    refused = key.post("saved-views", {"page": "RUNS", "name": "x", "query": ""})
    shared = save(key, page="RUNS", is_shared=True)

    assert refused.status_code == 400
    assert names(key) == ["Orders"]
    assert (shared["owner"], shared["may_change"]) == (None, True)


def test_a_name_stands_once_for_a_page(api, alice, bob):
    client = api(alice)
    first = save(client, is_shared=True)
    other = save(client, name="Other", is_shared=True)

    taken = save(client, status=409, is_shared=True)
    renamed = client.patch(f"saved-views/{other['id']}", {"name": "Orders"})
    save(client, page="LOGS", is_shared=True)
    save(client)
    save(api(bob))
    save(api(bob), status=409)

    assert taken["error"]["code"] == renamed.json()["error"]["code"] == "saved_view_name_taken"
    assert names(client, "page=EVENTS") == ["Orders", "Orders", "Other"]
    assert first["id"] in {row["id"] for row in client.get("saved-views").json()["items"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"page": "METRICS"}, "page"),
        ({"page": None}, "page"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": ["x"]}, "name"),
        ({"query": "q=two words"}, "query"),
        ({"query": "q=\x00"}, "query"),
        ({"query": "q=\n"}, "query"),
        ({"query": "q=ä"}, "query"),
        ({"query": "q=" + "x" * 4_000}, "query"),
        ({"query": {"q": "x"}}, "query"),
        ({"query": None}, "query"),
        ({"is_shared": "perhaps"}, "is_shared"),
        ({"owner": "me"}, "owner"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bad_views_are_named(api, alice, workspace, body, field):
    answer = api(alice).post(
        "saved-views", {"page": "EVENTS", "name": "Orders", "query": QUERY} | body
    )

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    with workspace_scope(workspace.id):
        assert not SavedView.objects.exists()


def test_pages_are_kept_apart_and_paged(api, bob):
    client = api(bob)
    for name in "cab":
        save(client, name=name)
    save(client, page="RUNS", name="run")

    page = client.get("saved-views?page=EVENTS&limit=2").json()
    rest = client.get(f"saved-views?page=EVENTS&limit=2&cursor={page['next_cursor']}").json()

    assert [row["name"] for row in (*page["items"], *rest["items"])] == ["a", "b", "c"]
    assert names(client, "page=RUNS") == ["run"]
    assert client.get("saved-views?page=HOME").status_code == 400


@pytest.mark.parametrize("is_shared", [True, False], ids=["shared", "own"])
def test_there_is_an_end_to_how_many(api, alice, monkeypatch, is_shared):
    monkeypatch.setattr(saved_views, "MAX_SHARED", 2)
    monkeypatch.setattr(saved_views, "MAX_OWN", 2)
    client = api(alice)
    save(client, name="a", is_shared=is_shared)
    last = save(client, name="b", is_shared=is_shared)
    other = save(client, name="of the other sort", is_shared=not is_shared)

    answer = save(client, status=409, name="c", is_shared=is_shared)
    moved = client.patch(f"saved-views/{other['id']}", {"is_shared": is_shared})
    client.patch(f"saved-views/{last['id']}", {"name": "still"})

    assert answer["error"]["code"] == moved.json()["error"]["code"] == "too_many_saved_views"
    assert names(client) == ["a", "of the other sort", "still"]


@pytest.mark.django_db(transaction=True)
def test_two_who_take_one_name_at_once(alice, actor, workspace):
    def attempt(number):
        try:
            with workspace_scope(workspace.id):
                services.create_saved_view(
                    workspace_id=workspace.id,
                    page="EVENTS",
                    name="Orders",
                    query=f"q={number}",
                    is_shared=True,
                    actor=actor,
                    now=utc_now(),
                )
        except SavedViewNameTaken:
            return "taken"
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(attempt, range(4)))

    assert outcomes == ["made", "taken", "taken", "taken"]


def test_who_deletes_themselves_leaves_shared_views_only(api, alice, bob, workspace):
    save(api(bob), name="Bob’s own")
    shared = save(api(alice), is_shared=True)
    with workspace_scope(workspace.id):
        SavedView.objects.filter(id=shared["id"]).update(owner=bob.user.id)
    own = save(api(alice), name="Alice’s own")

    identity.erase_person(user_id=bob.user.id, now=utc_now())
    with as_worker():
        assert services.forget_saved_views() == 1
        assert services.forget_saved_views() == 0

    listed = {row["id"]: row["owner"] for row in api(alice).get("saved-views").json()["items"]}
    assert listed == {shared["id"]: None, own["id"]: "Alice"}


def test_an_archived_workspace_is_only_looked_at(api, alice, bob, workspace, actor):
    own = save(api(bob))
    assert api(alice).post("archival").status_code < 300

    assert names(api(bob)) == ["Orders"]
    assert save(api(bob), status=403, name="x")["error"]["code"] == "workspace_archived"
    assert api(bob).delete(f"saved-views/{own['id']}").status_code == 403


def test_views_are_seen_by_who_may_look(api, alice, mallory, workspace):
    key = make_key(alice, scopes=["runs:read"])

    assert api(key, workspace).get("saved-views").status_code == 403
    assert api(mallory, workspace).get("saved-views").status_code == 404
