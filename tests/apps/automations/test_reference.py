"""
200 random rules over random streams: evaluators, killed and begun anew, against the page of rules.

Batches come in any order and late, deadlines are looked at in between, and an evaluator may die
right before its commit, with any part of the batches in its hands.
"""

import json
import random
from datetime import timedelta

import pytest

from apps.automations.models import Firing
from apps.automations.triggers import parse_trigger, plain
from apps.core.clock import utc_now
from apps.telemetry.enums import Consumer
from apps.telemetry.selectors import workspaces_waiting
from apps.tenancy.isolation import workspace_scope
from tests.automations_reference import Reference
from tests.factories.automations import evaluate, evaluate_and_die, event, make_automation, put
from tests.factories.tenancy import sign_up
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

NAMES = ["job.started", "job.finished", "job.failed", "query.done", "headway.automation.fired"]
TABLES = ["orders", "customers", "orders_old"]
CASES, PER_TEST = 200, 20


def matcher(rng, must=False):
    found = {"name": rng.choice([["job.*"], ["job.finished"], ["job.*", "!job.failed"], ["*"]])}
    if rng.random() < 0.3:
        found["resource.name"] = rng.choice([["orders*"], ["!customers"], ["orders", "customers"]])
    if rng.random() < 0.3:
        found["payload.n"] = rng.choice([[1], ["1", 2.5], ["!3"], [True]])
    if rng.random() < 0.1 and not must:
        return {}
    return found


def random_trigger(rng):
    for_each = rng.choice([[], ["resource.name"], ["resource.name", "payload.n"]])
    within = rng.choice([10, 30, 60])
    if rng.random() < 0.4:
        return {
            "type": "event",
            "match": matcher(rng, must=True),
            "for_each": for_each,
            "threshold": rng.choice([1, 1, 2, 3, 5]),
            "within_seconds": within,
        }
    return {
        "type": "absence",
        "match": matcher(rng) if rng.random() < 0.2 else {},
        "after": {"name": ["job.started"]} if rng.random() < 0.5 else None,
        "expect": matcher(rng, must=True),
        "for_each": for_each,
        "threshold": rng.choice([1, 1, 2, 3]),
        "within_seconds": within,
        "allow_late_seconds": rng.choice([0, 0, 5, 20]),
    }


def random_batches(rng, since):
    """Events around a stretch of five minutes, mostly in order, some of them late."""
    made = []
    for _ in range(rng.randint(5, 50)):
        at = since + timedelta(seconds=rng.choice([rng.randint(-5, 240), rng.random() * 240]))
        arrives = at + timedelta(seconds=rng.choice([0, 0, 1, rng.random() * 90]))
        value = rng.choice([1, 2.5, "1", True, None, [1, "x"], {"a": 1}])
        payload = rng.choice([{}, {"n": value}])
        resource = rng.choice([None, *TABLES])
        made.append((arrives, event(rng.choice(NAMES), at, payload=payload, resource=resource)))
    made.sort(key=lambda pair: pair[0])
    while made:
        size = rng.randint(1, 6)
        batch, made = made[:size], made[size:]
        yield max(batch[-1][0], since), [each for _, each in batch]


def told(firing, within, since):
    """A firing as the reference tells it."""
    key = tuple(json.loads(firing.key)) if firing.key else ()
    if firing.event_id is not None:
        return key, str(firing.event_id)
    return key, f"window {(firing.occurred_at - since) // within - 1}"


def play(rng, workspace, seed):
    trigger = random_trigger(rng)
    since = utc_now().replace(microsecond=0) - timedelta(hours=1)
    reference = Reference(plain(parse_trigger(trigger)), since)
    automation = make_automation(workspace, trigger, now=since, name=f"case {seed}")
    deaths = 0
    now = since
    untaken = []

    def work():
        nonlocal untaken, deaths
        limit = rng.choice([1, 3, 1_000])
        if rng.random() < 0.4:
            evaluate_and_die(workspace, now, events=limit, deadlines=rng.choice([1, 500]))
            deaths += 1
        evaluate(workspace, now, events=limit, deadlines=rng.choice([1, 500]))
        for each in untaken:
            reference.arrive(each)
        untaken = []
        reference.look(now)

    for arrives, batch in random_batches(rng, since):
        now = max(now, arrives)
        put(workspace, *batch, now=utc_now())
        untaken += sorted(batch, key=lambda each: (each["occurred_at"], each["id"]))
        if rng.random() < 0.5:
            work()
    for _ in range(4):
        now += timedelta(seconds=rng.randint(10, 120))
        work()
    firings = [
        told(firing, reference.within, since)
        for firing in Firing.objects.filter(automation=automation)
    ]
    assert sorted(firings) == sorted(reference.fired), (seed, trigger)
    return len(firings), deaths


@pytest.mark.parametrize("part", range(CASES // PER_TEST))
def test_rules_do_what_their_page_says(part, db, each_store):
    fired = deaths = 0
    # All of them on one store; a fifth on the other, which differs in what lies beneath only.
    step = 5 if each_store == "timescale" else 1
    for seed in range(part * PER_TEST, (part + 1) * PER_TEST, step):
        # A workspace of its own: rules look for events in all that is stored there.
        workspace = sign_up(f"p{seed}@acme.example").workspace
        with workspace_scope(workspace.id):
            more, died = play(random.Random(seed), workspace, seed)
        fired, deaths = fired + more, deaths + died

    with as_worker():
        assert workspaces_waiting(consumer=Consumer.AUTOMATIONS) == []
    assert fired > PER_TEST // step
    assert deaths > PER_TEST // step
