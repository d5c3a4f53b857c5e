"""What Stripe tells us: stored first, acted on once in whatever order, never when it is forged."""

from __future__ import annotations

import itertools
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import ProgrammingError, connection, transaction
from kombu.exceptions import OperationalError

from apps.tenancy.isolation import account_scope
from billing.subscriptions import services, tasks
from billing.subscriptions.models import StripeCustomer, StripeEvent, Subscription
from billing.subscriptions.services.notices import LOOK_AT
from tests.billing.subscriptions.test_gateway import forged
from tests.factories.stripe import buy, customer_of, open_checkout
from tests.fakes.fake_stripe import (
    PRICES,
    SECRET_KEY,
    WEBHOOK_SECRET,
    FakeGateway,
    FakeStripe,
    Refusal,
    serving,
    signature,
)
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

PATH = "/api/v1/stripe/webhook"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ORDERS = Random(4).sample(list(itertools.permutations(range(5))), 12)


@pytest.fixture(autouse=True)
def _billing(settings):
    settings.BILLING = True
    settings.STRIPE_PRICES = {"STANDARD": tuple(PRICES)}
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.STRIPE_SECRET_KEY = SECRET_KEY


@pytest.fixture
def fake():
    return FakeStripe(now=NOW.timestamp)


@pytest.fixture
def stripe(settings):
    fake = FakeStripe()
    with serving(fake) as server:
        settings.STRIPE_API_BASE = server.url
        yield fake


def post(client, body, signed):
    headers = {} if signed is None else {"Stripe-Signature": signed}
    return client.generic("POST", PATH, body, content_type="application/json", headers=headers)


def plan_of(workspace):
    with account_scope(workspace.account_id):
        return Subscription.objects.get().plan_id


def take(fake, event, now=NOW):
    body, signed = fake.sign(event)
    return services.take_notice(gateway=FakeGateway(fake), body=body, signature=signed, now=now)


def process(fake, event_id, now=NOW):
    return services.process_stripe_event(gateway=FakeGateway(fake), event_id=event_id, now=now)


def test_a_paid_checkout_upgrades_through_the_webhook(
    client, workspace, stripe, django_capture_on_commit_callbacks
):
    stripe.complete(open_checkout(stripe, workspace, now=datetime.now(UTC)))
    body, signed = stripe.sign(stripe.events[0])

    with django_capture_on_commit_callbacks(execute=True):
        answer = post(client, body, signed)

    assert (answer.status_code, answer.json()) == (200, {"received": True, "known": False})
    assert plan_of(workspace) == "STANDARD"
    event = StripeEvent.objects.get()
    assert (event.body.encode(), event.attempts, event.error) == (body, 1, "")
    assert event.processed_at is not None
    assert event.next_attempt_at is None


def test_the_same_event_is_stored_and_done_once(
    client, workspace, stripe, django_capture_on_commit_callbacks
):
    stripe.complete(open_checkout(stripe, workspace, now=datetime.now(UTC)))
    known = []
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            known.append(post(client, *stripe.sign(stripe.events[0])).json()["known"])
    asked = len(stripe.requests)

    tasks.process_stripe_event(event_id=stripe.events[0]["id"])

    assert known == [False, True, True]
    assert StripeEvent.objects.count() == 1
    assert len(stripe.requests) == asked


def test_what_is_forged_is_refused_and_not_stored(client, workspace, stripe):
    tried = 0
    for body, signed in forged(stripe):
        answer = post(client, body, signed)
        tried += 1
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid_request"
        assert b"whsec" not in answer.content

    assert tried > 15
    assert not StripeEvent.objects.exists()
    assert stripe.requests == []


def test_a_body_that_is_not_text_is_refused(client, stripe):
    body = b'{"id": "evt_1", "type": "x.y", "data": {"object": {}}, "x": "\xff"}'

    answer = post(client, body, signature(body, WEBHOOK_SECRET, at=time.time()))

    assert answer.status_code == 400
    assert not StripeEvent.objects.exists()


def test_a_replay_of_an_old_webhook_is_refused(client, workspace, stripe):
    event = stripe.tell_of("invoice.paid", {"id": "in_1", "object": "invoice", "customer": "c"})
    body, signed = stripe.sign(event, at=time.time() - 3_600)

    assert post(client, body, signed).status_code == 400
    assert not StripeEvent.objects.exists()


def test_a_body_too_large_is_refused_unread(client, stripe):
    event = stripe.tell_of("x.y", {"id": "x", "object": "y", "pad": "p" * 1_100_000})

    answer = post(client, *stripe.sign(event))

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "batch_too_large")
    assert not StripeEvent.objects.exists()


def test_nobody_listens_where_nothing_is_sold(client, settings, fake):
    settings.STRIPE_SECRET_KEY = ""

    answer = post(client, *fake.sign(fake.tell_of("x.y", {"id": "x"}), at=time.time()))

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "billing_is_off")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_it_is_a_place_to_post_to(client, method):
    assert client.generic(method, PATH).status_code == 405


def test_unknown_types_are_kept_and_nothing_is_done(
    workspace, fake, django_capture_on_commit_callbacks
):
    event = fake.tell_of("charge.dispute.created", {"id": "dp_1", "object": "dispute"})

    with django_capture_on_commit_callbacks() as jobs:
        assert take(fake, event)

    stored = StripeEvent.objects.get()
    assert (stored.type, stored.processed_at, stored.next_attempt_at) == (event["type"], NOW, None)
    assert jobs == []
    assert fake.requests == []


def test_an_event_of_a_customer_that_is_not_ours_is_kept_with_a_note(fake):
    event = fake.tell_of("invoice.paid", {"id": "i", "object": "invoice", "customer": "cus_else"})
    take(fake, event)

    assert process(fake, event["id"])

    assert StripeEvent.objects.get().error == "not a customer of ours"


@pytest.mark.parametrize("order", ORDERS)
def test_whatever_the_order_the_end_is_what_stripe_has(workspace, fake, order):
    subscription_id = fake.complete(open_checkout(fake, workspace, now=NOW))["id"]
    fake.change(subscription_id, status="past_due")
    assert len(fake.events) == 5

    for number in order:
        take(fake, fake.events[number])
        process(fake, fake.events[number]["id"])
    kept = plan_of(workspace)
    fake.change(subscription_id, status="canceled")
    # Told of the end first, and of everything before it afterwards, once more.
    for number in (5, *order):
        StripeEvent.objects.filter(id=fake.events[number]["id"]).delete()
        take(fake, fake.events[number])
        process(fake, fake.events[number]["id"])

    assert (kept, plan_of(workspace)) == ("STANDARD", "FREE")


def test_every_type_we_act_on_is_acted_on(workspace, fake):
    buy(fake, workspace, now=NOW)
    customer_id = customer_of(workspace)
    for kind in sorted(LOOK_AT):
        looks = StripeCustomer.objects.get().looks
        event = fake.tell_of(kind, {"id": "x", "object": "y", "customer": customer_id})
        take(fake, event)

        assert process(fake, event["id"])
        assert StripeCustomer.objects.get().looks == looks + 1


def test_trouble_at_stripe_puts_the_event_off(workspace, fake, django_capture_on_commit_callbacks):
    fake.complete(open_checkout(fake, workspace, now=NOW))
    event_id = fake.events[0]["id"]

    def trouble(_when, _path):
        raise Refusal(503, "later")

    fake.trouble = trouble
    take(fake, fake.events[0])

    assert not process(fake, event_id)
    event = StripeEvent.objects.get()
    assert (event.attempts, event.processed_at) == (1, None)
    assert event.next_attempt_at == NOW + timedelta(seconds=15)
    assert event.error.endswith("later")
    with django_capture_on_commit_callbacks() as jobs:
        assert services.hand_out_stripe_events(now=NOW + timedelta(seconds=14)) == 0
        assert services.hand_out_stripe_events(now=NOW + timedelta(seconds=15)) == 1
        assert services.hand_out_stripe_events(now=NOW + timedelta(seconds=16)) == 0
    assert len(jobs) == 1
    fake.trouble = lambda when, path: None
    assert process(fake, event_id, now=NOW + timedelta(seconds=15))
    assert plan_of(workspace) == "STANDARD"


def test_after_three_days_it_stays_for_people(workspace, fake):
    fake.complete(open_checkout(fake, workspace, now=NOW))

    def trouble(_when, _path):
        raise Refusal(503, "later")

    fake.trouble = trouble
    take(fake, fake.events[0])
    process(fake, fake.events[0]["id"], now=NOW + 3 * DAY + timedelta(seconds=1))

    event = StripeEvent.objects.get()
    assert (event.processed_at, event.next_attempt_at) == (None, None)


def test_what_a_dead_worker_had_is_taken_up_again(workspace, fake):
    fake.complete(open_checkout(fake, workspace, now=NOW))
    event_id = fake.events[0]["id"]
    take(fake, fake.events[0])

    def killed(_when, _path):
        raise KeyboardInterrupt

    fake.trouble = killed
    with pytest.raises(KeyboardInterrupt):
        process(fake, event_id)
    fake.trouble = lambda when, path: None

    assert not process(fake, event_id)  # somebody may still be at it
    later = NOW + timedelta(minutes=3)
    assert services.hand_out_stripe_events(now=later) == 1
    assert process(fake, event_id, now=later)
    assert plan_of(workspace) == "STANDARD"


def test_a_broker_that_is_away_loses_nothing(
    client, workspace, stripe, settings, monkeypatch, django_capture_on_commit_callbacks
):
    stripe.complete(open_checkout(stripe, workspace, now=datetime.now(UTC)))

    def away(*_args, **_options):
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.process_stripe_event, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(client, *stripe.sign(stripe.events[0]))
    monkeypatch.undo()
    before = StripeEvent.objects.get().processed_at

    with django_capture_on_commit_callbacks(execute=True):
        services.hand_out_stripe_events(now=datetime.now(UTC) + timedelta(minutes=2))

    assert answer.status_code == 200
    assert before is None
    assert plan_of(workspace) == "STANDARD"


def test_webhooks_that_never_came_cost_a_day(workspace, stripe, django_capture_on_commit_callbacks):
    now = datetime.now(UTC)
    subscription_id = buy(stripe, workspace, now=now)
    stripe.change(subscription_id, status="canceled", tell=False)

    counts = []
    for age in (DAY - timedelta(minutes=1), DAY + timedelta(minutes=1)):
        with django_capture_on_commit_callbacks(execute=True):
            counts.append(services.hand_out_stale_customers(now=now + age))

    assert counts == [0, 1]
    assert plan_of(workspace) == "FREE"


def test_bodies_go_after_ninety_days(workspace, fake):
    for n, age in enumerate((89, 91)):
        take(fake, fake.tell_of("x.y", {"id": str(n), "object": "z"}), now=NOW - age * DAY)

    with as_worker():
        assert services.drop_old_stripe_events(now=NOW) == 1
    assert StripeEvent.objects.get().received_at == NOW - 89 * DAY


def test_what_was_stored_is_not_rewritten(workspace, fake):
    take(fake, fake.tell_of("x.y", {"id": "x", "object": "z"}))

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE subscriptions_stripeevent SET body = ''")


@pytest.mark.django_db(transaction=True)
def test_many_workers_and_many_changes_end_as_stripe_has_it(alice, settings):
    """Every change is told to workers who race; answers of Stripe are held up at random."""
    rng, fake = Random(11), FakeStripe()
    subscription_id = buy(fake, alice.workspace, now=datetime.now(UTC))
    fake.events.clear()
    surprises: list[BaseException] = []

    def lag(when, path):
        if when == "after" and path.endswith("subscriptions"):
            lock = fake._lock
            lock.release()  # others are answered meanwhile, from a newer state
            time.sleep(rng.random() * 0.02)
            lock.acquire()

    fake.trouble = lag

    def work(events):
        try:
            for event in events:
                body, signed = fake.sign(event)
                now = datetime.now(UTC)
                services.take_notice(
                    gateway=FakeGateway(fake), body=body, signature=signed, now=now
                )
                services.process_stripe_event(
                    gateway=FakeGateway(fake), event_id=event["id"], now=now
                )
        except BaseException as error:
            surprises.append(error)
            raise
        finally:
            connection.close()

    for round_ in range(12):
        threads = []
        for status in rng.sample(["active", "past_due", "unpaid"], 3):
            told = len(fake.events)
            fake.change(subscription_id, status=status)
            threads.append(threading.Thread(target=work, args=(fake.events[told:],)))
            threads[-1].start()
        for thread in threads:
            thread.join(30)
        wanted = "FREE" if fake.subscriptions[subscription_id]["status"] == "unpaid" else "STANDARD"
        assert plan_of(alice.workspace) == wanted, f"round {round_}"

    assert not surprises
    assert not StripeEvent.objects.filter(processed_at=None).exists()


def test_events_say_what_stripes_do(fake, workspace):
    """The stored body is the very text, from which it can be done again by hand."""
    buy(fake, workspace, now=NOW)
    take(fake, fake.events[1])

    stored = json.loads(StripeEvent.objects.get().body)
    assert stored == fake.events[1]
    assert StripeEvent.objects.get().customer_id == customer_of(workspace)
