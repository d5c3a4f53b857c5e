"""The log is read in pages, narrowed, exported; by whom it concerns and nobody else."""

from __future__ import annotations

import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from apps.core.clock import utc_now
from apps.identity import services as identity
from apps.tenancy import selectors
from apps.tenancy.exports import ACCOUNT_EXPORTS
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry, Member
from apps.tenancy.selectors import AuditFilter
from apps.tenancy.selectors import audit as under_test
from tests.factories.audit import write_entries, write_entry
from tests.factories.tenancy import join, make_key

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def log(workspace):
    return f"/api/v1/account/{workspace.account_id}/audit"


@pytest.fixture
def owner(api, alice):
    return api(alice)


def actions(answer):
    assert answer.status_code == 200, answer.content
    return [entry["action"] for entry in answer.json()["items"]]


def test_pages_hold_every_entry_once_newest_first(owner, log, workspace):
    write_entries(workspace, [NOON + HOUR * (number // 3) for number in range(10)], action="a.b")
    seen, cursor = [], ""
    while True:
        page = owner.get(f"{log}?action=a.b&limit=3{cursor}").json()
        seen += [(entry["occurred_at"], entry["id"]) for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert len(set(seen)) == 10
    assert seen == sorted(seen, reverse=True)


def test_an_entry_tells_all(owner, log, workspace, alice):
    entry = write_entry(
        workspace,
        NOON,
        actor_kind="api_key",
        actor_name="ci",
        on_behalf_of_id=alice.user.id,
        on_behalf_of_name="Alice",
        before={"paused": False},
        after={"paused": True},
        address="203.0.113.7",
        user_agent="curl",
        request_id="req_12345678",
    )

    (shown,) = owner.get(f"{log}?to={(NOON + HOUR).strftime('%Y-%m-%dT%H:%M:%SZ')}").json()["items"]

    assert shown == {
        "id": str(entry.id),
        "occurred_at": "2026-03-01T12:00:00.000000Z",
        "actor": {"kind": "api_key", "id": str(uuid.UUID(int=1)), "name": "ci"},
        "on_behalf_of": {"id": str(alice.user.id), "name": "Alice"},
        "action": "pool.created",
        "object": {"kind": "pool", "id": "p1", "name": "default"},
        "workspace": {"id": str(workspace.id), "slug": workspace.slug, "name": workspace.name},
        "before": {"paused": False},
        "after": {"paused": True},
        "address": "203.0.113.7",
        "user_agent": "curl",
        "request_id": "req_12345678",
    }


@pytest.fixture
def varied(workspace):
    bob, key = uuid.UUID(int=2), uuid.UUID(int=3)
    rows = [
        {"action": "pool.created"},
        {"action": "pool.paused", "actor_id": bob, "actor_name": "Bob"},
        {
            "action": "pools.odd",
            "actor_id": key,
            "on_behalf_of_id": bob,
            "on_behalf_of_name": "Bob",
        },
        {
            "action": "key.created",
            "object_kind": "key",
            "object_id": "k1",
            "object_name": "50% x_y",
        },
        {"action": "member.left", "workspace_id": None, "object_kind": "member", "object_id": "m1"},
    ]
    for number, columns in enumerate(rows):
        write_entry(workspace, NOON + HOUR * number, **columns)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=pool.created", ["pool.created"]),
        ("action=pool.", ["pool.paused", "pool.created"]),
        ("action=pool", ["pools.odd", "pool.paused", "pool.created"]),
        ("action=nothing.", []),
        (f"actor={uuid.UUID(int=2)}", ["pools.odd", "pool.paused"]),
        (f"actor={uuid.UUID(int=3)}", ["pools.odd"]),
        (f"actor={uuid.UUID(int=2)}&action=pool.", ["pool.paused"]),
        ("object_kind=key", ["key.created"]),
        ("object_kind=pool&object_id=p1&action=pool.p", ["pool.paused"]),
        ("object_id=m1", ["member.left"]),
        ("workspace=alice", ["key.created", "pools.odd", "pool.paused", "pool.created"]),
        ("q=bob", ["pools.odd", "pool.paused"]),
        ("q=0%25%20x_", ["key.created"]),
        ("q=%25", ["key.created"]),
        ("q=k1", ["key.created"]),
        ("from=2026-03-01T13:00:00Z&to=2026-03-01T15:00:00Z", ["pools.odd", "pool.paused"]),
    ],
)
@pytest.mark.usefixtures("varied")
def test_it_is_narrowed(owner, log, query, found):
    before = "" if "to=" in query else "&to=2026-03-02T00:00:00Z"

    assert actions(owner.get(f"{log}?{query}{before}")) == found


@pytest.mark.parametrize(
    "query",
    ["actor=bob", "action=DROP", "from=yesterday", "from=0001-01-01T00:00:00Z", "limit=0", "x=1"],
)
def test_odd_questions_are_refused(owner, log, query):
    assert owner.get(f"{log}?{query}").status_code == 400


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "WyIyMDI2IiwieCJd"])
def test_foreign_cursors_are_refused(owner, log, cursor):
    answer = owner.get(f"{log}?cursor={cursor}")

    assert list(answer.json()["error"]["fields"]) == ["cursor"]


def test_an_id_is_looked_for_as_an_objects(owner, log, workspace):
    ids = [uuid.uuid4(), uuid.uuid4()]
    for each in ids:
        write_entry(workspace, NOON, object_id=str(each))

    for text in (str(ids[0]), str(ids[0]).upper()):
        [found] = owner.get(f"{log}?q={text}").json()["items"]
        assert found["object"]["id"] == str(ids[0])


def test_what_no_index_finds_is_looked_for_in_bounded_looks(workspace, monkeypatch):
    monkeypatch.setattr(under_test, "LOOK", 4)
    write_entries(workspace, [NOON + HOUR * number for number in range(40)])
    wanted = [write_entry(workspace, NOON - HOUR * number, object_name="rare") for number in (1, 9)]
    found, cursor, looks = [], None, 0
    while True:
        with account_scope(workspace.account_id):
            page = selectors.list_audit_entries(
                account_id=workspace.account_id,
                wanted=AuditFilter(text="rare", until=NOON + HOUR * 50),
                cursor=cursor,
                limit=10,
            )
        found += [entry.id for entry in page.entries]
        cursor, looks = page.next_cursor, looks + 1
        if cursor is None:
            break

    assert found == [entry.id for entry in wanted]
    assert looks > 2


def test_a_workspace_reads_its_own_part(api, owner, workspace, alice):
    write_entry(workspace, NOON)
    write_entry(workspace, NOON, workspace_id=None, action="member.left")
    second = owner.post("/api/v1/workspaces", {"name": "Second"}).json()
    write_entry(workspace, NOON, workspace_id=second["id"], action="pool.deleted")

    assert actions(owner.get("audit?to=2026-03-02T00:00:00Z")) == ["pool.created"]
    key = api(make_key(alice, role="OWNER"), workspace)
    assert actions(key.get("audit?to=2026-03-02T00:00:00Z")) == ["pool.created"]
    assert owner.get("audit?workspace=second").status_code == 400


@pytest.mark.parametrize("role", ["DEVELOPER", "RUNNER", "VIEWER"])
def test_only_owners_of_a_workspace_read_its_log(api, workspace, log, role):
    client = api(join("carl@acme.example", workspace, role))

    for path in ("audit", log, f"{log}/export?format=csv"):
        assert client.get(path).status_code == 403


def test_admins_read_the_accounts_log(api, workspace, log):
    carl = join("carl@acme.example", workspace, "VIEWER")
    Member.objects.filter(user=carl.user).update(role="ADMIN")

    assert api(carl).get(log).status_code == 200


def test_rivals_read_nothing(api, mallory, workspace, log):
    write_entry(workspace, NOON)

    assert api(mallory).get(log).status_code == 404
    assert api(mallory).get(f"{log}/export").status_code == 404
    own = f"/api/v1/account/{mallory.workspace.account_id}/audit"
    assert actions(api(mallory).get(f"{own}?to=2026-03-02T00:00:00Z")) == []
    assert api(mallory).get(f"{own}?workspace={workspace.slug}").status_code == 400


def test_names_of_people_who_deleted_themselves_are_forgotten(owner, log, workspace, bob):
    write_entry(workspace, NOON, actor_id=bob.user.id, actor_name="Bob Secretive")
    write_entry(
        workspace,
        NOON,
        actor_kind="api_key",
        on_behalf_of_id=bob.user.id,
        on_behalf_of_name="Bob Secretive",
    )
    identity.erase_person(user_id=bob.user.id, now=utc_now())

    answer = owner.get(f"{log}?to=2026-03-02T00:00:00Z")

    assert b"Secretive" not in answer.content
    assert answer.content.count(b"deleted user") == 2
    (kind,) = (each for each in ACCOUNT_EXPORTS if each.name == "audit")
    with account_scope(workspace.account_id):
        exported = str(kind.read(workspace.account_id, None, 100).rows)
    assert "Secretive" not in exported
    assert exported.count("deleted user") == 2
    exported = b"".join(owner.get(f"{log}/export?format=ndjson").streaming_content)
    assert b"Secretive" not in exported


def test_they_are_forgotten_as_members_and_in_what_changed(api, owner, log, workspace, bob):
    account = f"/api/v1/account/{workspace.account_id}"
    member = Member.objects.get(user=bob.user)
    team = owner.post(f"{account}/teams", {"name": "Data"}).json()
    added = owner.post(f"{account}/teams/{team['id']}/members", {"member_id": str(member.id)})
    changed = owner.patch(f"{account}/members/{member.id}", {"account_role": "ADMIN"})
    [assignment] = owner.get("members?q=bob").json()["items"]
    owner.patch(f"members/{assignment['id']}", {"role": "RUNNER"})
    handed = owner.post(f"{account}/ownership", {"member_id": str(member.id)})
    api(bob).patch("/api/v1/me", {"name": "Bobby"})
    assert {each.status_code for each in (added, changed, handed)} <= {200, 201}
    admin = owner  # since the account was handed over
    before = admin.get(log).json()["items"]
    assert "bob" in json.dumps(before).lower()
    assert "bob@acme.example" not in json.dumps(before)
    assert len(admin.get(f"{log}?q=bob").json()["items"]) == 3

    identity.erase_person(user_id=bob.user.id, now=utc_now())

    after = admin.get(log).json()["items"]
    assert "bob" not in json.dumps(after).lower()
    assert [each["action"] for each in after] == [each["action"] for each in before]
    told = {each["action"]: each for each in after}
    assert told["member.role_changed"]["object"]["name"] == "deleted user"
    assert told["member.role_changed"]["after"] == {"role": "ADMIN"}
    assert told["team.member_added"]["after"]["member"] == {
        "person_id": str(bob.user.id),
        "name": "deleted user",
    }
    assert told["account.ownership_transferred"]["before"]["owner"]["name"] == "Alice"
    assert told["user.renamed"]["before"]["called"]["name"] == "deleted user"
    for kind in ("csv", "ndjson"):
        text = b"".join(admin.get(f"{log}/export?format={kind}").streaming_content)
        assert b"bob" not in text.lower()


def test_nobody_is_found_by_a_name_that_is_forgotten(owner, log, workspace, bob):
    write_entry(workspace, NOON, actor_id=bob.user.id, actor_name="Bob Secretive")
    write_entry(
        workspace,
        NOON,
        object_kind="member",
        object_id="m1",
        object_name="Bob Secretive",
        object_person_id=bob.user.id,
    )
    write_entry(workspace, NOON, actor_name="Secretive pool")
    assert len(owner.get(f"{log}?q=secretive").json()["items"]) == 3

    identity.erase_person(user_id=bob.user.id, now=utc_now())

    [left] = owner.get(f"{log}?q=secretive").json()["items"]
    assert left["actor"]["name"] == "Secretive pool"
    assert [each["object"]["name"] for each in owner.get(f"{log}?q=m1").json()["items"]] == [
        "deleted user"
    ]
    assert len(owner.get(f"{log}?actor={bob.user.id}").json()["items"]) == 1


def exported(client, log, query):
    answer = client.get(f"{log}/export?{query}&to=2026-03-02T00:00:00Z")
    assert answer.status_code == 200
    return answer, b"".join(answer.streaming_content).decode()


def test_it_is_exported_as_lines_of_json(owner, log, workspace, monkeypatch):
    monkeypatch.setattr(under_test, "EXPORTED_AT_ONCE", 3)
    write_entries(workspace, [NOON + HOUR * number for number in range(8)])

    answer, text = exported(owner, log, "format=ndjson&action=pool.")

    lines = [json.loads(line) for line in text.splitlines()]
    assert answer["Content-Type"] == "application/x-ndjson"
    assert "attachment" in answer["Content-Disposition"]
    assert len({line["id"] for line in lines}) == 8
    assert lines == owner.get(f"{log}?action=pool.&to=2026-03-02T00:00:00Z").json()["items"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", 'he said "hi", then\nleft', "ordinary"]
)
def test_no_cell_of_the_csv_is_a_formula(owner, log, workspace, name):
    write_entry(workspace, NOON, object_name=name, after={"name": name})

    _, text = exported(owner, log, "format=csv")

    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["object_name"] == (name if name[0].isalpha() else f"'{name}")
    assert json.loads(row["after"]) == {"name": name}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


def test_an_export_is_an_entry_itself(owner, log, workspace):
    exported(owner, log, "format=csv&action=pool.")

    with account_scope(workspace.account_id):
        entry = AuditEntry.objects.get(action="audit.exported")
    assert (entry.after["format"], entry.after["action"]) == ("csv", "pool.")


def test_an_unknown_format_is_refused(owner, log):
    assert owner.get(f"{log}/export?format=xlsx").status_code == 400


def test_a_page_costs_the_same_for_any_size(owner, log, workspace, django_assert_max_num_queries):
    write_entries(workspace, [NOON + HOUR * number for number in range(60)])

    with django_assert_max_num_queries(16):
        assert len(owner.get(f"{log}?limit=50&action=pool.&q=default").json()["items"]) == 50
