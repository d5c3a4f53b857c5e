"""
Thirty days of six accounts: what the task runs say, the ledger and Stripe agree to the unit.

Everybody is killed at random: who records, who makes reports, who sends them, before and after
each step. Reports of task runs come twice, and a day late. Plans are bought, lost and bought again
in the middle of an hour, and a month ends on the way.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from apps.tenancy.isolation import account_scope
from billing.metering import services as metering
from billing.metering.meters import Meter
from billing.metering.models import UnreportedUsage, UsageRecord
from billing.metering.months import Month
from billing.metering.recount import recount
from billing.subscriptions import services
from billing.subscriptions.models import StripeReport
from billing.subscriptions.plans import EntitlementKey, PlanCode
from tests.factories.billing import charge
from tests.factories.metering import completed, record_all, tell, use
from tests.factories.stripe import buy, customer_of, due_reports, refresh, send
from tests.factories.tenancy import sign_up
from tests.fakes.fake_stripe import (
    METERS,
    PRICES,
    SECRET_KEY,
    WEBHOOK_SECRET,
    Dropped,
    FakeStripe,
    Refusal,
)
from tests.isolation import as_worker, rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]

START = datetime(2026, 3, 15, tzinfo=UTC)
DAYS = 30
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NAMES = {Meter.TASK_RUNS.value: METERS[0], Meter.MANAGED_SECONDS.value: METERS[1]}


class Killed(BaseException):
    """The process is gone: nobody catches this."""


class World:
    """The clock, the accounts, and what the test itself knows of them."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now = START
        self.fake = FakeStripe(now=lambda: self.now.timestamp())
        self.people = {name: sign_up(f"{name}@acme.example").workspace for name in NAMES_OF_PEOPLE}
        for workspace in self.people.values():
            # Or a recount would leave out the first days: task runs of those may be dropped.
            services.agree(
                account_id=workspace.account_id,
                key=EntitlementKey.RETENTION_DAYS,
                value=400,
                now=START,
            )
        self.metered: dict[str, list[list[datetime | None]]] = {name: [] for name in self.people}
        self.sold: dict[str, str] = {}
        self.told = 0  # task runs that completed
        self.sent_before: list[tuple[object, list[object]]] = []
        self.kills: Counter[str] = Counter()

    def begin(self, name: str) -> None:
        self.sold[name] = buy(self.fake, self.people[name], now=self.now)
        self.metered[name].append([self.now, None])

    def end(self, name: str, status: str = "canceled") -> None:
        self.fake.change(self.sold[name], status=status)
        refresh(self.fake, self.people[name], now=self.now)
        self.metered[name][-1][1] = self.now

    def expected(self, name: str) -> Counter[str]:
        """What the ledger has of the times in which the account paid, by meter."""
        found: Counter[str] = Counter()
        account_id = self.people[name].account_id
        with as_worker():
            rows = list(
                UsageRecord.objects.filter(account_id=account_id).values_list(
                    "meter", "quantity", "created_at"
                )
            )
        for meter, quantity, at in rows:
            if any(
                since <= at and (until is None or at < until) for since, until in self.metered[name]
            ):
                found[meter] += quantity
        return found

    # One hour of everybody's life.

    def work(self) -> None:
        """Somebody's task runs complete; some were reported before, some are a day old."""
        name = self.rng.choice(list(self.people))
        workspace, count = self.people[name], self.rng.randint(1, 4)
        late = self.rng.random() < 0.1 and self.now - START > DAY
        at = self.now - (DAY if late else MINUTE)
        run = use(workspace, 0, at=at)
        batch = [completed(run, ended_at=at) for _ in range(count)]
        tell(run, batch)
        self.told += count
        self.sent_before.append((run, batch))
        if self.rng.random() < 0.25:
            tell(*self.rng.choice(self.sent_before))
        if self.rng.random() < 0.3:
            charge(workspace, self.rng.randint(1, 600), now=self.now, meter=Meter.MANAGED_SECONDS)

    def record(self) -> None:
        if self.rng.random() < 0.15:
            self.kills["record"] += 1
            with as_worker(), rolled_back():
                metering.record_usage(now=self.now)
            return  # the next one has it, later
        record_all(self.now)

    def make(self) -> None:
        if self.rng.random() < 0.2:
            with as_worker(), rolled_back():
                self.kills["make"] += services.report_usage(now=self.now) > 0
            return
        with as_worker():
            services.report_usage(now=self.now)

    def send(self) -> None:
        for account_id, report_id in due_reports(self.now):
            # Handed out twice, now and then: a sweep that thought the first one lost.
            for _ in range(2 if self.rng.random() < 0.1 else 1):
                self.fake.trouble = self.trouble
                try:
                    send(self.fake, account_id, report_id, self.now)
                except Killed:
                    self.kills["send"] += 1
                finally:
                    self.fake.trouble = lambda when, path: None

    def trouble(self, when: str, _path: str) -> None:
        dice = self.rng.random()
        if dice < 0.06:
            raise Killed
        if dice < 0.12:
            self.kills["lost"] += 1
            raise Dropped
        if dice < 0.16:
            raise Refusal(self.rng.choice([429, 500, 503]) if when == "before" else 500, "no")


NAMES_OF_PEOPLE = ("always", "never", "upgrades", "returns", "dunned", "contract")


@pytest.mark.parametrize("seed", [1, 2])
def test_ledger_recount_and_stripe_agree_to_the_unit(db, settings, seed):
    settings.BILLING = True
    settings.STRIPE_PRICES = {"STANDARD": tuple(PRICES)}
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = SECRET_KEY, WEBHOOK_SECRET
    world = World(seed)
    world.begin("always")
    world.begin("dunned")
    turns = {
        2 * DAY + 7 * HOUR: lambda: world.begin("contract"),
        6 * DAY + 3 * HOUR: lambda: world.begin("returns"),
        11 * DAY + 13 * HOUR: lambda: world.begin("upgrades"),
        13 * DAY: lambda: (
            world.fake.change(world.sold["dunned"], status="past_due"),
            refresh(world.fake, world.people["dunned"], now=world.now),
        ),
        14 * DAY + HOUR: lambda: world.end("returns"),
        18 * DAY: lambda: world.end("dunned", "unpaid"),
        21 * DAY + 9 * HOUR: lambda: world.begin("returns"),
        25 * DAY + 5 * HOUR: lambda: sign_a_contract(world),
    }

    for hour in range(DAYS * 24):
        world.now = START + hour * HOUR + timedelta(minutes=world.rng.randint(1, 58))
        for _ in range(world.rng.choice([0, 0, 1, 2])):
            world.work()
            world.record()
        if (turn := turns.pop(hour * HOUR, None)) is not None:
            turn()
        world.make()
        world.send()
    world.now = START + DAYS * DAY + 3 * HOUR
    record_all(world.now)
    world.now += HOUR
    with as_worker():
        while services.report_usage(now=world.now):
            pass
    while due := due_reports(world.now):
        for account_id, report_id in due:
            send(world.fake, account_id, report_id, world.now)
        world.now += timedelta(minutes=10)

    assert not turns
    assert min(world.kills[step] for step in ("record", "make", "send", "lost")) >= 10, world.kills
    with as_worker():
        assert not StripeReport.objects.filter(sent_at=None).exists()
        assert not UnreportedUsage.objects.exists()
        counts = [recount(month=Month.of(at), now=world.now) for at in (START, world.now)]
    assert [each.wrong for each in counts] == [[], []]
    assert sum(each.task_runs for each in counts) == world.told > 1_000
    received = {
        name: {
            meter: world.fake.used(customer_of(workspace), event_name)
            for meter, event_name in NAMES.items()
        }
        for name, workspace in world.people.items()
        if name != "never"
    }
    expected = {name: {m: world.expected(name)[m] for m in NAMES} for name in received}
    assert received == expected
    assert all(received[name][meter] > 0 for name in received for meter in NAMES)
    assert world.expected("never").total() == 0
    with account_scope(world.people["never"].account_id), as_worker():
        ledger = sum(UsageRecord.objects.values_list("quantity", flat=True))
    assert ledger > sum(sum(each.values()) for each in received.values())


def sign_a_contract(world: World) -> None:
    services.change_plan(
        account_id=world.people["contract"].account_id, plan=PlanCode.ENTERPRISE, now=world.now
    )
    world.metered["contract"][-1][1] = world.now
