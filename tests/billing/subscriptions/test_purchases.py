"""Buying Standard, keeping it, losing it: what Stripe has when asked is what counts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.dispatch import services as dispatch
from apps.runs.models import Run
from apps.tenancy import selectors as tenancy
from apps.tenancy.enums import AccountRole
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import Member
from billing.subscriptions import services
from billing.subscriptions.errors import AlreadyOnPlan, BillingUnavailable, PlanByContract
from billing.subscriptions.models import StripeCustomer, Subscription
from billing.subscriptions.plans import PlanCode
from tests.factories.billing import charge, enforce, subscribe
from tests.factories.dispatch import every, make_deployment
from tests.factories.stripe import account_of, buy, customer_of, open_checkout, refresh
from tests.factories.tenancy import join, make_key
from tests.fakes.fake_stripe import (
    PRICES,
    SECRET_KEY,
    WEBHOOK_SECRET,
    Dropped,
    FakeGateway,
    FakeStripe,
    Refusal,
    serving,
)
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _billing(settings):
    settings.BILLING = True
    settings.STRIPE_PRICES = {"STANDARD": tuple(PRICES)}
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.STRIPE_SECRET_KEY = ""


@pytest.fixture
def fake():
    return FakeStripe(now=NOW.timestamp)


@pytest.fixture
def stripe(settings):
    """Stripe as HTTP requests of ours find it."""
    fake = FakeStripe()
    with serving(fake) as server:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_API_BASE = server.url
        yield fake


def subscription_of(workspace):
    with account_scope(workspace.account_id):
        return Subscription.objects.get()


def plan_of(workspace):
    return subscription_of(workspace).plan_id


def path(workspace, what):
    return f"/api/v1/account/{workspace.account_id}/{what}"


def test_an_owner_buys_standard(api, alice, workspace, stripe):
    client = api(alice)

    answer = client.post(
        path(workspace, "checkout"), {"plan": "STANDARD", "return_to": "/w/a/plan"}
    )
    (session,) = stripe.sessions.values()
    url = session["url"]
    before = client.get(path(workspace, "plan")).json()
    stripe.complete(session["id"])
    services.refresh_customer(
        gateway=FakeGateway(stripe), customer_id=customer_of(workspace), now=datetime.now(UTC)
    )
    after = client.get(path(workspace, "plan")).json()

    assert (answer.status_code, answer.json()) == (201, {"url": url})
    assert session["success_url"] == "http://127.0.0.1:8400/w/a/plan?checkout=done"
    assert session["cancel_url"] == "http://127.0.0.1:8400/w/a/plan?checkout=cancelled"
    assert session["client_reference_id"] == str(workspace.account_id)
    assert (before["plan"]["code"], before["subscription"]) == ("FREE", None)
    assert (before["stripe"], before["may_manage"]) == (True, True)
    assert after["plan"]["code"] == "STANDARD"
    assert after["subscription"]["status"] == "active"
    assert after["subscription"]["cancel_at"] is None
    (customer,) = stripe.customers.values()
    assert (customer["email"], customer["name"]) == ("alice@acme.example", workspace.account_name)


def test_the_first_full_period_is_the_next_month(workspace, fake):
    session_id = open_checkout(fake, workspace, now=NOW)
    subscription = fake.complete(session_id)

    anchor = datetime.fromtimestamp(subscription["billing_cycle_anchor"], UTC)
    assert anchor == datetime(2026, 4, 1, tzinfo=UTC)


def test_asking_again_gives_the_same_page_until_it_is_over(workspace, fake):
    first = open_checkout(fake, workspace, now=NOW)
    same = open_checkout(fake, workspace, now=NOW)
    fake.expire(first)
    other = open_checkout(fake, workspace, now=NOW)

    assert first == same != other
    assert len(fake.customers) == 1


def test_nobody_buys_twice_before_the_first_was_told(workspace, fake):
    fake.complete(open_checkout(fake, workspace, now=NOW))

    with pytest.raises(AlreadyOnPlan):
        open_checkout(fake, workspace, now=NOW)

    assert plan_of(workspace) == "STANDARD"
    assert len(fake.sessions) == 1


def test_what_waits_for_its_payment_is_not_bought_again(workspace, fake):
    fake.change(buy(fake, workspace, now=NOW), status="unpaid")

    with pytest.raises(AlreadyOnPlan) as refusal:
        open_checkout(fake, workspace, now=NOW)

    assert refusal.value.details == {"status": "unpaid"}
    assert plan_of(workspace) == "FREE"


def test_after_the_end_it_can_be_bought_again(workspace, fake):
    fake.change(buy(fake, workspace, now=NOW), status="canceled")
    fake.now = (NOW + MINUTE).timestamp

    buy(fake, workspace, now=NOW + MINUTE)

    assert plan_of(workspace) == "STANDARD"
    assert len(fake.sessions) == 2


@pytest.mark.parametrize(
    ("status", "plan"),
    [
        ("active", "STANDARD"),
        ("trialing", "STANDARD"),
        ("past_due", "STANDARD"),
        ("unpaid", "FREE"),
        ("canceled", "FREE"),
        ("paused", "FREE"),
        ("incomplete_expired", "FREE"),
    ],
)
def test_the_plan_follows_the_subscription(workspace, fake, status, plan):
    subscription_id = buy(fake, workspace, now=NOW)

    fake.change(subscription_id, status=status)
    refresh(fake, workspace, now=NOW + MINUTE)

    found = subscription_of(workspace)
    assert (found.plan_id, found.stripe_status) == (plan, status)
    with workspace_scope(workspace.id):
        limits = tenancy.get_limits(workspace_id=workspace.id)
    assert limits.events_per_minute == (100_000 if plan == "STANDARD" else 5_000)


def test_paying_what_was_due_gives_the_plan_back(workspace, fake):
    subscription_id = buy(fake, workspace, now=NOW)
    plans = []
    for status in ("past_due", "unpaid", "active"):
        fake.change(subscription_id, status=status)
        refresh(fake, workspace, now=NOW)
        plans.append(plan_of(workspace))

    assert plans == ["STANDARD", "FREE", "STANDARD"]


def test_a_cancellation_to_come_is_shown_and_keeps_the_plan(api, alice, workspace, fake):
    fake.cancel_at_period_end(buy(fake, workspace, now=NOW))
    refresh(fake, workspace, now=NOW)

    body = api(alice).get(path(workspace, "plan")).json()

    assert body["plan"]["code"] == "STANDARD"
    assert body["subscription"] == {
        "status": "active",
        "cancel_at": "2026-04-01T00:00:00Z",
        "current_period_end": "2026-04-01T00:00:00Z",
    }


def test_an_upgrade_lifts_the_hold_with_the_plan(workspace, fake):
    subscribe(workspace, now=NOW)
    charge(workspace, 20_000, now=NOW)
    enforce(NOW)
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, schedules=[every(60, anchor_at=NOW)])
    with as_worker():
        dispatch.create_due_runs(now=NOW + MINUTE)

    buy(fake, workspace, now=NOW + 2 * MINUTE)

    with workspace_scope(workspace.id):
        assert tenancy.get_limits(workspace_id=workspace.id).hold is None
        assert Run.objects.get().state == "HELD"
    with as_worker():
        assert dispatch.release_held_runs(now=NOW + 2 * MINUTE) == 1


def test_a_plan_by_contract_is_neither_bought_nor_lost(workspace, fake):
    subscription_id = buy(fake, workspace, now=NOW)
    services.change_plan(account_id=workspace.account_id, plan=PlanCode.ENTERPRISE, now=NOW)

    with pytest.raises(PlanByContract):
        open_checkout(fake, workspace, now=NOW)
    fake.change(subscription_id, status="canceled")
    refresh(fake, workspace, now=NOW)

    assert plan_of(workspace) == "ENTERPRISE"


def test_a_plan_that_sales_gave_is_not_lost_for_want_of_a_subscription(workspace, fake):
    open_checkout(fake, workspace, now=NOW)
    services.change_plan(account_id=workspace.account_id, plan=PlanCode.STANDARD, now=NOW)

    refresh(fake, workspace, now=NOW)

    assert plan_of(workspace) == "STANDARD"


def test_a_subscription_of_something_else_gives_no_plan(workspace, fake):
    subscription_id = buy(fake, workspace, now=NOW)
    fake.subscriptions[subscription_id]["metadata"] = {"plan": "COFFEE"}

    refresh(fake, workspace, now=NOW)

    assert plan_of(workspace) == "FREE"


def test_a_customer_deleted_at_stripe_loses_the_plan_and_can_come_back(workspace, fake):
    buy(fake, workspace, now=NOW)
    gone = customer_of(workspace)
    fake.delete_customer(gone)
    refresh(fake, workspace, now=NOW)
    assert plan_of(workspace) == "FREE"

    buy(fake, workspace, now=NOW)

    assert plan_of(workspace) == "STANDARD"
    assert customer_of(workspace) != gone


def test_who_looked_later_knows_better(workspace, fake):
    """The first to look sees the old state, and is told so late that the second was faster."""
    subscription_id = buy(fake, workspace, now=NOW)

    class Slow(FakeGateway):
        def list_subscriptions(self, customer_id):
            seen = super().list_subscriptions(customer_id)
            fake.change(subscription_id, status="canceled")
            refresh(fake, workspace, now=NOW + MINUTE)
            return seen

    services.refresh_customer(gateway=Slow(fake), customer_id=customer_of(workspace), now=NOW)

    assert plan_of(workspace) == "FREE"
    customer = StripeCustomer.objects.get()
    assert customer.applied_look == customer.looks


def test_customers_of_somebody_else_change_nothing(workspace, fake):
    assert not services.refresh_customer(
        gateway=FakeGateway(fake), customer_id="cus_unknown", now=NOW
    )
    assert fake.requests == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"plan": "ENTERPRISE"}, 409, "plan_by_contract"),
        ({"plan": "FREE"}, 400, "invalid_request"),
        ({"plan": "SELF_HOSTED"}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
        ({"plan": "STANDARD", "price": "price_x"}, 400, "invalid_request"),
        ({"plan": "STANDARD", "return_to": "//evil.example"}, 400, "invalid_request"),
        ({"plan": "STANDARD", "return_to": "https://evil.example"}, 400, "invalid_request"),
        ({"plan": "STANDARD", "return_to": "/a@evil.example"}, 400, "invalid_request"),
        ({"plan": "STANDARD", "return_to": "/a\nb"}, 400, "invalid_request"),
    ],
)
def test_what_cannot_be_bought_is_refused(api, alice, workspace, stripe, body, status, code):
    answer = api(alice).post(path(workspace, "checkout"), body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert stripe.requests == []
    assert not StripeCustomer.objects.exists()


@pytest.mark.parametrize("what", ["checkout", "portal"])
def test_nothing_is_sold_without_stripe(api, alice, workspace, what):
    body = {"plan": "STANDARD"} if what == "checkout" else {}

    answer = api(alice).post(path(workspace, what), body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "billing_is_off")
    assert api(alice).get(path(workspace, "plan")).json()["stripe"] is False


def test_nothing_is_sold_while_billing_is_off(api, alice, workspace, stripe, settings):
    settings.BILLING = False

    answer = api(alice).post(path(workspace, "checkout"), {"plan": "STANDARD"})

    assert answer.json()["error"]["code"] == "billing_is_off"
    assert stripe.requests == []


def test_only_owners_of_the_account_buy(api, alice, bob, workspace, stripe):
    admin = join("admin@acme.example", workspace, "OWNER")
    Member.objects.filter(user_id=admin.user.id).update(role=AccountRole.ADMIN)
    callers = [api(bob), api(admin), api(make_key(alice, role="OWNER"), workspace)]

    answers = [
        client.post(path(workspace, what), {"plan": "STANDARD"} if what == "checkout" else {})
        for client in callers
        for what in ("checkout", "portal")
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].json()["error"]["details"]["scope"] == "billing:manage"
    assert stripe.requests == []
    assert api(admin).get(path(workspace, "plan")).json()["may_manage"] is False


def test_the_portal_is_for_those_who_bought(api, alice, workspace, stripe):
    client = api(alice)

    nothing = client.post(path(workspace, "portal"), {})
    client.post(path(workspace, "checkout"), {"plan": "STANDARD"})
    answer = client.post(path(workspace, "portal"), {"return_to": "/w/a/plan"})

    assert nothing.json()["error"]["code"] == "nothing_bought"
    (portal,) = stripe.portals.values()
    assert (answer.status_code, answer.json()["url"]) == (201, portal["url"])
    assert portal["return_url"] == "http://127.0.0.1:8400/w/a/plan"


@pytest.mark.parametrize(
    ("status", "answered", "code", "retryable"),
    [(500, 503, "billing_unavailable", True), (401, 502, "billing_refused", False)],
)
def test_trouble_at_stripe_is_said_in_our_words(
    api, alice, workspace, stripe, status, answered, code, retryable
):
    def trouble(_when, _path):
        raise Refusal(status, "their words")

    stripe.trouble = trouble
    answer = api(alice).post(path(workspace, "checkout"), {"plan": "STANDARD"})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["retryable"]) == (answered, code, retryable)
    assert "their words" not in answer.content.decode()


@pytest.mark.parametrize("lost", ["customers", "checkout/sessions"])
def test_an_answer_that_was_lost_makes_nothing_twice(workspace, fake, lost):
    def trouble(when, where):
        if when == "after" and where.endswith(lost):
            raise Dropped

    fake.trouble = trouble
    with pytest.raises(BillingUnavailable):
        open_checkout(fake, workspace, now=NOW)
    fake.trouble = lambda when, where: None

    session_id = open_checkout(fake, workspace, now=NOW)

    assert len(fake.customers) == 1
    assert list(fake.sessions) == [session_id]


@pytest.mark.django_db(transaction=True)
def test_who_asks_at_once_is_sent_to_one_page(alice, settings):
    fake, found, started = FakeStripe(), [], threading.Barrier(4)

    def ask():
        started.wait()
        try:
            found.append(open_checkout(fake, alice.workspace, now=datetime.now(UTC)))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 4
    assert set(found) == set(fake.sessions)
    assert len(fake.sessions) == len(fake.customers) == 1


def test_rows_of_what_was_bought_are_their_accounts(workspace, rival_workspace, fake):
    for each in (workspace, rival_workspace):
        buy(fake, each, now=NOW)

    assert not Subscription.objects.exists()
    assert subscription_of(workspace).account_id == account_of(workspace).id
