"""
Every route × what an account asks of who comes in × how somebody comes.

Routes are those of the schema: a new one is walked once it is there. What becomes of whom stands in
tests.doors; the doors of the live process are tried in tests/apps/core/test_live_doors.py.
"""

from __future__ import annotations

import pytest

from apps.tenancy import key_cache
from tests.conftest import Api
from tests.contracts.routes import account_operations, operations
from tests.contracts.test_rivals import BODIES, account_ids, fill, refusal_of
from tests.doors import CONDITIONS, DOOR_CODES, callers
from tests.factories.compute import managed_run
from tests.factories.scim import make_scim
from tests.factories.world import furnish
from tests.isolation import rolled_back

pytestmark = pytest.mark.django_db

# What can be done with what is archived: look at it, take it along, bring it back, delete it, leave
# it, and end what is paid for it; and take from others what lets them in.
OPEN_WHILE_ARCHIVED = {
    "answer_dashboard_panels",
    "query_metric_charts",
    "query_metric_heat_map",
    "query_metrics",
    "preview_automation",
    "preview_budget",
    "preview_event_schema",
    "preview_backfill",
    "preview_schedule",
    "archive_workspace",
    "restore_workspace",
    "export_workspace",
    "delete_workspace",
    "archive_account",
    "restore_account",
    "export_account",
    "delete_account",
    "leave_account",
    "open_account_portal",
    "revoke_api_key",
    "remove_member",
    "remove_account_member",
    "deactivate_account_member",
    "disable_service_account",
    "revoke_invitation",
    "delete_dashboard_link",
    "end_scim_token",
}
# A workspace comes back with its account and not before.
STILL_SHUT = dict.fromkeys(CONDITIONS, frozenset()) | {"account archived": {"restore_workspace"}}
WITNESSES = {"by the provider", "service key"}
EACH = pytest.mark.parametrize("name", CONDITIONS)


def door_code(answer):
    """Return the code with which somebody was refused at the door, None when they were not."""
    code, _ = refusal_of(answer)
    return code if code in DOOR_CODES else None


def routes(workspace, ids):
    """Yield (operation, method, path, is it below the workspace) of all that has a door."""
    for name, method, template in operations():
        yield name, method, fill(template, workspace.slug, ids), True
    own = account_ids(ids) | {"account_id": workspace.account_id}
    for name, method, template in account_operations():
        yield name, method, fill(template, "", own), False


@EACH
def test_every_route_asks_what_the_account_asks(workspace, alice, name):
    condition, ids = CONDITIONS[name], furnish(alice)
    people = callers(workspace, alice)
    condition.turn_on(workspace)
    tried, wrong = 0, []

    for operation, method, path, is_workspace in routes(workspace, ids):
        changes = method != "GET" and operation not in OPEN_WHILE_ARCHIVED - STILL_SHUT[name]
        concerned = condition.looks_too or (
            changes and (is_workspace or name != "workspace archived")
        )
        for who, client in people.items():
            if "key" in who and not is_workspace:
                continue  # a key speaks for no account, whatever that asks
            expected = condition.refused.get(who) if concerned else None
            if expected is None and (changes or who not in WITNESSES):
                continue  # it would be done: enough that some may look
            with rolled_back():
                found = door_code(client.request(method, path, BODIES.get(operation)))
            if expected is None:
                key_cache.forget_all()  # what was rolled back is not so
            tried += 1
            if found != expected:
                wrong.append((who, method, path, found, expected))

    assert wrong == []
    assert tried > 150


@EACH
def test_addresses_that_name_no_place_ask_it_too(workspace, alice, name):
    """A workspace is made in an account, and a key replaces itself, without either in the path."""
    condition = CONDITIONS[name]
    people = callers(workspace, alice)
    given = {"name": "One more", "account_id": str(workspace.account_id)}
    before = {who: listed(client) for who, client in people.items() if "key" not in who}
    condition.turn_on(workspace)
    of_account = name != "workspace archived"  # which says nothing of the account

    for who, client in people.items():
        expected = condition.refused.get(who)
        with rolled_back():
            if "key" in who:
                found = door_code(client.post("/api/v1/me/rotation", {}))
            else:
                found = door_code(client.post("/api/v1/workspaces", given))
                expected = expected if of_account else None
        key_cache.forget_all()
        assert found == expected, who

    shown = {who: listed(people[who]) for who in before}
    assert set(before.values()) == {1}
    assert shown == {
        who: 0 if condition.looks_too and who in condition.refused else 1 for who in before
    }


def listed(client):
    return len(client.get("/api/v1/accounts").json()["items"])


@EACH
def test_who_stands_outside_learns_where_and_why(workspace, alice, name):
    """`GET /me` names the places and what they ask, or nobody could do what is asked."""
    people = callers(workspace, alice)
    CONDITIONS[name].turn_on(workspace)

    for who, client in people.items():
        me = client.get("/api/v1/me")
        assert me.status_code == 200, who
        assert workspace.slug in {each["slug"] for each in me.json()["workspaces"]}


@EACH
def test_who_is_let_in_can_take_it_back(api, workspace, alice, name):
    """Who stands outside of the networks is not."""
    owner = api(alice)
    path = f"/api/v1/account/{workspace.account_id}/"
    if name == "require_mfa":
        owner = callers(workspace, alice)["with a factor"]
    CONDITIONS[name].turn_on(workspace)

    answers = {
        "require_mfa": lambda: owner.patch(f"{path}security", {"require_mfa": False}),
        "sso_required": lambda: owner.patch(f"{path}sso", {"required": False}),
        "allowed_networks": lambda: owner.put(f"{path}allowed-networks", []),
        "workspace archived": lambda: owner.delete("archival"),
        "account archived": lambda: owner.delete(f"{path}archival"),
    }
    answer = answers[name]()

    assert answer.status_code == (403 if name == "allowed_networks" else 200), answer.content


@EACH
def test_the_key_of_a_run_is_asked_whether_there_is_something_to_change(workspace, name):
    """Our own machines hold it, wherever they stand; nothing is taken in for what is archived."""
    run = managed_run(workspace)
    CONDITIONS[name].turn_on(workspace)
    expected = {
        "workspace archived": "workspace_archived",
        "account archived": "account_archived",
    }.get(name)

    answer = Api(run.key, workspace).post("ingest", {})

    assert door_code(answer) == expected
    assert (answer.status_code == 200) == (expected is None)


@EACH
def test_a_directory_writes_from_wherever_it_is(workspace, alice, name):
    scim = make_scim(alice, "acme.example")
    user = scim.add_user("dora@acme.example")
    CONDITIONS[name].turn_on(workspace)

    looked = scim.get(f"Users/{user['id']}")
    changed = scim.patch(
        f"Users/{user['id']}", {"op": "replace", "path": "title", "value": "Engineer"}
    )

    assert looked.status_code == 200
    assert changed.status_code == (403 if name == "account archived" else 200), changed.content


def test_how_to_ask_is_no_secret(client):
    assert client.get("/api/v1/schema").status_code == 200


def test_a_person_s_own_account_is_none_of_another_one_s_business(workspace, alice, mallory):
    """What one account asks is asked nowhere else."""
    for condition in CONDITIONS.values():
        with rolled_back():
            condition.turn_on(workspace)
            for path in ("runs", f"/api/v1/account/{mallory.workspace.account_id}/members"):
                assert Api(mallory, None).get(path).status_code == 200
        key_cache.forget_all()
