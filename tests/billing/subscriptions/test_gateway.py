"""
The port to Stripe, twice: the fake in memory, and the real library over HTTP to the same fake.

What the library is answered is held against its own classes. None of it was tried on Stripe.
"""

from __future__ import annotations

import inspect
import json
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from apps.core.clock import utc_now
from billing.subscriptions.gateway import (
    LIVE,
    Checkout,
    ForgedNotice,
    GatewayError,
    GoneError,
    MeterEvent,
)
from billing.subscriptions.stripe_gateway import StripeGateway
from tests.fakes.fake_stripe import (
    API_VERSION,
    BASE_PRICE,
    MANAGED_PRICE,
    METERS,
    PRICES,
    SECRET_KEY,
    WEBHOOK_SECRET,
    Dropped,
    FakeGateway,
    FakeStripe,
    Refusal,
    serving,
    signature,
)

ACCOUNT = uuid.UUID("01900000-0000-7000-8000-00000000000a")
NEXT = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)


@pytest.fixture
def fake():
    return FakeStripe()


@pytest.fixture(params=["memory", "http"])
def gateway(request, fake):
    if request.param == "memory":
        yield FakeGateway(fake)
        return
    with serving(fake) as server:
        yield StripeGateway(
            secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, api_base=server.url
        )


def checkout(customer_id, **changes):
    return Checkout(
        **{
            "customer_id": customer_id,
            "account_id": ACCOUNT,
            "plan": "STANDARD",
            "prices": tuple(PRICES),
            "billed_from": NEXT,
            "success_url": "https://headway.example/plan?checkout=done",
            "cancel_url": "https://headway.example/plan?checkout=cancelled",
        }
        | changes
    )


def customer(gateway, key="customer:1"):
    return gateway.create_customer(
        account_id=ACCOUNT, name="Acme & Söhne", email="alice@acme.example", key=key
    )


def buy(gateway, fake):
    customer_id = customer(gateway)
    session = gateway.create_checkout(checkout(customer_id), key="checkout:1")
    return customer_id, fake.complete(session.id)


def use(customer_id, **changes):
    return MeterEvent(
        **{
            "name": METERS[0],
            "identifier": str(uuid.uuid4()),
            "customer_id": customer_id,
            "quantity": 7,
            "occurred_at": utc_now(),
        }
        | changes
    )


def test_a_customer_is_made_once_for_each_key(gateway, fake):
    first = customer(gateway)

    assert customer(gateway) == first
    assert customer(gateway, key="customer:2") != first
    assert len(fake.customers) == 2
    assert fake.customers[first]["name"] == "Acme & Söhne"
    assert fake.customers[first]["email"] == "alice@acme.example"
    assert fake.customers[first]["metadata"] == {"account_id": str(ACCOUNT)}


def test_other_parameters_are_another_call(gateway, fake):
    first = customer(gateway)

    other = gateway.create_customer(account_id=ACCOUNT, name="Else", email=None, key="customer:1")

    assert other != first


def test_a_checkout_opens_and_is_over_once_paid(gateway, fake):
    customer_id = customer(gateway)

    session = gateway.create_checkout(checkout(customer_id), key="checkout:1")
    again = gateway.create_checkout(checkout(customer_id), key="checkout:1")
    before = gateway.get_checkout(session.id)
    fake.complete(session.id)
    after = gateway.get_checkout(session.id)

    assert session == again == before
    assert (session.is_open, after.is_open, after.url) == (True, False, "")
    assert session.url == f"{fake.url}/pay/{session.id}"


def test_what_was_bought_is_told_with_its_plan_and_prices(gateway, fake):
    customer_id, subscription = buy(gateway, fake)

    (bought,) = gateway.list_subscriptions(customer_id)

    assert (bought.id, bought.status, bought.is_live) == (subscription["id"], "active", True)
    assert (bought.plan, bought.prices) == ("STANDARD", frozenset(PRICES))
    assert (bought.cancel_at, bought.current_period_end) == (None, NEXT)
    assert bought.is_of("STANDARD", ())
    assert not bought.is_of("ENTERPRISE", tuple(PRICES))


def test_what_somebody_sold_by_hand_is_known_by_its_price(gateway, fake):
    customer_id, subscription = buy(gateway, fake)
    subscription["metadata"] = {}

    (bought,) = gateway.list_subscriptions(customer_id)

    assert bought.plan is None
    assert bought.is_of("STANDARD", (BASE_PRICE,))
    assert not bought.is_of("STANDARD", ("price_else",))


def test_only_what_is_metered_has_no_quantity(gateway, fake):
    _, subscription = buy(gateway, fake)

    quantities = {
        item["price"]["id"]: item.get("quantity") for item in subscription["items"]["data"]
    }
    assert quantities[BASE_PRICE] == 1
    assert quantities[MANAGED_PRICE] is None


@pytest.mark.parametrize("status", ["past_due", "unpaid", "canceled"])
def test_what_becomes_of_a_subscription_is_seen(gateway, fake, status):
    customer_id, subscription = buy(gateway, fake)

    fake.change(subscription["id"], status=status)

    (bought,) = gateway.list_subscriptions(customer_id)
    assert bought.status == status
    assert bought.is_live == (status == "past_due")


def test_a_cancellation_to_come_is_seen(gateway, fake):
    customer_id, subscription = buy(gateway, fake)

    fake.cancel_at_period_end(subscription["id"])

    (bought,) = gateway.list_subscriptions(customer_id)
    assert (bought.is_live, bought.cancel_at) == (True, NEXT)


def test_the_newest_subscription_stands_first(gateway, fake):
    customer_id, old = buy(gateway, fake)
    fake.change(old["id"], status="canceled")
    fake.now = lambda: time.time() + 60
    session = gateway.create_checkout(checkout(customer_id), key="checkout:2")
    new = fake.complete(session.id)

    found = gateway.list_subscriptions(customer_id)

    assert [each.id for each in found] == [new["id"], old["id"]]


def test_a_portal_opens_for_a_customer(gateway, fake):
    customer_id = customer(gateway)

    urls = {
        gateway.create_portal(
            customer_id=customer_id, return_url="https://headway.example/plan", key=key
        )
        for key in ("a", "b", "b")
    }

    assert urls == {f"{fake.url}/manage/{portal}" for portal in fake.portals}
    assert len(urls) == 2


def test_a_use_counts_once_for_each_identifier(gateway, fake):
    customer_id = customer(gateway)
    event = use(customer_id)

    gateway.send_meter_event(event)
    gateway.send_meter_event(event)
    gateway.send_meter_event(replace(event, occurred_at=event.occurred_at - timedelta(minutes=1)))
    gateway.send_meter_event(use(customer_id, quantity=3))

    assert fake.used(customer_id) == 10
    assert fake.meter_events[0]["timestamp"] == int(event.occurred_at.timestamp())


def test_a_use_is_refused_for_a_meter_that_is_not_there(gateway, fake):
    customer_id = customer(gateway)

    with pytest.raises(GatewayError) as refusal:
        gateway.send_meter_event(use(customer_id, name="nobody_made_it"))

    assert (refusal.value.retryable, refusal.value.certain) == (False, True)
    assert fake.meter_events == []


@pytest.mark.parametrize("age", [timedelta(days=36), timedelta(minutes=-6)])
def test_a_use_of_another_age_is_refused(gateway, fake, age):
    customer_id = customer(gateway)

    with pytest.raises(GatewayError):
        gateway.send_meter_event(use(customer_id, occurred_at=utc_now() - age))


def test_what_is_gone_is_said(gateway, fake):
    customer_id, _ = buy(gateway, fake)
    fake.delete_customer(customer_id)

    for ask in (
        lambda: gateway.list_subscriptions(customer_id),
        lambda: gateway.create_checkout(checkout(customer_id), key="checkout:2"),
        lambda: gateway.create_portal(customer_id=customer_id, return_url="https://x", key="p"),
        lambda: gateway.get_checkout("cs_unknown"),
    ):
        with pytest.raises(GoneError):
            ask()


@pytest.mark.parametrize(
    ("status", "retryable", "certain"),
    [(400, False, True), (401, False, True), (429, True, True), (500, True, False)],
)
def test_refusals_say_whether_to_try_again(gateway, fake, status, retryable, certain):
    def trouble(when, _path):
        raise Refusal(status, "no", kind="api")

    fake.trouble = trouble
    with pytest.raises(GatewayError) as error:
        customer(gateway)

    assert (error.value.retryable, error.value.certain) == (retryable, certain)


def test_an_answer_that_never_came_may_have_been_carried_out(gateway, fake):
    def trouble(when, _path):
        if when == "after":
            raise Dropped

    fake.trouble = trouble
    with pytest.raises(GatewayError) as error:
        customer(gateway)
    assert (error.value.retryable, error.value.certain) == (True, False)

    fake.trouble = lambda when, path: None
    assert [customer(gateway)] == list(fake.customers)


def test_nobody_there_is_weather():
    gateway = StripeGateway(
        secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, api_base="http://127.0.0.1:9"
    )

    with pytest.raises(GatewayError) as error:
        gateway.list_subscriptions("cus_1")

    assert (error.value.retryable, error.value.certain) == (True, True)
    assert SECRET_KEY not in str(error.value)


def test_a_use_is_sent_once_for_each_call(gateway, fake):
    customer_id = customer(gateway)
    fake.requests.clear()

    def trouble(when, _path):
        if when == "after":
            raise Dropped

    fake.trouble = trouble
    with pytest.raises(GatewayError) as error:
        gateway.send_meter_event(use(customer_id))

    assert not error.value.certain
    assert len(fake.requests) == 1


def test_a_notice_says_what_it_is_about(gateway, fake):
    customer_id, _ = buy(gateway, fake)

    notices = []
    for event in fake.events:
        body, signed = fake.sign(event)
        notices.append(gateway.read_notice(body=body, signature=signed))

    assert [(notice.type, notice.customer_id) for notice in notices] == [
        ("checkout.session.completed", customer_id),
        ("customer.subscription.created", customer_id),
        ("invoice.paid", customer_id),
    ]
    assert [notice.id for notice in notices] == [event["id"] for event in fake.events]


def test_a_notice_about_a_customer_or_about_none(gateway, fake):
    for about, whose in (
        ({"id": "cus_9", "object": "customer"}, "cus_9"),
        ({"id": "prod_1", "object": "product"}, None),
        ({"id": "in_1", "object": "invoice", "customer": None}, None),
    ):
        body, signed = fake.sign(fake.tell_of("x.y", about))
        assert gateway.read_notice(body=body, signature=signed).customer_id == whose


def forged(fake):
    """Every way in which a webhook may not be Stripe's."""
    event = fake.tell_of("invoice.paid", {"id": "in_1", "object": "invoice", "customer": "cus_1"})
    body, good = fake.sign(event)
    now = time.time()
    yield body, None
    yield body, ""
    yield body, "garbage"
    yield body, "t=,v1="
    yield body, f"t={int(now)}"
    yield body, good.replace("v1=", "v0=")
    yield body, signature(body, "whsec_another", at=now)
    yield body, signature(body, WEBHOOK_SECRET, at=now - 301)
    yield body, good[:-1] + ("0" if good[-1] != "0" else "1")
    yield body + b" ", good
    yield body.replace(b"cus_1", b"cus_2"), good
    for nonsense in (b"", b"[]", b"{}", b"null", b'{"id": 1, "type": "a", "data": {"object": {}}}'):
        yield nonsense, signature(nonsense, WEBHOOK_SECRET, at=now)
    other = json.dumps(event | {"id": "e" * 300}).encode()
    yield other, signature(other, WEBHOOK_SECRET, at=now)


def test_what_is_not_stripes_is_refused(fake):
    gateway = StripeGateway(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET)

    for body, signed in forged(fake):
        with pytest.raises(ForgedNotice):
            gateway.read_notice(body=body, signature=signed)


def declared(kind):
    """The fields that a class of Stripe's library declares, over its parents."""
    return {name for each in kind.__mro__ for name in inspect.get_annotations(each)}


def read(kind, wire, *names):
    """Build Stripe's own object from an answer and read from it what we rely on."""
    unknown = set(wire) - declared(kind)
    assert unknown == set(), f"{kind.__name__} has no {unknown}"
    made = kind.construct_from(wire, SECRET_KEY)
    return [getattr(made, name) for name in names]


def test_the_fake_speaks_of_the_same_fields_as_stripes_library(fake):
    gateway = FakeGateway(fake)
    customer_id, wire = buy(gateway, fake)
    gateway.send_meter_event(use(customer_id))
    gateway.create_portal(customer_id=customer_id, return_url="https://x", key="p")
    (session,) = fake.sessions.values()
    (portal,) = fake.portals.values()
    item = wire["items"]["data"][0]
    invoice = fake.events[-1]["data"]["object"]

    read(stripe.Customer, fake.customers[customer_id], "id", "metadata")
    read(stripe.checkout.Session, session, "id", "url", "status", "customer", "subscription")
    read(stripe.billing_portal.Session, portal, "id", "url")
    read(stripe.billing.MeterEvent, fake.meter_events[0], "identifier", "payload", "timestamp")
    read(stripe.SubscriptionItem, item, "id", "current_period_end", "price")
    read(stripe.Price, item["price"], "id", "recurring")
    read(stripe.Invoice, invoice, "id", "customer", "status")
    read(stripe.Event, fake.events[0], "id", "type", "data", "api_version")
    status, created, cancel_at, ends, metadata = read(
        stripe.Subscription,
        wire,
        *("status", "created", "cancel_at", "cancel_at_period_end", "metadata"),
    )
    assert (status, cancel_at, ends) == ("active", None, False)
    assert created == wire["created"]
    assert metadata["plan"] == "STANDARD"
    assert stripe.api_version == API_VERSION


def test_the_states_we_know_are_stripes():
    known = str(inspect.get_annotations(stripe.Subscription)["status"])

    for status in (*LIVE, "unpaid", "paused", "canceled", "incomplete"):
        assert f"'{status}'" in known


def test_stripes_library_agrees_with_our_signatures(fake):
    body, signed = fake.sign(fake.tell_of("a.b", {"id": "x", "object": "product"}))

    assert stripe.WebhookSignature.verify_header(body, signed, WEBHOOK_SECRET, 300)
