"""What was closed for good is deleted from every table; what is rivals' stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.compute import bundle_store
from apps.core.clock import utc_now
from apps.exports import services
from apps.exports.models import ExportJob
from apps.runs.models import PendingUsage
from apps.tenancy import services as tenancy
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import Account, AuditEntry, Member, Workspace
from billing.subscriptions.models import Subscription
from tests.contracts.test_rivals import fingerprint
from tests.factories.tenancy import make_key
from tests.factories.world import furnish

pytestmark = pytest.mark.django_db

# What stays, and why: the log of who did what, the ledger that bills rest on, exports for the rest
# of their days, and notices of what was billed.
STAYS = {
    "tenancy_auditentry",
    "metering_usagerecord",
    "metering_usageday",
    "exports_exportjob",
}
STAYS_OF_ACCOUNTS = STAYS - {"exports_exportjob"} | {
    "subscriptions_stripereport",
    "subscriptions_usagewarning",
}


def left(owner_id, column):
    return {name for name, (count, _) in fingerprint(owner_id, column).items() if count}


def erase(as_worker, *, rows=3, now=None):
    with as_worker():
        for number in range(1, 2_000):
            if not services.erase_due(now=now or utc_now(), rows=rows, seconds=0.0):
                return number
    raise AssertionError("It does not come to an end.")


def close(workspace):
    with workspace_scope(workspace.id):
        tenancy.delete_workspace(
            workspace_id=workspace.id, name=workspace.name, without_export=True, now=utc_now()
        )


def test_a_deleted_workspace_leaves_no_row_in_any_table(
    alice, workspace, rival_workspace, mallory, as_worker, bundle_folder
):
    furnish(alice)
    make_key(alice, role="AGENT")
    furnish(mallory)
    (bundle_folder / str(workspace.id)).mkdir()
    (bundle_folder / str(workspace.id) / "x.zip").write_bytes(b"x")
    had = left(workspace.id, "workspace_id")
    rivals = fingerprint(rival_workspace.id)
    close(workspace)

    batches = erase(as_worker)

    assert len(had) > 15
    assert batches > 5
    assert left(workspace.id, "workspace_id") <= STAYS
    assert not Workspace.objects.filter(pk=workspace.id).exists()
    assert Account.objects.filter(pk=workspace.account_id).exists()
    assert not bundle_store.is_kept(workspace.id, "x")
    assert fingerprint(rival_workspace.id) == rivals
    with account_scope(workspace.account_id):
        said = AuditEntry.objects.filter(workspace_id=workspace.id).order_by("id")
        assert said.last().action == "workspace.erased"
        assert said.last().actor_kind == "system"


def test_a_deleted_account_goes_with_all_that_is_in_it(
    alice, bob, workspace, rival_workspace, mallory, as_worker, settings
):
    furnish(alice)
    with account_scope(workspace.account_id):
        Subscription.objects.create(
            account_id=workspace.account_id, plan_id="FREE", plan_since=utc_now()
        )
    rivals = fingerprint(rival_workspace.account_id, "account_id")
    tenancy.delete_account(
        account_id=workspace.account_id,
        name=Account.objects.get(pk=workspace.account_id).name,
        without_export=True,
        now=utc_now(),
    )

    erase(as_worker)

    assert left(workspace.account_id, "account_id") <= STAYS_OF_ACCOUNTS
    assert left(workspace.id, "workspace_id") <= STAYS
    assert not Account.objects.filter(pk=workspace.account_id).exists()
    assert not Member.objects.filter(user__in=[alice.user, bob.user]).exists()
    alice.user.refresh_from_db()
    assert alice.user.is_active
    assert fingerprint(rival_workspace.account_id, "account_id") == rivals


def test_nothing_goes_before_the_grace_is_over(workspace, as_worker):
    with workspace_scope(workspace.id):
        tenancy.archive_workspace(workspace_id=workspace.id, now=utc_now())

    erase(as_worker, now=utc_now() + timedelta(days=13, hours=23))
    assert Workspace.objects.filter(pk=workspace.id).exists()

    erase(as_worker, now=utc_now() + timedelta(days=14, seconds=1))
    assert not Workspace.objects.filter(pk=workspace.id).exists()


def test_an_account_that_pays_is_not_erased(workspace, as_worker):
    account_id = workspace.account_id
    with account_scope(account_id):
        Subscription.objects.create(
            account_id=account_id,
            plan_id="STANDARD",
            plan_since=utc_now(),
            stripe_subscription_id="sub_1",
            stripe_status="active",
        )
    Account.objects.filter(pk=account_id).update(archived_at=utc_now(), delete_after=utc_now())

    erase(as_worker)

    assert Account.objects.filter(pk=account_id).exists()
    assert Workspace.objects.filter(pk=workspace.id).exists()


def test_what_is_not_counted_yet_is_counted_first(workspace, as_worker):
    close(workspace)
    with workspace_scope(workspace.id):
        usage = PendingUsage.objects.create(
            workspace_id=workspace.id, run_id=workspace.id, day=utc_now().date(), task_runs=1
        )

    erase(as_worker)
    assert Workspace.objects.filter(pk=workspace.id).exists()

    with workspace_scope(workspace.id):
        usage.delete()
    erase(as_worker)
    assert not Workspace.objects.filter(pk=workspace.id).exists()


def test_deleting_needs_the_name_and_an_export_of_the_last_day(api, alice, workspace):
    client = api(alice)
    path = f"/api/v1/workspaces/{workspace.slug}"

    wrong = client.request("DELETE", path, {"name": "other"})
    unexported = client.request("DELETE", path, {"name": workspace.name})
    with account_scope(workspace.account_id):
        ExportJob.objects.create(
            account_id=workspace.account_id,
            workspace_id=workspace.id,
            state="DONE",
            finished_at=utc_now() - timedelta(hours=25),
        )
    stale = client.request("DELETE", path, {"name": workspace.name})
    with account_scope(workspace.account_id):
        ExportJob.objects.update(finished_at=utc_now())
    deleted = client.request("DELETE", path, {"name": workspace.name})

    assert wrong.status_code == 400
    assert unexported.json()["error"]["code"] == stale.json()["error"]["code"] == "export_needed"
    assert deleted.status_code == 204
    assert Workspace.objects.get(pk=workspace.id).delete_after <= utc_now()
    assert client.delete(f"{path}/archival").json()["error"]["code"] == "not_archived"


def test_an_account_that_pays_is_not_deleted_behind_its_back(api, alice, workspace):
    account_id = workspace.account_id
    with account_scope(account_id):
        Subscription.objects.create(
            account_id=account_id,
            plan_id="STANDARD",
            plan_since=utc_now(),
            stripe_subscription_id="sub_1",
            stripe_status="past_due",
        )
    name = Account.objects.get(pk=account_id).name

    answer = api(alice).request(
        "DELETE", f"/api/v1/account/{account_id}", {"name": name, "without_export": True}
    )

    assert answer.json()["error"]["code"] == "subscription_running"
    assert Account.objects.get(pk=account_id).archived_at is None
