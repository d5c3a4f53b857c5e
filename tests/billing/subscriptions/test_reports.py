"""What Stripe is told of use: each record once, whatever is repeated, refused, late or killed."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from apps.tenancy.isolation import account_scope
from billing.metering.meters import Meter
from billing.metering.models import UnreportedUsage
from billing.subscriptions import services, tasks
from billing.subscriptions.models import StripeReport, Subscription
from billing.subscriptions.plans import PlanCode
from tests.factories.billing import charge, subscribe
from tests.factories.stripe import (
    buy,
    customer_of,
    due_reports,
    make_reports,
    refresh,
    send,
    send_due,
)
from tests.fakes.fake_stripe import (
    METERS,
    PRICES,
    SECRET_KEY,
    WEBHOOK_SECRET,
    Dropped,
    FakeStripe,
    Refusal,
    serving,
)
from tests.isolation import as_worker, rolled_back

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = NOW + HOUR + MINUTE  # the hour of NOW is over


class Clock:
    def __init__(self):
        self.at = NOW

    def __call__(self):
        return self.at.timestamp()


@pytest.fixture(autouse=True)
def _billing(settings):
    settings.BILLING = True
    settings.STRIPE_PRICES = {"STANDARD": tuple(PRICES)}
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.STRIPE_SECRET_KEY = SECRET_KEY


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fake(clock):
    return FakeStripe(now=clock)


@pytest.fixture
def paying(workspace, fake):
    """Alice's account, on Standard since NOW."""
    buy(fake, workspace, now=NOW)
    return workspace


def reports():
    with as_worker():
        return list(StripeReport.objects.order_by("id"))


def the_report():
    (report,) = reports()
    return report


def at(clock, moment):
    clock.at = moment
    return moment


def test_an_hour_is_reported_once_it_is_over(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    charge(paying, 7, now=NOW + 59 * MINUTE)

    early = make_reports(NOW + 59 * MINUTE)
    taken = make_reports(at(clock, LATER))
    sent = send_due(fake, LATER)

    assert (early, taken, sent) == (0, 2, 1)
    report = the_report()
    assert (report.quantity, report.meter) == (12, "task_runs")
    assert report.window_starts_at == NOW
    assert (report.sent_at, report.next_attempt_at, report.attempts) == (LATER, None, 1)
    (event,) = fake.meter_events
    assert event["identifier"] == report.identifier
    assert event["event_name"] == METERS[0]
    assert event["payload"] == {"stripe_customer_id": customer_of(paying), "value": "12"}
    assert event["timestamp"] == int((NOW + 59 * MINUTE).timestamp())


def test_each_meter_account_and_hour_is_a_report(paying, rival_workspace, fake, clock):
    buy(fake, rival_workspace, now=NOW)
    for workspace in (paying, rival_workspace):
        charge(workspace, 1, now=NOW + MINUTE)
        charge(workspace, 60, now=NOW + MINUTE, meter=Meter.MANAGED_SECONDS)
        charge(workspace, 2, now=NOW + HOUR + MINUTE)

    now = at(clock, NOW + 2 * HOUR)
    make_reports(now)
    send_due(fake, now)

    assert len(reports()) == 6
    for workspace in (paying, rival_workspace):
        assert fake.used(customer_of(workspace)) == 3
        assert fake.used(customer_of(workspace), METERS[1]) == 60


def test_a_late_count_makes_a_report_of_its_own(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    now = at(clock, LATER)
    make_reports(now)
    send_due(fake, now)

    charge(paying, 3, now=NOW + 2 * MINUTE)  # of a transaction that took its time
    make_reports(now)
    send_due(fake, now)

    assert [(each.quantity, each.window_starts_at) for each in reports()] == [(5, NOW), (3, NOW)]
    assert fake.used(customer_of(paying)) == 8


def test_meters_that_nobody_bills_are_left_out(paying, fake):
    charge(paying, 60, now=NOW + MINUTE, meter=Meter.VCPU_SECONDS)

    assert make_reports(LATER) == 1
    assert reports() == []


@pytest.mark.parametrize("plan", ["FREE", "ENTERPRISE", "STANDARD"])
def test_who_pays_nothing_at_stripe_is_not_reported(workspace, plan):
    subscribe(workspace, now=NOW)
    services.change_plan(account_id=workspace.account_id, plan=PlanCode(plan), now=NOW)
    charge(workspace, 50_000, now=NOW + MINUTE)

    assert make_reports(LATER) == 1
    assert reports() == []
    with as_worker():
        assert not UnreportedUsage.objects.exists()


def test_use_before_the_upgrade_stays_free_and_later_use_is_reported(workspace, fake, clock):
    subscribe(workspace, now=NOW)
    charge(workspace, 100, now=NOW + MINUTE)
    buy(fake, workspace, now=at(clock, NOW + 20 * MINUTE))
    charge(workspace, 7, now=NOW + 30 * MINUTE)

    make_reports(at(clock, LATER))
    send_due(fake, LATER)

    assert fake.used(customer_of(workspace)) == 7


@pytest.mark.parametrize("status", ["canceled", "unpaid"])
def test_use_until_the_end_is_reported_at_once_and_none_after_it(paying, fake, clock, status):
    (subscription_id,) = fake.subscriptions
    charge(paying, 5, now=NOW + MINUTE)
    fake.change(subscription_id, status=status)
    ended = at(clock, NOW + 20 * MINUTE)
    refresh(fake, paying, now=ended)
    charge(paying, 100, now=NOW + 30 * MINUTE)
    charge(paying, 2, now=NOW + 19 * MINUTE)  # committed late

    at_once = send_due(fake, ended)
    make_reports(at(clock, LATER))
    send_due(fake, LATER)

    assert at_once == 1
    assert fake.used(customer_of(paying)) == 7


def test_use_is_reported_while_a_payment_is_due(paying, fake, clock):
    (subscription_id,) = fake.subscriptions
    fake.change(subscription_id, status="past_due")
    refresh(fake, paying, now=NOW)
    charge(paying, 5, now=NOW + MINUTE)

    make_reports(at(clock, LATER))
    send_due(fake, LATER)

    assert fake.used(customer_of(paying)) == 5


def test_who_comes_back_pays_for_both_times_and_not_for_between(paying, fake, clock):
    (first,) = fake.subscriptions
    charge(paying, 1, now=NOW + MINUTE)
    fake.change(first, status="canceled")
    refresh(fake, paying, now=at(clock, NOW + 10 * MINUTE))
    charge(paying, 10, now=NOW + 15 * MINUTE)
    charge(paying, 100, now=NOW + 9 * MINUTE)  # committed late, from the first time
    buy(fake, paying, now=at(clock, NOW + 20 * MINUTE))
    charge(paying, 1_000, now=NOW + 30 * MINUTE)

    make_reports(at(clock, LATER))
    send_due(fake, LATER)

    assert fake.used(customer_of(paying)) == 1_101


def test_a_contract_ends_reporting(paying, fake, clock):
    charge(paying, 1, now=NOW + MINUTE)
    services.change_plan(
        account_id=paying.account_id, plan=PlanCode.ENTERPRISE, now=NOW + 2 * MINUTE
    )
    charge(paying, 10, now=NOW + 3 * MINUTE)

    make_reports(at(clock, LATER))
    send_due(fake, LATER)

    assert fake.used(customer_of(paying)) == 1


def test_a_month_that_is_closed_is_billed_as_of_now(paying, fake, clock):
    last = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    charge(paying, 1, now=last)
    soon, late = (datetime(2026, 4, 1, 0, minute, tzinfo=UTC) for minute in (5, 55))
    make_reports(soon)
    send_due(fake, at(clock, soon))
    charge(paying, 2, now=last)
    make_reports(late)
    send_due(fake, at(clock, late))

    assert [event["timestamp"] for event in fake.meter_events] == [
        int(last.timestamp()),
        int(late.timestamp()),
    ]


def test_a_loop_that_dies_leaves_it_to_the_next(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)

    with as_worker(), rolled_back():
        assert services.report_usage(now=LATER) == 1
    assert reports() == []

    make_reports(at(clock, LATER))
    send_due(fake, LATER)
    assert fake.used(customer_of(paying)) == 5


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sender_that_dies_sends_the_same_identifier_again(paying, fake, clock, when):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(at(clock, LATER))
    ((account_id, report_id),) = due_reports(LATER)

    def die(at_, _path):
        if at_ == when:
            raise KeyboardInterrupt

    fake.trouble = die
    with pytest.raises(KeyboardInterrupt):
        send(fake, account_id, report_id, LATER)
    fake.trouble = lambda when, path: None

    assert the_report().unsure_since == LATER
    assert send_due(fake, LATER + MINUTE) == 0  # it may still be alive
    assert send_due(fake, at(clock, LATER + 4 * MINUTE)) == 1
    assert fake.used(customer_of(paying)) == 5
    assert len(fake.meter_events) == 1


def test_two_senders_send_once(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(at(clock, LATER))
    ((account_id, report_id),) = due_reports(LATER)
    answers = []

    def other(when, _path):
        if when == "before" and not answers:
            answers.append(None)
            answers[0] = send(fake, account_id, report_id, LATER)

    fake.trouble = other

    assert send(fake, account_id, report_id, LATER)
    assert answers == [False]
    assert not send(fake, account_id, report_id, LATER + HOUR)
    assert fake.used(customer_of(paying)) == 5


def test_what_surely_did_not_arrive_goes_again_for_ever(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(LATER)
    fake.meters = ()
    for hours in range(0, 24 * 30, 12):
        send_due(fake, at(clock, LATER + hours * HOUR))
    refused = the_report()

    fake.meters = METERS
    sent = send_due(fake, at(clock, LATER + 24 * 30 * HOUR))

    assert refused.unsure_since is None
    assert "No active meter" in refused.error
    assert sent == 1
    assert fake.used(customer_of(paying)) == 5
    assert the_report().error == ""


def test_what_may_have_arrived_waits_for_people_after_a_day(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(at(clock, LATER))

    def lose(when, _path):
        if when == "after":
            raise Dropped

    fake.trouble = lose
    send_due(fake, LATER)
    fake.trouble = lambda when, path: None
    much_later = at(clock, LATER + 24 * HOUR)

    assert send_due(fake, much_later) == 0
    assert send_due(fake, much_later + HOUR) == 0
    report = the_report()
    assert (report.next_attempt_at, report.sent_at) == (None, None)
    said = StringIO()
    with as_worker(), pytest.raises(SystemExit):
        call_command("stripe_reports", "--month=2026-03", stdout=said)
    assert f"{paying.account_id} task_runs: told 0, waiting 5" in said.getvalue()
    assert f"unsettled {report.id}: 5 task_runs" in said.getvalue()
    assert report.identifier in said.getvalue()
    with as_worker():
        call_command("stripe_reports", f"--sent={report.id}")
        call_command("stripe_reports", "--month=2026-03", stdout=said)
        with pytest.raises(CommandError):
            call_command("stripe_reports", f"--again={report.id}")
    assert "told 5, waiting 0" in said.getvalue()
    assert fake.used(customer_of(paying)) == 5


def test_people_may_send_again_what_never_arrived(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(at(clock, LATER))

    def lose(when, _path):
        raise Dropped

    fake.trouble = lose
    send_due(fake, LATER)
    send_due(fake, LATER + 24 * HOUR)
    fake.trouble = lambda when, path: None
    report_id = the_report().id
    with as_worker():
        call_command("stripe_reports", f"--again={report_id}")

    much_later = at(clock, datetime.now(UTC) + MINUTE)
    assert send_due(fake, much_later) == 1
    assert fake.used(customer_of(paying)) == 5


def test_reports_of_a_customer_that_is_gone_are_given_up(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(at(clock, LATER))
    fake.delete_customer(customer_of(paying))

    send_due(fake, LATER)

    report = the_report()
    assert (report.next_attempt_at, report.sent_at) == (None, None)
    assert "No such customer" in report.error


def test_trouble_puts_a_report_off_for_longer_and_longer(paying, fake, clock):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(at(clock, LATER))

    def busy(_when, _path):
        raise Refusal(429, "slower")

    fake.trouble = busy
    waits, now = [], LATER
    for _ in range(4):
        send_due(fake, now)
        following = the_report().next_attempt_at
        waits.append((following - now).total_seconds())
        now = following

    assert waits == [15, 30, 60, 120]
    assert the_report().unsure_since is None


def test_due_reports_are_handed_to_celery(
    paying, settings, clock, fake, django_capture_on_commit_callbacks
):
    real = FakeStripe()
    with serving(real) as server:
        settings.STRIPE_API_BASE = server.url
        real.customers |= fake.customers
        charge(paying, 5, now=datetime.now(UTC) - 2 * HOUR)
        now = datetime.now(UTC)
        with as_worker():
            services.report_usage(now=now)
            with django_capture_on_commit_callbacks() as jobs:
                handed = [services.hand_out_reports(now=now) for _ in range(2)]
        for job in jobs:
            job()

    assert handed == [1, 0]
    assert real.used(customer_of(paying)) == 5
    assert the_report().sent_at is not None


def test_nothing_is_handed_out_without_stripe(paying, settings):
    charge(paying, 5, now=NOW + MINUTE)
    make_reports(LATER)
    settings.STRIPE_SECRET_KEY = ""

    with as_worker():
        assert services.hand_out_reports(now=LATER) == 0
    report = the_report()
    tasks.send_stripe_report(account_id=str(report.account_id), report_id=str(report.id))
    assert the_report().attempts == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subscriptions_stripereport SET quantity = 1",
        "UPDATE subscriptions_stripereport SET identifier = 'x'",
        "DELETE FROM subscriptions_stripereport",
        "INSERT INTO metering_unreportedusage (account_id, meter, quantity, recorded_at)"
        " VALUES (gen_random_uuid(), 'task_runs', 1, now())",
    ],
)
@pytest.mark.parametrize("role", ["app", "worker"])
def test_no_serving_role_changes_what_was_said(paying, statement, role):
    if role == "worker" and statement.startswith("INSERT"):
        return

    def attempt():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    with (
        as_worker() if role == "worker" else nullcontext(),
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        attempt()


def test_rows_are_seen_by_their_account_only(paying, rival_workspace, fake):
    buy(fake, rival_workspace, now=NOW)
    for workspace in (paying, rival_workspace):
        charge(workspace, 1, now=NOW + MINUTE)
        charge(workspace, 1, now=LATER)
    make_reports(LATER)

    for table in (StripeReport, UnreportedUsage, Subscription):
        assert not table.objects.exists()
        with account_scope(paying.account_id):
            assert [row.account_id for row in table.objects.all()] == [paying.account_id]
