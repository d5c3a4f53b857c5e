"""
Every route × every kind of caller × one's own and a rival's objects.

Of a rival's no row is seen and none changed; with one's own everybody may do what their scopes,
said here by hand, allow. Routes are those of the schema: a new one is walked once it is there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.urls import resolve

from apps.dispatch.models import Pool
from apps.flows.models import Deployment
from apps.tenancy import key_cache
from apps.tenancy.access import NARROWABLE, Kind
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import ObjectRule, RoleAssignment
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES, ROLE_SCOPES, Scope, WorkspaceRole
from tests.contracts.routes import account_operations, operations
from tests.factories.tenancy import (
    join,
    join_account,
    make_custom_role,
    make_key,
    make_service_key,
    make_team,
)
from tests.factories.world import furnish
from tests.isolation import as_worker, rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

# What a careful attacker would send: valid, so that the refusal is about the object.
BODIES = {
    "change_member_role": {"role": "VIEWER"},
    "rename_workspace": {"name": "Taken over"},
    "create_api_key": {"name": "x", "role": "VIEWER"},
    "rotate_api_key": {},
    "hand_over_api_key": {"service_account_id": "01900000-0000-7000-8000-000000000001"},
    "set_account_audit_stream": {"url": "https://hooks.example.com/x", "secret": "x" * 16},
    "create_service_account": {"name": "x"},
    "change_service_account": {"name": "taken over"},
    "change_deployment": {"paused": True},
    "create_schedule": {"kind": "INTERVAL", "interval_seconds": 60, "timezone": "UTC"},
    "preview_schedule": {"kind": "CRON", "cron": "0 6 * * *"},
    "change_schedule": {"paused": True},
    "roll_back_deployment": {"number": 1},
    "create_deployment_run": {"parameters": {}},
    "ask_approval": {"epoch": 1, "key": "x", "title": "Give me?"},
    "answer_approval": {"approved": True},
    "annotate_run": {"note": "Taken over"},
    "copy_run": {},
    "start_subrun": {"deployment": "secret flow/secret deployment", "epoch": 1},
    "report_run_transition": {
        "epoch": 1,
        "state": "COMPLETED",
        "occurred_at": "2026-01-01T00:00:00.000000Z",
    },
    "heartbeat_pool": {
        "agent": {
            "id": "01900000-0000-7000-8000-000000000001",
            "name": "a",
            "host": "h",
            "pid": 1,
            "version": "0",
            "labels": {},
            "capacity": 1,
        },
        "leases": [],
    },
    "heartbeat_run": {"epoch": 1},
    "create_backfill": {
        "deployment_id": "01900000-0000-7000-8000-000000000001",
        "kind": "PARTITIONS",
        "partitions": ["x"],
        "parameter": "x",
    },
    "preview_backfill": {
        "deployment_id": "01900000-0000-7000-8000-000000000001",
        "kind": "PARTITIONS",
        "partitions": ["x"],
        "parameter": "x",
    },
    "change_backfill": {"concurrency": 7},
    "create_service_level": {
        "deployment_id": "01900000-0000-7000-8000-000000000001",
        "kind": "SUCCEEDS_WITHIN",
        "seconds": 60,
    },
    "change_service_level": {"seconds": 7},
    "create_price": {
        "kind": "model",
        "pattern": "x",
        "unit": "input_tokens",
        "price": "1",
        "currency": "USD",
    },
    "change_price": {"price": "7"},
    "create_budget": {"name": "x", "amount": "1", "currency": "USD"},
    "change_budget": {"amount": "7"},
    "set_retention": {"kind": "logs", "days": 1},
    "create_world_alias": {
        "alias_id": "01900000-0000-7000-8000-000000000001",
        "target_id": "01900000-0000-7000-8000-000000000002",
    },
    "cancel_backfill": {"running": True},
    "set_limit": {"kind": "NAMED", "key": "taken over", "slots": 0},
    "ask_for_run_slot": {"name": "secret", "epoch": 1, "at_most": 1},
    "promise_run_calls": {"name": "secret calls", "epoch": 1, "per_minute": 1},
    "report_run_task_phase": {
        "epoch": 1,
        "phase": "FETCHED",
        "at": "2026-01-01T00:00:00.000000Z",
    },
    "change_pool": {"paused": True},
    "create_pool_queue": {"name": "taken-over"},
    "change_pool_queue": {"priority": 0},
    "create_channel": {
        "name": "x",
        "kind": "WEBHOOK",
        "config": {"url": "https://hooks.example.com/x"},
    },
    "change_channel": {"name": "taken over"},
    "create_event_schema": {"name": "x", "mode": "WARN", "schema": {"type": "object"}},
    "change_event_schema": {"mode": "OFF"},
    "preview_event_schema": {"name": "*", "schema": {"required": ["x"]}},
    "create_webhook": {"name": "x", "preset": "GENERIC"},
    "change_webhook": {"name": "taken over"},
    "rotate_webhook": {},
    "preview_webhook": {"template": '{"name": "x"}', "body": {}},
    "create_automation": {
        "name": "x",
        "trigger": {"type": "event", "match": {"name": ["x"]}},
        "actions": [],
    },
    "change_automation": {"paused": True},
    "create_dashboard": {"name": "x"},
    "change_dashboard": {"version": 1, "name": "taken over"},
    "change_dashboard_sharing": {"allowed": False},
    "create_dashboard_link": {"version": 1},
    "change_dashboard_link": {"version": 1},
    "create_saved_view": {"page": "LOGS", "name": "x", "query": "q=x"},
    "change_saved_view": {"name": "taken over"},
    "create_sso_connection": {
        "kind": "OIDC",
        "name": "x",
        "settings": {"issuer": "https://127.0.0.1", "client_id": "x"},
    },
    "change_sso_connection": {"name": "taken over"},
    "change_sso_policy": {"required": True},
    "add_sso_domain": {"domain": "taken.example"},
    "change_sso_domain": {"connection_id": None},
    "open_account_checkout": {"plan": "STANDARD"},
    "open_account_portal": {},
    "add_member": {"member_id": "01900000-0000-7000-8000-000000000000", "role": "OWNER"},
    "rename_account": {"name": "Taken over"},
    "transfer_account": {"member_id": "01900000-0000-7000-8000-000000000000"},
    "change_account_member": {"account_role": "OWNER"},
    "create_invitation": {"email": "eve@rival.example", "account_role": "MEMBER"},
    "create_role": {"name": "x", "based_on": "VIEWER", "scopes": ["runs:read"]},
    "change_role": {"name": "taken over"},
    "create_team": {"name": "x"},
    "change_team": {"name": "taken over"},
    "add_team_member": {"member_id": "01900000-0000-7000-8000-000000000000"},
    "create_rule": {
        "object_kind": "POOL",
        "object_id": "01900000-0000-7000-8000-000000000000",
        "scope": "runs:write",
    },
    "ingest_batch": {"events": [{"name": "x", "occurred_at": "2026-01-01T00:00:00.000000Z"}]},
    "send_events": [],
    "preview_budget": {"amount": "1", "currency": "USD"},
    "preview_automation": {"trigger": {"type": "event", "match": {"name": ["*"]}}},
}
NOBODY = "01900000-0000-7000-8000-000000000000"
REFUSALS = {400, 403, 404, 405, 409, 415}


def fill(path, workspace, ids):
    """Put the workspace and the rival's ids into a path; an unknown parameter is an error here."""
    values = ids | {"workspace": workspace}
    return re.sub(r"{(\w+)}", lambda match: str(values[match.group(1)]), path)


def fingerprint(owner_id, column="workspace_id"):
    """A hash of every row that belongs to the workspace (or account), over all tables."""
    with as_worker(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE a.attname = %s AND a.atttypid = 'uuid'::regtype"
            " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND c.relnamespace = 'public'::regnamespace ORDER BY 1",
            [column],
        )
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
                f" WHERE {column} = %s",
                [owner_id],
            )
            found[table] = cursor.fetchone()
    return found


@dataclass(frozen=True)
class Caller:
    """Somebody who tries everything, and what they hold, said by hand and not by what is tested."""

    client: Any
    scopes: frozenset[Scope] | None = None  # None: no place in the workspace
    account_role: str | None = None  # None: a key, which speaks for no account


OPERATOR = frozenset({Scope.RUNS_READ, Scope.RUNS_WRITE, Scope.POOLS_READ, Scope.KEYS_MANAGE})
ROLES = {role.value: ROLE_SCOPES[role] for role in WorkspaceRole}


@pytest.fixture
def people(api, workspace, alice, bob):
    """Everybody who signs in: each built-in role, an own one, a team's, and both at once."""

    def person(name, **grants):
        somebody = join_account(f"{name}@acme.example", workspace)
        for team, role in grants.items():
            make_team(workspace, f"{name} {team}", somebody, **role)
        return api(somebody)

    own = make_custom_role(workspace, "Operator", OPERATOR)
    with workspace_scope(workspace.id):
        custom = join("custom@acme.example", workspace, "VIEWER")
        RoleAssignment.objects.filter(user=custom.user).update(role=None, custom_role=own)
    runner = {"role": "RUNNER"}
    return {
        "OWNER": Caller(api(alice), ROLES["OWNER"], "OWNER"),
        "VIEWER": Caller(api(bob, workspace), ROLES["VIEWER"], "MEMBER"),
        "DEVELOPER": Caller(
            api(join("dev@acme.example", workspace, "DEVELOPER")), ROLES["DEVELOPER"], "MEMBER"
        ),
        "RUNNER": Caller(
            api(join("run@acme.example", workspace, "RUNNER")), ROLES["RUNNER"], "MEMBER"
        ),
        "own role": Caller(api(custom), OPERATOR, "MEMBER"),
        "by team": Caller(person("team", data=runner), ROLES["RUNNER"], "MEMBER"),
        "by two teams": Caller(
            person("teams", data=runner, keys={"custom_role": own}),
            ROLES["RUNNER"] | OPERATOR,
            "MEMBER",
        ),
    }


@pytest.fixture
def keys(api, workspace, alice):
    """Keys: of each role, of own scopes, of service accounts, and of somebody who was demoted."""
    demoted = join("demoted@acme.example", workspace, "DEVELOPER")
    left = make_key(demoted, role="DEVELOPER")
    with workspace_scope(workspace.id):
        RoleAssignment.objects.filter(user=demoted.user).update(role="VIEWER")
    _, service = make_service_key(alice, role="DEVELOPER", scopes=OPERATOR)
    _, robot = make_service_key(alice, role="AGENT", scopes=frozenset(Scope), name="agent")
    secrets = {
        f"key {role}": (make_key(alice, role=role), ROLES[role])
        for role in ("OWNER", "DEVELOPER", "RUNNER", "VIEWER", "AGENT")
    } | {
        "key of scopes": (make_key(alice, scopes=[*OPERATOR]), OPERATOR),
        "key of the demoted": (left, ROLES["VIEWER"]),
        "key of a service account": (service, OPERATOR),
        "key of an agent's account": (robot, ROLES["AGENT"]),
    }
    return {
        name: Caller(api(secret, workspace), scopes) for name, (secret, scopes) in secrets.items()
    }


@pytest.fixture
def outsiders(api, workspace):
    """Members of the account whom no workspace knows."""
    return {
        role: Caller(api(join_account(f"{role.lower()}@acme.example", workspace, role)), None, role)
        for role in ("ADMIN", "BILLING", "MEMBER")
    }


def scope_of(method, path):
    """Return the scope that the route's view names for the method."""
    return resolve(path).func.cls.scopes[method]


def refusal_of(answer):
    """Return (code, scope) of a 403, else (None, None)."""
    if answer.status_code != 403:
        return None, None
    error = answer.json()["error"]
    return error["code"], error["details"].get("scope")


GROUPS = pytest.mark.parametrize("group", ["people", "keys", "outsiders"])


@GROUPS
def test_no_route_crosses_into_a_rival_workspace(
    request, group, workspace, rival_workspace, alice, mallory, record_property
):
    """And into one's own everybody comes exactly as far as their scopes reach."""
    rival_ids, own_ids = furnish(mallory), furnish(alice)
    callers = request.getfixturevalue(group)
    secrets = [str(value) for value in rival_ids.values()] + [str(rival_workspace.id)]
    before = fingerprint(rival_workspace.id)
    tried, leaks = 0, []

    for name, method, template in operations():
        body = BODIES.get(name)
        by_slug = fill(template, rival_workspace.slug, rival_ids)
        by_id = fill(template, rival_workspace.id, rival_ids)
        crossing = fill(template, workspace.slug, rival_ids)
        own = fill(template, workspace.slug, own_ids)
        needed = scope_of(method, own)
        for who, caller in callers.items():
            for path in (by_slug, by_id):
                answer = caller.client.request(method, path, body)
                tried += 1
                if answer.status_code != 404:
                    leaks.append((who, method, path, answer.status_code))
            for path in {crossing, own}:
                # Undone: an owner is let in, to close the workspace too.
                with rolled_back():
                    answer = caller.client.request(method, path, body)
                    told = b"" if answer.status_code == 404 else content_of(answer)
                tried += 1
                # An id that the caller itself put into the address proves nothing when echoed.
                seen = [s for s in secrets if s.encode() in told and s not in path]
                is_foreign = path == crossing and template.count("{") > 1
                held = caller.scopes is not None and needed in caller.scopes
                if caller.scopes is None:
                    is_right = answer.status_code == 404
                elif held:
                    is_right = refusal_of(answer) != ("permission_denied", needed.value) and (
                        not is_foreign or answer.status_code in REFUSALS
                    )
                else:
                    is_right = refusal_of(answer) == ("permission_denied", needed.value)
                if seen or not is_right:
                    leaks.append((who, method, path, answer.status_code, seen))

    record_property("crossings", tried)
    record_property("leaks", len(leaks))
    assert leaks == []
    assert fingerprint(rival_workspace.id) == before
    assert tried > 500


@GROUPS
def test_no_route_crosses_into_a_rival_account(
    request, group, workspace, rival_workspace, alice, mallory, record_property
):
    """And in one's own everybody comes exactly as far as their role in the account reaches."""
    rival_ids, own_ids = account_ids(furnish(mallory)), account_ids(furnish(alice))
    callers = request.getfixturevalue(group)
    secrets = [*(str(value) for value in rival_ids.values()), str(rival_workspace.account_id)]
    before = account_fingerprint(rival_workspace)
    tried, leaks = 0, []

    for name, method, template in account_operations():
        body = BODIES.get(name)
        rival = fill(template, "", rival_ids | {"account_id": rival_workspace.account_id})
        crossing = fill(template, "", rival_ids | {"account_id": workspace.account_id})
        own = fill(template, "", own_ids | {"account_id": workspace.account_id})
        needed = scope_of(method, own)
        for who, caller in callers.items():
            answer = caller.client.request(method, rival, body)
            tried += 1
            if answer.status_code != 404:
                leaks.append((who, method, rival, answer.status_code))
            for path in {crossing, own}:
                # By way of one's own account a rival's object is not found either. Undone, because
                # an owner is let in to hand over, close or leave their own account.
                with rolled_back():
                    answer = caller.client.request(method, path, body)
                    told = b"" if answer.status_code == 404 else content_of(answer)
                tried += 1
                seen = [s for s in secrets if s.encode() in told and s not in path]
                is_foreign = path == crossing and template.count("{") > 1
                refused = refusal_of(answer)
                if caller.account_role is None:
                    is_right = answer.status_code == 403
                elif needed in ACCOUNT_ROLE_SCOPES[caller.account_role]:
                    is_right = refused != ("permission_denied", needed.value) and (
                        not is_foreign or answer.status_code in REFUSALS
                    )
                else:
                    is_right = refused == ("permission_denied", needed.value)
                if seen or not is_right:
                    leaks.append((who, method, path, answer.status_code, seen))

    record_property("crossings", tried)
    record_property("leaks", len(leaks))
    assert leaks == []
    assert account_fingerprint(rival_workspace) == before


# Which objects an address names, by the names of its parameters.
NAMED = {
    "deployment_id": {Kind.DEPLOYMENT, Kind.POOL},
    "schedule_id": {Kind.DEPLOYMENT, Kind.POOL},
    "run_id": {Kind.DEPLOYMENT, Kind.POOL},
    "pool": {Kind.POOL},
    "pool_id": {Kind.POOL},
    "limit_id": {Kind.DEPLOYMENT, Kind.POOL},
    "backfill_id": {Kind.DEPLOYMENT, Kind.POOL},
    "level_id": {Kind.DEPLOYMENT, Kind.POOL},
}


@pytest.mark.parametrize("kind", [Kind.POOL, Kind.DEPLOYMENT])
def test_no_route_gets_past_the_rules_of_what_it_names(
    api, workspace, alice, kind, record_property
):
    """Whatever names an object, and needs a scope that rules narrow, is refused by them."""
    ids = furnish(alice)
    ids["run_id"] = ids["queued_run_id"]  # the one of a deployment
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    narrowed = {"a person": api(dora), "a key": api(make_key(dora, role="DEVELOPER"), workspace)}
    agent = api(make_key(dora, role="AGENT"), workspace)
    shut_everything(workspace, kind)
    tried, leaks, asked = 0, [], set()

    for name, method, template in operations():
        named = set().union(*(NAMED.get(each, ()) for each in re.findall(r"{(\w+)}", template)))
        path = fill(template, workspace.slug, ids)
        needed = scope_of(method, path)
        narrows = kind in named and needed in NARROWABLE[kind]
        callers = {"an agent": agent} if needed is Scope.LEASES_TAKE else narrowed
        for who, client in callers.items():
            with rolled_back():
                refused = refusal_of(client.request(method, path, BODIES.get(name)))
            tried += 1
            asked |= {needed} if narrows else set()
            is_right = (refused == ("object_restricted", needed.value)) == narrows
            if not is_right:
                leaks.append((who, method, path, refused))

    record_property("crossings", tried)
    record_property("leaks", len(leaks))
    assert leaks == []
    assert asked == NARROWABLE[kind]


def shut_everything(workspace, kind):
    """Leave all pools, or deployments, of the workspace to its owners."""
    objects = (Pool if kind is Kind.POOL else Deployment).objects.for_workspace(workspace.id)
    with workspace_scope(workspace.id):
        ObjectRule.objects.all().delete()
        ObjectRule.objects.bulk_create(
            ObjectRule(
                workspace_id=workspace.id,
                object_kind=kind.value,
                object_id=object_id,
                scope=scope.value,
            )
            for object_id in objects.values_list("id", flat=True)
            for scope in NARROWABLE[kind]
        )
    key_cache.forget_changed()


def account_ids(ids):
    """Below an account, members are those of the account."""
    return ids | {"member_id": ids["account_member_id"]}


def account_fingerprint(workspace):
    """A hash of every row of the account and of its workspace."""
    return fingerprint(workspace.id), fingerprint(workspace.account_id, column="account_id")


def content_of(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_every_route_names_a_scope_per_method():
    from apps.tenancy.http import WorkspaceView

    def below(view):
        for child in view.__subclasses__():
            yield child
            yield from below(child)

    list(operations())  # imports every view
    missing = [
        (view.__name__, method)
        for view in below(WorkspaceView)
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method) and method.upper() not in view.scopes
    ]

    assert missing == []


def test_every_route_refuses_strangers(client):
    for _name, method, template in [*operations(), *account_operations()]:
        ids = dict.fromkeys(re.findall(r"{(\w+)}", template), NOBODY)

        answer = client.generic(
            method, fill(template, "anywhere", ids), b"{}", content_type="application/json"
        )

        assert answer.status_code == 401, (method, template)
        assert json.loads(answer.content)["error"]["code"] == "unauthenticated"
