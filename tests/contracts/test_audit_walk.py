"""Every route that changes something leaves an entry in the log, or stands here with the reason."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator

from apps.core.ids import uuid7
from apps.tenancy import key_cache
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry
from tests.contracts.test_rivals import BODIES
from tests.factories.tenancy import assign_service_account, join, make_key
from tests.factories.world import furnish

pytestmark = pytest.mark.django_db
UNSAFE = {"post", "put", "patch", "delete"}

# Successful calls that leave no entry, and why.
SILENT = {
    # What executors and senders report is the record itself, by the thousand a second.
    "ingest_batch": "telemetry",
    "send_events": "telemetry",
    "lease_runs": "an executor's work",
    "heartbeat_pool": "an executor's work",
    "heartbeat_run": "an executor's work",
    "report_run_transition": "an executor's work",
    "report_run_task_phase": "an executor's work",
    # Who started, retried or cancelled a run stands in the run's own history for ever.
    "create_deployment_run": "in the run's own record",
    "cancel_run": "in the run's own record",
    "retry_run": "in the run's own record",
    # They change nothing.
    "query_metrics": "a read with a body",
    "preview_automation": "a read with a body",
    "test_channel": "a message, kept among the channel's deliveries",
    "open_account_checkout": "a page of Stripe's; the plan's change is an entry",
    "open_account_portal": "a page of Stripe's; the plan's change is an entry",
    "discover_sso": "a read with a body",
    "test_sso_connection": "only the address of a page; what came of it shows at the connection",
    "sign_out": "the end of one's own session",
    "deactivate_sso_connection": "of one that is not active nothing changes",
    # Content by its hash; the deployment that uses it is an entry.
    "upload_bundle": "content without effect until it is deployed",
    "export_workspace": "the one that is under way is given again; asking for a new one is told",
    "take_stripe_notice": "Stripe's word; the plan's change is an entry",
}

STREAM = {"url": "https://hooks.example.com/x", "secret": "x" * 16}
# What has to be there for a change to be one.
A = "/api/v1/account/{account_id}"
FIRST = {
    "enable_service_account": [
        ("post", A + "/service-accounts/{service_account_id}/disablement", None)
    ],
    "remove_account_audit_stream": [("put", A + "/audit/stream", STREAM)],
}

OWN_BODIES = {
    "change_member_role": {"role": "RUNNER"},
    "create_schedule": {"kind": "INTERVAL", "interval_seconds": 60, "timezone": "UTC"},
    "rename_workspace": {"name": "Another name"},
    "create_workspace": {"name": "One more"},
    "create_pool": {"name": "one-more"},
    "deploy": {
        "flow_name": "walked",
        "name": "walked",
        "entrypoint": "flows.py:main",
        "path": "/srv/flows",
        "pool": "default",
        "parameters": {},
        "parameter_schema": {"type": "object", "properties": {}},
        "schedules": [],
    },
    "set_account_audit_stream": STREAM,
    "set_allowed_networks": [{"cidr": "127.0.0.0/8"}],
}


def unsafe_operations():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, methods in sorted(schema["paths"].items()):
        for method, operation in sorted(methods.items()):
            if method in UNSAFE:
                yield operation["operationId"], method.upper(), path


def entries(account_id):
    with account_scope(account_id):
        return AuditEntry.objects.count()


@pytest.fixture
def world(alice, workspace, api):
    """One of everything in Alice's own workspace, and somebody else whom she may manage."""
    ids = furnish(alice)
    join("carl@acme.example", workspace, "VIEWER")
    members = api(alice).get("members").json()["items"]
    other = next(one for one in members if (one["user"] or {}).get("name") == "Carl")
    assign_service_account(workspace, ids["service_account_id"], "OWNER")
    return ids | {
        "workspace": workspace.slug,
        "account_id": str(workspace.account_id),
        "member_id": other["id"],
    }


def test_every_change_leaves_an_entry(api, alice, workspace, world, capsys):
    own_key = api(make_key(alice, role="VIEWER"), workspace)
    bodies = (
        BODIES
        | OWN_BODIES
        | {"hand_over_api_key": {"service_account_id": world["service_account_id"]}}
    )
    silent, reached, unreached = [], [], []

    for name, method, template in unsafe_operations():
        ids = {found: world.get(found, str(uuid7())) for found in re.findall(r"{(\w+)}", template)}
        attempt = transaction.savepoint()
        client = api(alice)  # signed in anew: one of the routes signs out
        caller = own_key if name == "rotate_own_key" else client
        for verb, path, body in FIRST.get(name, ()):
            assert client.request(verb.upper(), path.format(**world), body).status_code < 300
        before = entries(workspace.account_id)
        answer = caller.request(method, template.format(**ids), bodies.get(name))
        left = entries(workspace.account_id) - before
        transaction.savepoint_rollback(attempt)
        key_cache.forget_all()
        if answer.status_code >= 300:
            unreached.append(name)
        elif left == 0 and name not in SILENT:
            silent.append((name, answer.status_code))
        else:
            reached.append(name)

    assert not silent, f"no entry of {silent}: record it, or say in SILENT why not"
    assert len(reached) > 35
    with capsys.disabled():
        print(f"\n{len(reached)} changes walked; not reached: {', '.join(unreached)}")
