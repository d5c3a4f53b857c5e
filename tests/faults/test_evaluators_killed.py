"""Evaluators are killed at random moments: what fires is what the page of rules says."""

import random
import time
from datetime import timedelta

import pytest
from django.db import connection

from apps.automations.models import Deadline, Firing
from apps.automations.triggers import parse_trigger, plain
from apps.core.clock import utc_now
from apps.telemetry.enums import Consumer
from apps.telemetry.models import PendingBatch
from apps.tenancy.isolation import workspace_scope
from tests.apps.automations.test_reference import random_batches, random_trigger, told
from tests.automations_reference import Reference
from tests.factories.automations import make_automation, put
from tests.factories.tenancy import sign_up
from tests.faults.nursery import Nursery
from tests.isolation import as_worker
from tests.stack import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]
CASES, EVALUATORS, KILLS = 200, 2, 8


def evaluators_of_the_tests(log):
    settings = connection.settings_dict
    place = f"{settings['NAME']}?host={settings['HOST']}&port={settings['PORT'] or 5432}"
    environment = {
        "DJANGO_SETTINGS_MODULE": "apps.config.settings.local",
        "HEADWAY_DATABASE_ROLE": "worker",
        "DATABASE_WORKER_URL": f"postgresql://headway_worker@/{place}",
        "LOG_LEVEL": "WARNING",
    }
    return Nursery("tests.faults.evaluator", environment=environment, log=log)


def left():
    """How much there is to do: batches that wait, and deadlines that are due."""
    with as_worker():
        waiting = PendingBatch.objects.for_consumer(Consumer.AUTOMATIONS).count()
        return waiting + Deadline.objects.filter(state="OPEN", due_at__lte=utc_now()).count()


def test_whatever_is_killed_no_firing_is_lost_or_double(tmp_path):
    rng = random.Random(7)
    since = utc_now().replace(microsecond=0) - timedelta(minutes=10)
    cases = []
    for number in range(CASES):
        workspace = sign_up(f"p{number}@acme.example").workspace
        trigger = random_trigger(rng)
        automation = make_automation(workspace, trigger, now=since)
        reference = Reference(plain(parse_trigger(trigger)), since)
        for _, batch in random_batches(rng, since):
            put(workspace, *batch)
            for each in sorted(batch, key=lambda one: (one["occurred_at"], one["id"])):
                reference.arrive(each)
        cases.append((workspace, automation, reference))
    began = utc_now()
    before, kills, progressed = left(), 0, 0

    with (
        (tmp_path / "evaluators.log").open("wb") as log,
        evaluators_of_the_tests(log) as nursery,
    ):
        evaluators = [nursery.start() for _ in range(EVALUATORS)]
        last = before
        while (now_left := left()) > 0:
            if now_left < last and kills < KILLS:
                time.sleep(rng.random() * 0.05)
                nursery.kill(evaluators.pop(0))
                kills += 1
                progressed += left() > 0
                evaluators.append(nursery.start())
            last = now_left
        wait_until("the last deadline", lambda: left() == 0, seconds=60)

    wrong = []
    total = 0
    for workspace, automation, reference in cases:
        reference.look(began)

        def is_settled(firing, reference=reference):
            # A row of windows goes on while we watch; only what was due at the start is settled.
            return firing.event_id is not None or firing.occurred_at + reference.late <= began

        with workspace_scope(workspace.id):
            found = [
                told(firing, reference.within, since)
                for firing in Firing.objects.filter(automation=automation)
                if is_settled(firing)
            ]
        total += len(found)
        if sorted(found) != sorted(reference.fired):
            wrong.append((reference.trigger, sorted(found), sorted(reference.fired)))
    assert wrong == []
    assert total > CASES
    assert progressed >= 2, "Everything was done before anybody was killed."
    assert b"Traceback" not in (tmp_path / "evaluators.log").read_bytes()
    print(f"\n{kills} kills, {progressed} of them amid work; {total} firings, none lost or double")
