"""A workspace with one of everything, made through the API as its owner would."""

from __future__ import annotations

import uuid
from typing import Any

from apps.core.clock import utc_now
from apps.core.http.json import wire_time
from apps.core.ids import uuid7
from apps.flows import services as flows
from apps.sso.models import SsoIdentity
from apps.sso.saml import new_key
from apps.tenancy.isolation import account_scope, workspace_scope
from tests.factories.tenancy import Person


def furnish(owner: Person) -> dict[str, str]:
    """Make a deployment, runs, telemetry, a pool and a key; return path parameters by name."""
    from tests.conftest import Api

    api = Api(owner, owner.workspace)
    now = wire_time(utc_now())

    def made(answer: Any) -> Any:
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    deployment = made(
        api.put(
            "deployments",
            {
                "flow_name": "secret flow",
                "name": "secret deployment",
                "entrypoint": "flows.py:main",
                "path": "/srv/flows",
                "pool": "default",
                "parameters": {},
                "parameter_schema": {"type": "object", "properties": {}},
                "schedules": [{"kind": "INTERVAL", "interval_seconds": 3600, "timezone": "UTC"}],
            },
        )
    )
    queued = made(api.post(f"deployments/{deployment['id']}/runs", {}))
    local_run, task_run = str(uuid7()), str(uuid7())
    outcome = made(
        api.post(
            "ingest",
            {
                "runs": [
                    {
                        "run_id": local_run,
                        "epoch": 1,
                        "state": "RUNNING",
                        "occurred_at": now,
                        "flow_name": "secret flow",
                        "holder": "host:1",
                    }
                ],
                "task_runs": [
                    {
                        "task_run_id": task_run,
                        "run_id": local_run,
                        "epoch": 1,
                        "sequence": 1,
                        "state": "RUNNING",
                        "occurred_at": now,
                        "task_name": "secret task",
                        "name": "secret task-1",
                        "attempt": 1,
                    }
                ],
                "logs": [
                    {
                        "occurred_at": now,
                        "run_id": local_run,
                        "level": "INFO",
                        "message": "secret line",
                    }
                ],
                "events": [{"name": "secret.event", "occurred_at": now, "run_id": local_run}],
                "points": [
                    {"name": "secret_metric", "occurred_at": now, "value": 1, "run_id": local_run}
                ],
            },
        )
    )
    assert outcome["rejected"] == []
    subrun = made(api.post(f"deployments/{deployment['id']}/runs", {"parent_run_id": local_run}))
    approval = made(
        api.post(
            f"runs/{local_run}/approvals",
            {"epoch": 1, "key": f"secret-{uuid7()}", "title": "Secret question?"},
        )
    )
    pool = made(api.post("pools", {"name": "secret-pool"}))
    queue = made(api.post(f"pools/{pool['id']}/queues", {"name": "secret-queue"}))
    agent = {
        "id": str(uuid7()),
        "name": "secret agent",
        "host": "host",
        "pid": 1,
        "version": "1",
        "labels": {"secret": "label"},
        "capacity": 1,
    }
    made(api.post(f"pools/{pool['id']}/heartbeats", {"agent": agent, "leases": []}))
    key = made(api.post("api-keys", {"name": "secret key", "role": "VIEWER"}))
    service_account = made(
        api.post(
            f"/api/v1/account/{owner.workspace.account_id}/service-accounts",
            {"name": "secret service"},
        )
    )
    member = made(api.get("members"))["items"][0]
    channel = made(
        api.post(
            "channels",
            {
                "name": "secret channel",
                "kind": "WEBHOOK",
                "config": {"url": "https://hooks.example.com/secret"},
            },
        )
    )
    text = {"id": "a", "kind": "text", "x": 0, "y": 0, "w": 4, "h": 2, "markdown": "secret words"}
    dashboard = made(api.post("dashboards", {"name": "secret dashboard", "panels": [text]}))
    made(api.put("dashboards/sharing", {"allowed": True}))
    link = made(api.post(f"dashboards/{dashboard['id']}/links", {"version": 1}))
    # Private: besides rivals, nobody else of the workspace may see it.
    view = made(
        api.post("saved-views", {"page": "EVENTS", "name": "secret view", "query": "q=secret"})
    )
    automation = made(
        api.post(
            "automations",
            {
                "name": "secret automation",
                "trigger": {"type": "event", "match": {"name": ["secret.event"]}},
                "actions": [
                    {"type": "notify", "channel_id": channel["id"]},
                    {"type": "webhook", "url": "https://hooks.example.com/secret"},
                ],
            },
        )
    )
    webhook = made(api.post("webhooks", {"name": "secret webhook", "preset": "GITHUB"}))
    schema = made(
        api.post(
            "event-schemas",
            {"name": "secret.*", "mode": "WARN", "schema": {"required": ["secret"]}},
        )
    )
    account = f"/api/v1/account/{owner.workspace.account_id}"
    team = made(api.post(f"{account}/teams", {"name": "secret team"}))
    role = made(
        api.post(
            f"{account}/roles",
            {"name": "secret role", "based_on": "VIEWER", "scopes": ["runs:read"]},
        )
    )
    limit = made(api.put("limits", {"kind": "DEPLOYMENT", "key": deployment["id"], "slots": 5}))
    backfill = made(
        api.post(
            "backfills",
            {"deployment_id": deployment["id"], "name": "secret backfill", "kind": "PARTITIONS"}
            | {"partitions": ["secret part"], "parameter": "part"},
        )
    )
    level = made(
        api.post(
            "service-levels",
            {"deployment_id": deployment["id"], "kind": "SUCCEEDS_WITHIN", "seconds": 3600},
        )
    )
    slot = str(uuid7())
    made(api.put(f"runs/{local_run}/slots/{slot}", {"name": "secret", "epoch": 1, "at_most": 2}))
    rule = made(
        api.post(
            "rules",
            {"object_kind": "POOL", "object_id": pool["id"], "scope": "pools:write"}
            | {"team_id": team["id"]},
        )
    )
    invitation = made(api.post(f"{account}/invitations", {"email": "secret@rival.example"}))
    people = made(api.get(f"{account}/members"))["items"][0]
    export = made(api.post("exports"))
    price = made(
        api.post(
            "prices",
            {"kind": "model", "pattern": "secret-*", "unit": "input_tokens", "price": "1"}
            | {"currency": "USD"},
        )
    )
    budget = made(api.post("budgets", {"name": "secret budget", "amount": "1", "currency": "USD"}))
    made(api.put("storage/retention", {"kind": "logs", "days": 7}))
    _let_it_cost(owner, uuid.UUID(local_run))
    _let_it_fire(owner)
    with workspace_scope(owner.workspace.id):
        bundle, _ = flows.record_bundle(
            workspace_id=owner.workspace.id,
            sha256="5ec7e7" + uuid7().hex.ljust(58, "0"),
            size_bytes=1,
            files=1,
            now=utc_now(),
        )
    token = made(api.post(f"/api/v1/account/{owner.workspace.account_id}/scim"))
    return sign_in_of(owner, api) | {
        "scim_token_id": token["id"],
        "price_id": price["id"],
        "budget_id": budget["id"],
        "deployment_id": deployment["id"],
        "flow_id": deployment["flow"]["id"],
        "schedule_id": deployment["schedules"][0]["id"],
        "run_id": local_run,
        "queued_run_id": queued["id"],
        "subrun_id": subrun["id"],
        "approval_id": approval["id"],
        "key": approval["key"],
        "task_run_id": task_run,
        "pool": pool["id"],
        "pool_id": pool["id"],
        "queue_id": queue["id"],
        "agent_id": agent["id"],
        "key_id": key["id"],
        "service_account_id": service_account["id"],
        "member_id": member["id"],
        "channel_id": channel["id"],
        "automation_id": automation["id"],
        "webhook_id": webhook["id"],
        "dashboard_id": dashboard["id"],
        "link_id": link["id"],
        "view_id": view["id"],
        "schema_id": schema["id"],
        "sha256": bundle.sha256,
        "invitation_id": invitation["id"],
        "export_id": export["id"],
        "account_member_id": people["id"],
        "team_id": team["id"],
        "role_id": role["id"],
        "rule_id": rule["id"],
        "limit_id": limit["id"],
        "backfill_id": backfill["id"],
        "level_id": level["id"],
        "slot_id": slot,
        **_things_of(owner, uuid.UUID(local_run)),
    }


def _things_of(owner: Person, run_id: uuid.UUID) -> dict[str, str]:
    """Make three tables of the world view that a run touched, the last an alias of the second."""
    from apps.lineage import services as lineage
    from tests.factories.lineage import build, event, party, resource_id, store

    tables = [("table", "bigquery", f"secret.secret.table{number}") for number in range(3)]
    with workspace_scope(owner.workspace.id):
        by = [party("user", "user", "secret person")]
        store(
            owner.workspace,
            [event("table.loaded", resource=table, related=by, run_id=run_id) for table in tables],
        )
        build(owner.workspace)
        first, second, third = (resource_id(owner.workspace, *table) for table in tables)
        alias = lineage.make_alias(
            workspace_id=owner.workspace.id,
            alias_id=third,
            target_id=second,
            created_by=None,
            now=utc_now(),
        )
    return {
        "resource_id": str(first),
        "other_resource_id": str(second),
        "alias_id": str(alias.id),
    }


def _let_it_cost(owner: Person, run_id: uuid.UUID) -> None:
    from tests.factories.costs import count, llm_call, store

    with workspace_scope(owner.workspace.id):
        store(owner.workspace, [llm_call(run_id, "secret-model")])
    count(owner.workspace)


def _let_it_fire(owner: Person) -> None:
    """Let there be a firing with its attempts."""
    from tests.factories.automations import evaluate, event, put

    put(owner.workspace, event("secret.event"))
    assert evaluate(owner.workspace)[-1].fired == 1


def sign_in_of(owner: Person, api: Any) -> dict[str, str]:
    """Make a provider, somebody who came by it, and a domain."""
    account_id = owner.workspace.account_id
    account = f"/api/v1/account/{account_id}"
    _, certificate = new_key("secret provider", now=utc_now())
    settings = {
        "entity_id": "https://idp.rival.example",
        "sso_url": "https://idp.rival.example/sso",
        "certificates": [certificate],
    }
    connection = api.post(
        f"{account}/sso-connections",
        {"kind": "SAML", "name": "secret provider", "settings": settings},
    ).json()
    domain = api.post(f"{account}/domains", {"domain": "secret.rival.example"}).json()
    with account_scope(account_id):
        identity = SsoIdentity.objects.create(
            account_id=account_id,
            connection_id=connection["id"],
            user_id=owner.user.id,
            subject="secret subject",
            email=owner.user.email,
            last_signed_in_at=utc_now(),
        )
    return {
        "connection_id": connection["id"],
        "domain_id": domain["id"],
        "identity_id": str(identity.id),
        "certificate": certificate,
    }
