"""Every route that changes something leaves its entry in the log, or the reason stands here."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction

from apps.core.clock import utc_now
from apps.core.http.json import wire_time
from apps.exports.models import ExportJob
from apps.identity import services as identity
from apps.identity.models import Mail
from apps.sso.models import SsoConnection, VerifiedDomain
from apps.tenancy import key_cache
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import AuditEntry, Member
from tests.contracts.routes import all_operations
from tests.contracts.test_rivals import BODIES
from tests.factories.compute import make_deployment_with_code, managed_run
from tests.factories.tenancy import (
    Person,
    assign_service_account,
    join,
    join_account,
    make_key,
    make_user,
)
from tests.factories.world import furnish
from tests.factories.zips import sha256_of, sound
from tests.fakes.fake_stripe import PRICES, SECRET_KEY, FakeStripe, serving
from tests.isolation import as_worker
from tests.name_server import name_server

pytestmark = pytest.mark.django_db
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

# What each of them writes, all of it.
LEAVES: dict[str, set[str]] = {
    "accept_offer": {"invitation.accepted", "member.joined"},
    "activate_sso_connection": {"sso.connection_activated"},
    "add_member": {"role.granted"},
    "add_sso_domain": {"sso.domain_added"},
    "add_team_member": {"team.member_added"},
    "annotate_run": {"run.annotated"},
    "archive_account": {"account.archived"},
    "archive_workspace": {"workspace.archived"},
    "cancel_backfill": {"backfill.cancelled"},
    "change_service_level": {"service_level.changed"},
    "create_service_level": {"service_level.created"},
    "delete_service_level": {"service_level.deleted"},
    "change_backfill": {"backfill.changed"},
    "create_backfill": {"backfill.created"},
    "create_world_alias": {"alias.created"},
    "delete_world_alias": {"alias.deleted"},
    "pause_backfill": {"backfill.paused"},
    "resume_backfill": {"backfill.resumed"},
    "change_account_member": {"member.role_changed"},
    "change_account_security": {"security.mfa_changed"},
    "set_retention": {"retention.changed"},
    "change_budget": {"automation.changed"},
    "change_price": {"price.changed"},
    "create_budget": {"automation.created"},
    "create_price": {"price.created"},
    "delete_budget": {"automation.deleted"},
    "delete_price": {"price.deleted"},
    "change_automation": {"automation.changed"},
    "change_event_schema": {"event_schema.changed"},
    "create_event_schema": {"event_schema.created"},
    "delete_event_schema": {"event_schema.deleted"},
    "change_webhook": {"webhook.changed"},
    "create_webhook": {"webhook.created"},
    "delete_webhook": {"webhook.deleted"},
    "rotate_webhook": {"webhook.rotated"},
    "change_channel": {"channel.changed"},
    "change_dashboard": {"dashboard.changed"},
    "change_saved_view": {"saved_view.changed"},
    "change_deployment": {"deployment.changed"},
    "change_me": {"user.renamed"},
    "change_member_role": {"role.changed"},
    "change_pool": {"pool.paused"},
    "change_pool_queue": {"queue.changed"},
    "change_role": {"role.changed"},
    "change_schedule": {"schedule.changed"},
    "change_service_account": {"service_account.changed"},
    "change_sso_connection": {"sso.connection_changed"},
    "change_sso_domain": {"sso.domain_routed"},
    "change_sso_policy": {"sso.required"},
    "change_team": {"team.changed"},
    "create_account": {"account.created"},
    "create_api_key": {"key.created"},
    "create_automation": {"automation.created"},
    "create_channel": {"channel.created"},
    "create_dashboard": {"dashboard.created"},
    "change_dashboard_sharing": {"workspace.sharing_changed"},
    "create_dashboard_link": {"dashboard.shared"},
    "change_dashboard_link": {"dashboard.share_changed"},
    "delete_dashboard_link": {"dashboard.unshared"},
    "create_saved_view": {"saved_view.created"},
    "create_invitation": {"invitation.created"},
    "create_pool": {"pool.created"},
    "create_pool_queue": {"queue.created"},
    "create_role": {"role.created"},
    "create_rule": {"rule.added"},
    "create_schedule": {"schedule.created"},
    "create_scim_token": {"scim.token_created"},
    "create_service_account": {"service_account.created"},
    "create_sso_connection": {"sso.connection_created"},
    "create_team": {"team.created"},
    "create_workspace": {"workspace.created"},
    "deactivate_account_member": {"member.deactivated"},
    "deactivate_sso_connection": {"sso.connection_deactivated"},
    "delete_account": {"account.deleted"},
    "delete_automation": {"automation.deleted"},
    "delete_channel": {"channel.deleted"},
    "delete_dashboard": {"dashboard.deleted"},
    "delete_saved_view": {"saved_view.deleted"},
    "delete_deployment": {"deployment.deleted", "limit.deleted"},  # the world's has one
    "delete_me": {"user.deleted"},
    "delete_limit": {"limit.deleted"},
    "delete_pool_queue": {"queue.deleted"},
    "delete_role": {"role.deleted"},
    "delete_rule": {"rule.removed"},
    "delete_schedule": {"schedule.deleted"},
    "delete_service_account": {"service_account.deleted"},
    "delete_sso_connection": {"sso.connection_deleted"},
    "delete_team": {"team.deleted"},
    "delete_workspace": {"workspace.deleted"},
    "drain_agent": {"agent.drained"},
    "disable_service_account": {"service_account.disabled"},
    "enable_service_account": {"service_account.enabled"},
    "end_scim_token": {"scim.token_ended"},
    "export_account": {"account.export_requested"},
    "export_workspace": {"workspace.export_requested"},
    "hand_over_api_key": {"key.handed_over"},
    "leave_account": {"member.left"},
    "put_deployment": {"deployment.created"},
    "reactivate_account_member": {"member.reactivated"},
    "roll_back_deployment": {"deployment.rolled_back", "limit.deleted"},
    "remove_account_audit_stream": {"audit.stream_removed"},
    "remove_account_member": {"member.removed"},
    "remove_member": {"role.revoked"},
    "remove_sso_domain": {"sso.domain_removed"},
    "remove_team_member": {"team.member_removed"},
    "rename_account": {"account.renamed"},
    "rename_workspace": {"workspace.renamed"},
    "restore_account": {"account.restored"},
    "restore_workspace": {"workspace.restored"},
    "revoke_api_key": {"key.revoked"},
    "revoke_invitation": {"invitation.revoked"},
    "rotate_api_key": {"key.rotated"},
    "rotate_own_key": {"key.rotated"},
    "send_invitation_again": {"invitation.sent_again"},
    "set_account_audit_stream": {"audit.stream_set"},
    "set_limit": {"limit.created"},
    "set_allowed_networks": {"security.networks_changed"},
    "transfer_account": {"account.ownership_transferred"},
    "undrain_agent": {"agent.resumed"},
    "unlink_sso_person": {"sso.person_unlinked"},
    "verify_sso_domain": {"sso.domain_verified"},
}

# Successful calls that leave no entry, and why.
SILENT = {
    # What executors and senders report is the record itself, by the thousand a second.
    "ingest_batch": "telemetry",
    "send_events": "telemetry",
    "import_query_log": "telemetry",
    "heartbeat_pool": "an executor's work",
    "heartbeat_run": "an executor's work",
    "report_run_transition": "an executor's work",
    "report_run_task_phase": "an executor's work",
    "ask_for_run_slot": "an executor's work",
    "give_run_slot_back": "an executor's work",
    "promise_run_calls": "an executor's work",
    # Who started, retried or cancelled a run stands in the run's own history for ever.
    "create_deployment_run": "in the run's own record",
    "ask_approval": "an executor's work",
    "answer_approval": "in the approval's own record",
    "pause_run": "in the run's own record",
    "suspend_run": "in the run's own record",
    "resume_run": "in the run's own record",
    "copy_run": "in the run's own record",
    "start_subrun": "an executor's work",
    "cancel_run": "in the run's own record",
    "retry_run": "in the run's own record",
    # They change nothing.
    "answer_dashboard_panels": "a read with a body",
    "query_metric_charts": "a read with a body",
    "query_metric_heat_map": "a read with a body",
    "query_metrics": "a read with a body",
    "preview_automation": "a read with a body",
    "preview_budget": "a read with a body",
    "preview_event_schema": "a read with a body",
    "preview_webhook": "a read with a body",
    "preview_backfill": "a read with a body",
    "preview_schedule": "a read with a body",
    "test_channel": "a message, kept among the channel's deliveries",
    "open_account_checkout": "a page of Stripe's; the plan's change is an entry",
    "open_account_portal": "a page of Stripe's; the plan's change is an entry",
    "discover_sso": "a read with a body",
    "test_sso_connection": "only the address of a page; what came of it shows at the connection",
    "sign_out": "the end of one's own session",
    # Content by its hash; the deployment that uses it is an entry.
    "put_bundle": "content without effect until it is deployed",
}

STREAM = {"url": "https://hooks.example.com/x", "secret": "x" * 16}
AN_HOUR = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z"}
TRIGGER = {"type": "event", "match": {"name": ["x"]}}
A = "/api/v1/account/{account_id}"
W = "/api/v1/workspaces/{workspace}"


@dataclass
class Scene:
    """The workspace with one of everything in it, and who is there."""

    api: Callable[..., Any]
    owner: Person
    other: Person  # a viewer of the workspace whom the owner may manage
    ids: dict[str, str]
    zones: Any

    def client(self, person: Person | None = None) -> Any:
        return self.api(person or self.owner, self.owner.workspace)

    def first(self, verb: str, path: str, body: object = None, by: Person | None = None) -> Any:
        """Do what has to be done before."""
        answer = self.client(by).request(verb, path.format(**self.ids), body)
        assert answer.status_code < 300, (path, answer.content)
        return answer.json() if answer.content else None

    def activate(self, **columns: Any) -> None:
        with account_scope(self.owner.workspace.account_id):
            SsoConnection.objects.filter(pk=self.ids["connection_id"]).update(
                tested_at=utc_now(), **columns
            )


@dataclass
class Request:
    """How a route is asked; what is not named here is the owner with the body of BODIES."""

    body: object = None
    by: Any = None
    ids: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    content_type: str = "application/json"


def archived(place: str) -> Callable[[Scene], Request]:
    def prepare(scene: Scene) -> Request:
        scene.first("POST", f"{place}/archival")
        return Request()

    return prepare


def after(verb: str, path: str, body: object = None) -> Callable[[Scene], Request]:
    def prepare(scene: Scene) -> Request:
        scene.first(verb, path, body)
        return Request()

    return prepare


def accept_offer(scene: Scene) -> Request:
    person = Person(user=make_user("fay@acme.example"), workspace=scene.owner.workspace)
    identity.confirm_address(user_id=person.user.id, email=person.user.email)
    scene.first("POST", f"{A}/invitations", {"email": person.user.email})
    letter = Mail.objects.filter(recipient=person.user.email).get()
    token = re.search(r"/invitations/(hwi_\w+)", letter.text).group(1)
    return Request(by=scene.api(person), ids={"token": token})


def activate_sso_connection(scene: Scene) -> Request:
    scene.activate()
    return Request()


def with_active_connection(body: object = None) -> Callable[[Scene], Request]:
    def prepare(scene: Scene) -> Request:
        scene.activate(activated_at=utc_now())
        return Request(body=body)

    return prepare


def add_member(scene: Scene) -> Request:
    gus = join_account("gus@acme.example", scene.owner.workspace)
    member = Member.objects.get(user=gus.user)
    return Request(body={"member_id": str(member.id), "role": "VIEWER"})


def change_account_security(scene: Scene) -> Request:
    return Request(
        body={"require_mfa": True},
        by=signed_in(scene.client(), scene.owner, {"method": "mfa", "type": "totp"}),
    )


def signed_in(client: Any, person: Person, *records: dict[str, Any]) -> Any:
    session = client.client.session
    session["account_authentication_methods"] = [{"at": time.time()} | each for each in records]
    session["account_authentication_methods_user"] = str(person.user.pk)
    session.save()
    return client


def delete_me(scene: Scene) -> Request:
    shown = {"method": "password", "reauthenticated": True}
    return Request(by=signed_in(scene.client(scene.other), scene.other, shown))


def export_workspace(scene: Scene) -> Request:
    with account_scope(scene.owner.workspace.account_id):  # the one under way is given again
        ExportJob.objects.update(state="DONE", finished_at=utc_now(), expires_at=utc_now())
    return Request()


def open_account_portal(scene: Scene) -> Request:
    scene.first("POST", f"{A}/checkout", BODIES["open_account_checkout"])
    return Request(body={})


def put_bundle(scene: Scene) -> Request:
    content = sound()
    return Request(
        ids={"sha256": sha256_of(content)}, content=content, content_type="application/zip"
    )


def report_run_task_phase(scene: Scene) -> Request:
    workspace = scene.owner.workspace
    run = managed_run(workspace, make_deployment_with_code(workspace))
    return Request(
        body={"epoch": run.epoch, "phase": "FETCHED", "at": wire_time(utc_now())},
        by=scene.api(run.key, workspace),
        ids={"run_id": str(run.run_id)},
    )


def rotate_own_key(scene: Scene) -> Request:
    return Request(
        body={}, by=scene.api(make_key(scene.owner, role="VIEWER"), scene.owner.workspace)
    )


def retry_run(scene: Scene) -> Request:
    queued = scene.ids["queued_run_id"]
    scene.first("POST", f"{W}/runs/{queued}/cancellation")
    return Request(ids={"run_id": queued})


def of_running(*first: str) -> Callable[[Scene], Request]:
    """Ask for a run whose code is running, after these were done to it."""

    def prepare(scene: Scene) -> Request:
        run = managed_run(scene.owner.workspace, make_deployment_with_code(scene.owner.workspace))
        moved = {"epoch": run.epoch, "state": "RUNNING", "occurred_at": wire_time(utc_now())}
        scene.first("POST", f"{W}/runs/{run.run_id}/transitions", moved)
        for what in first:
            scene.first("POST", f"{W}/runs/{run.run_id}/{what}")
        return Request(ids={"run_id": str(run.run_id)})

    return prepare


def verify_sso_domain(scene: Scene) -> Request:
    with account_scope(scene.owner.workspace.account_id):
        domain = VerifiedDomain.objects.get(pk=scene.ids["domain_id"])
    shown = scene.first("GET", f"{A}/domains/{domain.id}")
    scene.zones.records[domain.domain] = [shown["record"]]
    return Request()


def backfill(scene: Scene) -> Request:
    return Request(body=BODIES["create_backfill"] | {"deployment_id": scene.ids["deployment_id"]})


ROUTES: dict[str, Callable[[Scene], Request]] = {
    "create_service_level": lambda scene: Request(
        body=BODIES["create_service_level"] | {"deployment_id": scene.ids["deployment_id"]}
    ),
    "create_backfill": backfill,
    "preview_backfill": backfill,
    "resume_backfill": after("POST", W + "/backfills/{backfill_id}/pause"),
    "accept_offer": accept_offer,
    "import_query_log": lambda _: Request(content=b"query\nSELECT 1\n", content_type="text/csv"),
    "activate_sso_connection": activate_sso_connection,
    "add_member": add_member,
    "add_team_member": lambda scene: Request(
        body={"member_id": scene.ids["other_id"]},
    ),
    "pause_run": of_running(),
    "suspend_run": of_running(),
    "resume_run": of_running("pause"),
    "copy_run": lambda scene: Request(ids={"run_id": scene.ids["queued_run_id"]}),
    "cancel_run": lambda scene: Request(ids={"run_id": scene.ids["queued_run_id"]}),
    "change_account_member": lambda _: Request(body={"account_role": "ADMIN"}),
    "change_account_security": change_account_security,
    "change_me": lambda _: Request(body={"name": "Alice the Second"}),
    "change_member_role": lambda _: Request(body={"role": "RUNNER"}),
    "change_sso_domain": lambda scene: Request(body={"connection_id": scene.ids["connection_id"]}),
    "change_sso_policy": with_active_connection({"required": True}),
    "create_account": lambda _: Request(body={"name": "One more"}),
    "create_automation": lambda scene: Request(
        body={
            "name": "x",
            "trigger": TRIGGER,
            "actions": [{"type": "notify", "channel_id": scene.ids["channel_id"]}],
        }
    ),
    "create_pool": lambda _: Request(body={"name": "one-more"}),
    "create_rule": lambda scene: Request(
        body={
            "object_kind": "POOL",
            "object_id": scene.ids["pool_id"],
            "scope": "pools:write",
            "member_id": scene.ids["other_id"],
        }
    ),
    "create_sso_connection": lambda scene: Request(
        body={
            "kind": "SAML",
            "name": "another provider",
            "settings": {
                "entity_id": "https://idp.acme.example",
                "sso_url": "https://idp.acme.example/sso",
                "certificates": [scene.ids["certificate"]],
            },
        }
    ),
    "set_retention": lambda _: Request(body={"kind": "logs", "days": 3}),
    "change_budget": lambda _: Request(body={"amount": "3"}),
    "change_price": lambda _: Request(body={"price": "3"}),
    "create_budget": lambda _: Request(body={"name": "all", "amount": "1", "currency": "USD"}),
    "create_price": lambda _: Request(
        body={"kind": "query", "pattern": "*", "unit": "credits", "price": "2", "currency": "USD"}
    ),
    "create_world_alias": lambda scene: Request(
        body={
            "alias_id": scene.ids["resource_id"],
            "target_id": scene.ids["other_resource_id"],
        }
    ),
    "create_workspace": lambda _: Request(body={"name": "One more"}),
    "deactivate_sso_connection": with_active_connection(),
    "delete_account": lambda scene: Request(
        body={"name": scene.owner.workspace.account_name, "without_export": True}
    ),
    "delete_me": delete_me,
    "delete_workspace": lambda scene: Request(
        body={"name": scene.owner.workspace.name, "without_export": True}
    ),
    "discover_sso": lambda _: Request(body={"email": "carl@acme.example"}),
    "enable_service_account": after(
        "POST", A + "/service-accounts/{service_account_id}/disablement"
    ),
    "export_workspace": export_workspace,
    "hand_over_api_key": lambda scene: Request(
        body={"service_account_id": scene.ids["service_account_id"]}
    ),
    "leave_account": lambda scene: Request(by=scene.client(scene.other)),
    "open_account_portal": open_account_portal,
    "put_bundle": put_bundle,
    "put_deployment": lambda _: Request(
        body={
            "flow_name": "walked",
            "name": "walked",
            "entrypoint": "flows.py:main",
            "path": "/srv/flows",
            "pool": "default",
            "parameters": {},
            "parameter_schema": {"type": "object", "properties": {}},
            "schedules": [],
        }
    ),
    "answer_dashboard_panels": lambda _: Request(
        body=AN_HOUR | {"panels": [{"id": "a", "kind": "logs"}]}
    ),
    "query_metric_charts": lambda _: Request(
        body={"charts": [{"heat_map": {"name": "secret_metric"}}], **AN_HOUR}
    ),
    "query_metric_heat_map": lambda _: Request(body={"name": "secret_metric", **AN_HOUR}),
    "query_metrics": lambda _: Request(
        body={"queries": [{"name": "secret_metric", "aggregate": "avg"}], **AN_HOUR}
    ),
    "reactivate_account_member": after("POST", A + "/members/{other_id}/deactivation"),
    "remove_account_audit_stream": after("PUT", A + "/audit/stream", STREAM),
    "remove_team_member": lambda scene: after(
        "POST", A + "/teams/{team_id}/members", {"member_id": scene.ids["other_id"]}
    )(scene),
    "ask_for_run_slot": lambda _: Request(body={"name": "secret", "epoch": 1}),
    "promise_run_calls": lambda _: Request(body={"name": "calls", "epoch": 1, "per_minute": 60}),
    "set_limit": lambda _: Request(body={"kind": "TAG", "key": "walked", "slots": 1}),
    "rename_workspace": lambda _: Request(body={"name": "Another name"}),
    "report_run_task_phase": report_run_task_phase,
    "report_run_transition": lambda _: Request(
        body={"epoch": 1, "state": "COMPLETED", "occurred_at": wire_time(utc_now())}
    ),
    "restore_account": archived(A),
    "restore_workspace": archived(W),
    "retry_run": retry_run,
    "rotate_own_key": rotate_own_key,
    "set_account_audit_stream": lambda _: Request(body=STREAM),
    "set_allowed_networks": lambda _: Request(body=[{"cidr": "127.0.0.0/8"}]),
    "undrain_agent": after("POST", W + "/pools/{pool_id}/agents/{agent_id}/drain"),
    "transfer_account": lambda scene: Request(body={"member_id": scene.ids["other_id"]}),
    "verify_sso_domain": verify_sso_domain,
}


def unsafe_operations():
    return [found for found in all_operations() if found[1] in UNSAFE]


def entries() -> list[tuple[str, Any]]:
    """Of all accounts: some of the routes make one."""
    with as_worker():
        return list(AuditEntry.objects.order_by("id").values_list("action", "actor_id"))


@pytest.fixture
def stripe(settings):
    settings.BILLING = True
    settings.STRIPE_PRICES = {"STANDARD": tuple(PRICES)}
    with serving(FakeStripe()) as server:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_API_BASE = server.url
        yield


@pytest.fixture
def scene(api, alice, workspace, settings, stripe, bundle_folder):
    """One of everything in Alice's own workspace, and somebody else whom she may manage."""
    ids = furnish(alice)
    carl = join("carl@acme.example", workspace, "VIEWER")
    members = api(alice).get("members").json()["items"]
    assignment = next(one for one in members if (one["user"] or {}).get("name") == "Carl")
    assign_service_account(workspace, ids["service_account_id"], "OWNER")
    ids |= {
        "workspace": workspace.slug,
        "account_id": str(workspace.account_id),
        "assignment_id": assignment["id"],
        "other_id": str(Member.objects.get(user=carl.user).id),
    }
    with name_server() as zones:
        settings.SSO_NAME_SERVERS = frozenset({zones.place})
        yield Scene(api=api, owner=alice, other=carl, ids=ids, zones=zones)


def test_lists_name_routes_that_there_are_and_each_once():
    there = {name for name, _, _ in unsafe_operations()}

    assert set(LEAVES) | set(SILENT) == there
    assert not set(LEAVES) & set(SILENT)
    assert set(ROUTES) <= there


def test_every_change_leaves_its_entry_and_nothing_else_does(scene, capsys):
    wrong, walked = [], 0

    for name, method, template in unsafe_operations():
        attempt = transaction.savepoint()
        request = ROUTES[name](scene) if name in ROUTES else Request()
        # Below an account members are those of the account, below a workspace their assignments.
        member = "assignment_id" if template.startswith("/api/v1/workspaces") else "other_id"
        ids = scene.ids | {"member_id": scene.ids[member]} | request.ids
        client = request.by or scene.client()
        body = BODIES.get(name) if request.body is None else request.body
        before = entries()
        if request.content is None:
            answer = client.request(method, template.format(**ids), body)
        else:
            answer = client.client.generic(
                method,
                template.format(**ids),
                request.content,
                content_type=request.content_type,
                headers=client.headers,
            )
        left = entries()[len(before) :]
        transaction.savepoint_rollback(attempt)
        key_cache.forget_all()
        walked += 1
        if answer.status_code >= 300:
            wrong.append((name, answer.status_code, answer.content[:300]))
        elif {action for action, _ in left} != LEAVES.get(name, set()):
            wrong.append((name, "left", left))
        elif not all(actor for _, actor in left):
            wrong.append((name, "by nobody", left))

    assert wrong == []
    with capsys.disabled():
        print(f"\n{walked} changes walked, {len(LEAVES)} of them with their entries")
