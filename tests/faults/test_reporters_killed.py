"""Processes that report use are killed with SIGKILL: Stripe has each unit once."""

from __future__ import annotations

import random
import time

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.runs.models import PendingUsage
from billing.metering.models import UnreportedUsage, UsageRecord
from billing.metering.months import Month
from billing.metering.recount import recount
from billing.subscriptions.models import StripeReport
from tests.factories.metering import completed, tell, use
from tests.factories.stripe import buy, customer_of
from tests.factories.tenancy import sign_up
from tests.fakes.fake_stripe import PRICES, SECRET_KEY, WEBHOOK_SECRET, FakeStripe, serving
from tests.faults.nursery import Nursery
from tests.isolation import as_worker
from tests.stack import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]
REPORTERS, KILLS, ACCOUNTS = 2, 8, 3
HOUR = 3_600


def reporters_of_the_tests(log, url):
    database = connection.settings_dict
    place = f"{database['NAME']}?host={database['HOST']}&port={database['PORT'] or 5432}"
    environment = {
        "DJANGO_SETTINGS_MODULE": "apps.config.settings.test",
        "DATABASE_URL": f"postgresql://headway_worker@/{place}",
        "BILLING": "on",
        "STRIPE_API_BASE": url,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_PRICES": f"STANDARD={','.join(PRICES)}",
    }
    return Nursery("tests.faults.reporter", environment=environment, log=log)


def left():
    """How much there is to do, from the runs' outbox to what Stripe has not confirmed."""
    with as_worker():
        return (
            PendingUsage.objects.count()
            + UnreportedUsage.objects.count()
            + StripeReport.objects.filter(sent_at=None).count()
        )


def test_whoever_is_killed_stripe_has_each_unit_once(tmp_path, settings):
    settings.BILLING = True
    settings.STRIPE_PRICES = {"STANDARD": tuple(PRICES)}
    rng, ahead, kills, doubts, told = random.Random(3), HOUR, 0, 0, 0
    # Ahead of every reporter, whose times must not lie in its future.
    fake = FakeStripe(now=lambda: time.time() + 20 * HOUR)
    people = [sign_up(f"p{number}@acme.example").workspace for number in range(ACCOUNTS)]
    for workspace in people:
        buy(fake, workspace, now=utc_now())
    runs = [use(workspace, 0) for workspace in people]
    log_path = tmp_path / "reporters.log"

    with (
        log_path.open("wb") as log,
        serving(fake) as server,
        reporters_of_the_tests(log, server.url) as nursery,
    ):
        reporters = [nursery.start(str(ahead)) for _ in range(REPORTERS)]
        while kills < KILLS:
            for _ in range(12):
                run = rng.choice(runs)
                batch = [completed(run, ended_at=utc_now()) for _ in range(rng.randint(1, 5))]
                tell(run, batch)
                told += len(batch)
                if rng.random() < 0.3:
                    tell(run, batch)
            started = log_path.read_bytes().count(b"started")
            if started >= REPORTERS + kills:
                # In the middle of a request, if one comes; else wherever it is.
                asked = len(fake.requests)
                until = time.monotonic() + rng.random() * 0.3
                while len(fake.requests) == asked and time.monotonic() < until:
                    time.sleep(0.0005)
                nursery.kill(reporters.pop(0))
                kills += 1
                with as_worker():
                    doubts += StripeReport.objects.filter(
                        sent_at=None, unsure_since__isnull=False
                    ).count()
                ahead += 600  # beyond what the killed one had claimed
                reporters.append(nursery.start(str(ahead)))
            else:
                time.sleep(0.1)  # what starts needs the processor more than it needs more use
        wait_until("everything to be told", lambda: left() == 0, seconds=90)

    with as_worker():
        counted = recount(month=Month.of(utc_now()), now=utc_now())
        made = StripeReport.objects.count()
        recorded = sum(UsageRecord.objects.values_list("quantity", flat=True))
    # Task runs that other tests committed stay: Django empties only the tables that it made.
    ours = {workspace.id for workspace in people}
    assert [line for line in counted.lines if line.workspace_id in ours]
    assert [line for line in counted.wrong if line.workspace_id in ours] == []
    assert recorded == told == sum(fake.used(customer_of(each)) for each in people)
    assert doubts > 0, "Nobody was killed between claiming and confirming."
    assert b"Traceback" not in log_path.read_bytes()
    assert len(fake.meter_events) == made
    print(f"\n{kills} kills, {doubts} reports in doubt; {told} units told once each")
