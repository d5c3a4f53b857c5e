"""What each plan allows, who has which, and that the product's limits say so."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from apps.tenancy import selectors as tenancy
from apps.tenancy import services as tenancy_services
from apps.tenancy.errors import PlanLimit
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import Workspace
from billing.subscriptions import selectors, services
from billing.subscriptions.errors import BillingIsOff
from billing.subscriptions.models import AgreedEntitlement, Subscription, UsageWarning
from billing.subscriptions.plans import EntitlementKey, PlanCode
from tests.factories.billing import subscribe
from tests.factories.identity import Visitor
from tests.factories.tenancy import join
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PLANS = {
    "FREE": ("HOLD", 20_000, 500, 5_000, 3, 1),
    "STANDARD": ("METER", 20_000, 500, 100_000, 10, 3),
    "ENTERPRISE": ("METER", None, None, None, None, None),
    "SELF_HOSTED": ("METER", None, None, None, None, None),
}


@pytest.fixture(autouse=True)
def _billing(settings):
    settings.BILLING = True


def limits_of(workspace):
    with workspace_scope(workspace.id):
        return tenancy.get_limits(workspace_id=workspace.id)


def change(workspace, plan):
    return services.change_plan(account_id=workspace.account_id, plan=PlanCode(plan), now=NOW)


@pytest.mark.parametrize("code", PLANS)
def test_plans_allow_what_was_promised(workspace, code, settings):
    settings.BILLING = code != "SELF_HOSTED"
    if settings.BILLING:
        change(workspace, code)

    with account_scope(workspace.account_id):
        plan = selectors.get_plan(account_id=workspace.account_id)

    keys = [
        EntitlementKey.TASK_RUNS_PER_MONTH,
        EntitlementKey.MANAGED_MINUTES_PER_MONTH,
        EntitlementKey.EVENTS_PER_MINUTE,
        EntitlementKey.MAX_USERS,
        EntitlementKey.MAX_WORKSPACES,
    ]
    assert (plan.code, plan.at_limit, *(plan.entitlements[key] for key in keys)) == (
        code,
        *PLANS[code],
    )


@pytest.mark.parametrize(
    ("billing", "plan", "amount"), [(True, "FREE", 20_000), (False, "SELF_HOSTED", None)]
)
def test_signing_up_makes_a_subscription(db, settings, billing, plan, amount):
    settings.BILLING = billing

    Visitor().join("carol@new.example")

    workspace = Workspace.objects.get()
    with account_scope(workspace.account_id):
        assert Subscription.objects.get().plan_id == plan
    assert limits_of(workspace).task_runs_per_month == amount


def test_an_account_that_somebody_makes_beside_theirs_is_limited_from_the_start(api, alice):
    owner = api(alice)
    account = owner.post("/api/v1/accounts", {"name": "Second"}).json()

    first, second = (
        owner.post("/api/v1/workspaces", {"name": name, "account_id": account["id"]})
        for name in ("One", "Two")
    )

    assert account["seats"] == {"used": 1, "limit": 3}
    assert first.status_code == 201
    assert first.json()["limits"]["events_per_minute"] == 5_000
    assert (second.status_code, second.json()["error"]["details"]["what"]) == (402, "workspaces")
    with account_scope(account["id"]):
        assert Subscription.objects.get(account_id=account["id"]).plan_id == "FREE"


def test_accounts_without_a_plan_get_one_from_the_loop(workspace, rival_workspace):
    with as_worker():
        first = services.subscribe_accounts(now=NOW, everybody=False)
        again = services.subscribe_accounts(now=NOW, everybody=False)

        assert (first, again) == (2, 0)
        assert {each.plan_id for each in Subscription.objects.all()} == {"FREE"}


def test_switching_billing_off_and_on_takes_limits_away_and_brings_them_back(workspace, settings):
    change(workspace, "STANDARD")
    amounts = []
    for billing in (False, True):
        settings.BILLING = billing
        with as_worker():
            services.subscribe_accounts(now=NOW, everybody=True)
        amounts.append(limits_of(workspace).events_per_minute)

    assert amounts == [None, 100_000]


def test_a_plan_changes_the_limits_of_every_workspace_now_and_later(workspace, alice):
    subscribe(workspace, now=NOW)
    assert limits_of(workspace).events_per_minute == 5_000

    change(workspace, "STANDARD")
    second = tenancy_services.create_workspace(
        account_id=workspace.account_id, user_id=alice.user.id, name="Second", now=NOW
    )

    for each in (workspace, second):
        assert limits_of(each).events_per_minute == 100_000
        assert limits_of(each).retention_days == 30  # no plan says anything of it yet


def test_what_was_agreed_stands_before_the_plan(workspace):
    change(workspace, "ENTERPRISE")

    services.agree(
        account_id=workspace.account_id, key=EntitlementKey.EVENTS_PER_MINUTE, value=7, now=NOW
    )
    services.agree(
        account_id=workspace.account_id, key=EntitlementKey.RETENTION_DAYS, value=400, now=NOW
    )

    assert limits_of(workspace).events_per_minute == 7
    assert limits_of(workspace).retention_days == 400


def test_applying_again_writes_nothing(workspace, django_assert_max_num_queries):
    change(workspace, "STANDARD")

    with django_assert_max_num_queries(20) as captured:
        subscribe(workspace, now=NOW)

    changes = [q["sql"] for q in captured if q["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]
    assert changes == []


def test_users_beyond_the_plan_are_refused(workspace):
    subscribe(workspace, now=NOW)
    for name in ("bob", "carol"):
        join(f"{name}@acme.example", workspace, "VIEWER")

    with pytest.raises(PlanLimit) as refusal:
        join("dave@acme.example", workspace, "VIEWER")

    assert refusal.value.details == {"what": "users", "limit": 3, "used": 3}
    change(workspace, "STANDARD")
    join("erin@acme.example", workspace, "VIEWER")


def test_who_belongs_already_may_take_another_role(workspace):
    subscribe(workspace, now=NOW)
    people = [join(f"{name}@acme.example", workspace, "VIEWER") for name in ("bob", "carol")]

    with workspace_scope(workspace.id):
        tenancy_services.add_member(
            workspace_id=workspace.id,
            account_id=workspace.account_id,
            user_id=people[0].user.id,
            role="DEVELOPER",
        )
    assert tenancy.account_size(account_id=workspace.account_id) == (3, 1)


def test_workspaces_beyond_the_plan_are_refused(api, alice, workspace):
    subscribe(workspace, now=NOW)
    client = api(alice)

    answer = client.post("/api/v1/workspaces", {"name": "Second"})

    assert answer.status_code == 402
    error = answer.json()["error"]
    assert error["code"] == "plan_limit"
    assert error["details"] == {"what": "workspaces", "limit": 1, "used": 1}
    assert Workspace.objects.count() == 1
    change(workspace, "STANDARD")
    assert client.post("/api/v1/workspaces", {"name": "Second"}).status_code == 201


def test_there_is_nothing_to_buy_while_billing_is_off(workspace, settings):
    settings.BILLING = False

    with pytest.raises(BillingIsOff):
        change(workspace, "STANDARD")
    with pytest.raises(BillingIsOff):
        services.agree(
            account_id=workspace.account_id, key=EntitlementKey.MAX_USERS, value=1, now=NOW
        )
    with account_scope(workspace.account_id):
        assert not Subscription.objects.exists()


def test_the_command_sets_plan_and_agreements(workspace):
    said = StringIO()
    with as_worker():
        call_command(
            "set_plan",
            str(workspace.account_id),
            "ENTERPRISE",
            "--agree=events_per_minute=500000",
            "--agree=max_users=none",
            stdout=said,
        )
        for bad in ("events=1", "max_users=0", "max_users=x", "max_users"):
            with pytest.raises(CommandError):
                call_command("set_plan", str(workspace.account_id), "ENTERPRISE", f"--agree={bad}")

    assert "events_per_minute: 500,000" in said.getvalue()
    assert limits_of(workspace).events_per_minute == 500_000


@pytest.mark.parametrize("table", ["subscriptions_plan", "subscriptions_entitlement"])
@pytest.mark.parametrize("worker", [False, True])
def test_no_serving_role_writes_plans(db, table, worker):
    def attempt():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")

    with (
        as_worker() if worker else nullcontext(),
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        attempt()


def test_rows_are_seen_by_their_account_only(workspace, rival_workspace):
    for each in (workspace, rival_workspace):
        change(each, "STANDARD")
        services.agree(account_id=each.account_id, key=EntitlementKey.MAX_USERS, value=4, now=NOW)

    for table in (Subscription, AgreedEntitlement, UsageWarning):
        assert not table.objects.exists()
    with account_scope(workspace.account_id):
        for table in (Subscription, AgreedEntitlement):
            assert [row.account_id for row in table.objects.all()] == [workspace.account_id]


def test_the_plan_can_be_read_with_what_else_there_is(api, alice, workspace, settings):
    subscribe(workspace, now=NOW)
    path = f"/api/v1/account/{workspace.account_id}/plan"

    body = api(alice).get(path).json()
    settings.BILLING = False
    own = api(alice).get(path).json()

    assert (body["plan"]["code"], body["billing"], body["hold"]) == ("FREE", True, None)
    assert body["plan"]["entitlements"]["task_runs_per_month"] == 20_000
    assert (body["users"], body["workspaces"]) == (1, 1)
    assert [plan["code"] for plan in body["plans"]] == ["FREE", "STANDARD", "ENTERPRISE"]
    assert (own["plan"]["code"], own["billing"], own["plans"]) == ("SELF_HOSTED", False, [])
    assert set(own["plan"]["entitlements"].values()) == {None}
