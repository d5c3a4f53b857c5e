"""An archived workspace is there to be looked at: nothing runs, comes in or is changed."""

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services as dispatch
from apps.flows.models import Schedule
from apps.runs.models import Run
from apps.tenancy import selectors, services
from apps.tenancy.errors import AccountArchived, AlreadyArchived, NotArchived
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import AuditEntry, Workspace
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db

DEPLOYMENT = {
    "flow_name": "f",
    "name": "d",
    "entrypoint": "a.py:b",
    "path": "/srv",
    "schedules": [{"kind": "INTERVAL", "interval_seconds": 60, "timezone": "UTC"}],
}
AGENT = {
    "id": "01900000-0000-7000-8000-000000000001",
    "name": "a",
    "host": "h",
    "pid": 1,
    "version": "0",
    "labels": {},
    "capacity": 1,
}


def archive(workspace):
    with workspace_scope(workspace.id):
        return services.archive_workspace(workspace_id=workspace.id, now=utc_now())


def actions(workspace):
    with account_scope(workspace.account_id):
        return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_an_archived_workspace_is_read_only(api, alice, workspace):
    owner = api(alice)
    deployment = owner.put("deployments", DEPLOYMENT).json()
    key = make_key(alice, role="OWNER")

    archive(workspace)

    refused = [
        owner.put("deployments", DEPLOYMENT),
        owner.post(f"deployments/{deployment['id']}/runs", {}),
        owner.patch(f"/api/v1/workspaces/{workspace.slug}", {"name": "x"}),
        owner.post("events", [{"name": "x", "occurred_at": utc_now()}]),
        api(key, workspace).post("events", [{"name": "x", "occurred_at": utc_now()}]),
        api(key, workspace).post("ingest", {"events": [{"name": "x", "occurred_at": utc_now()}]}),
        api(key, workspace).post("pools/default/heartbeats", {"agent": AGENT, "leases": []}),
    ]
    assert [answer.json()["error"]["code"] for answer in refused] == ["workspace_archived"] * 7
    assert {answer.status_code for answer in refused} == {403}
    assert owner.get("deployments").json()["items"][0]["id"] == deployment["id"]
    assert owner.get("events").json()["items"] == []


def test_what_is_archived_is_shown_to_who_manages_it_and_not_changed(api, alice, workspace):
    owner, account = api(alice), f"/api/v1/account/{workspace.account_id}"
    assert owner.post(f"{account}/archival").status_code in {200, 204}

    shown = owner.get(f"{account}/security")
    changed = owner.patch(f"{account}/security", {"require_mfa": True})

    assert shown.status_code == 200
    assert (changed.status_code, changed.json()["error"]["code"]) == (403, "account_archived")


def test_schedules_of_an_archived_workspace_make_no_runs_and_go_on_when_it_is_back(
    api, alice, workspace, as_worker
):
    api(alice).put("deployments", DEPLOYMENT)
    archive(workspace)
    later = utc_now() + timedelta(minutes=10)

    with as_worker():
        taken = dispatch.create_due_runs(now=later)
        made = Run.objects.count()
        next_at = Schedule.objects.get().next_at
    with workspace_scope(workspace.id):
        services.restore_workspace(workspace_id=workspace.id, now=utc_now())
    with as_worker():
        dispatch.create_due_runs(now=next_at)

        assert (taken, made) == (1, 0)
        assert next_at > later
        assert Run.objects.count() == 1


def test_what_was_held_stays_held_while_it_is_archived(api, alice, workspace, as_worker):
    deployment = api(alice).put("deployments", DEPLOYMENT).json()
    api(alice).post(f"deployments/{deployment['id']}/runs", {})
    with workspace_scope(workspace.id):
        Run.objects.update(state="HELD")
    archive(workspace)

    with as_worker():
        assert dispatch.release_held_runs(now=utc_now()) == 0


def test_the_archiving_can_be_undone_within_the_grace_only(workspace):
    archived = archive(workspace)
    with workspace_scope(workspace.id):
        with pytest.raises(AlreadyArchived):
            services.archive_workspace(workspace_id=workspace.id, now=utc_now())
        with pytest.raises(NotArchived):
            services.restore_workspace(workspace_id=workspace.id, now=archived.delete_after)
        back = services.restore_workspace(workspace_id=workspace.id, now=utc_now())

    assert archived.delete_after - archived.archived_at == timedelta(days=14)
    assert back.archived_at is None
    assert back.delete_after is None
    assert actions(workspace)[-2:] == ["workspace.archived", "workspace.restored"]


def test_an_account_takes_its_workspaces_along_and_brings_them_back(alice, workspace):
    own = services.create_workspace(
        account_id=workspace.account_id, user_id=alice.user.id, name="Old", now=utc_now()
    )
    archive(own)

    services.archive_account(account_id=workspace.account_id, now=utc_now())

    with pytest.raises(AccountArchived), workspace_scope(own.id):
        services.restore_workspace(workspace_id=own.id, now=utc_now())
    with pytest.raises(AccountArchived):
        services.create_workspace(
            account_id=workspace.account_id, user_id=alice.user.id, name="New", now=utc_now()
        )
    assert Workspace.objects.filter(archived_at=None).count() == 0
    services.restore_account(account_id=workspace.account_id, now=utc_now())
    assert list(Workspace.objects.filter(archived_at=None)) == [
        Workspace.objects.get(pk=workspace.id)
    ]
    assert selectors.find_account(account_id=workspace.account_id).archived_at is None
