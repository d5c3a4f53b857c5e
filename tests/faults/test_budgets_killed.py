"""Evaluators are killed while they look at budgets: each fires once, and tells of it once."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from apps.automations.models import Deadline, Firing
from apps.core.clock import utc_now
from apps.telemetry.selectors import EventScan, scan_events
from apps.tenancy.isolation import workspace_scope
from tests.factories.automations import make_automation
from tests.factories.costs import count, llm_call, make_price, store
from tests.factories.dispatch import local_run
from tests.factories.tenancy import sign_up
from tests.faults.nursery import Nursery
from tests.faults.test_evaluators_killed import evaluators_of_the_tests
from tests.isolation import as_worker
from tests.stack import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]
WORKSPACES, BUDGETS, KILLS = 10, 60, 8


def budget(number):
    return {
        "type": "metric",
        "metric": "headway.cost",
        "aggregate": "sum",
        "over": "month",
        "where": {"currency": ["USD"]},
        "is": "at_least",
        "threshold": 0.01 + number / 1e6,
        "allow_late_seconds": 0,
    }


DUE_AT = utc_now() - timedelta(minutes=2)


def left():
    """How many budgets have not been looked at since they came due."""
    with as_worker():
        return Deadline.objects.filter(state="OPEN", due_at__lte=DUE_AT).count()


def test_whatever_is_killed_each_budget_fires_once(tmp_path):
    rng = random.Random(11)
    workspaces = []
    for number in range(WORKSPACES):
        workspace = sign_up(f"b{number}@acme.example").workspace
        with workspace_scope(workspace.id):
            make_price(workspace)
            store(workspace, [llm_call(local_run(workspace).id, sent=2_000, received=0)])
            count(workspace)
        for each in range(BUDGETS):
            make_automation(workspace, budget(each), name=f"budget {each}")
        workspaces.append(workspace)
    with as_worker(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE automations_deadline SET due_at = %s, ends_at = date_trunc('minute', %s)",
            [DUE_AT, DUE_AT],
        )
    kills, progressed = 0, 0

    with (
        (tmp_path / "evaluators.log").open("wb") as log,
        evaluators_of_the_tests(log) as nursery,
    ):
        evaluators = [nursery.start() for _ in range(2)]
        last = left()
        while (now_left := left()) > 0:
            if now_left < last and kills < KILLS:
                for _ in range(rng.randrange(10)):  # so many questions later, at any point
                    left()
                kill_one(nursery, evaluators)
                kills += 1
                progressed += left() > 0
            last = now_left
        wait_until("the last look", lambda: left() == 0, seconds=60)

    for workspace in workspaces:
        with workspace_scope(workspace.id):
            fired = Counter(Firing.objects.values_list("automation__name", flat=True))
            told = Counter(
                event.resource_name
                for event in scan_events(
                    workspace_id=workspace.id,
                    only=EventScan(
                        since=DUE_AT - timedelta(days=1),
                        until=utc_now() + timedelta(days=1),
                        names=["headway.cost.budget_reached"],
                    ),
                    limit=1_000,
                )
            )
        assert fired == told == {f"budget {each}": 1 for each in range(BUDGETS)}
    assert progressed >= 2, "Everything was done before anybody was killed."
    assert b"Traceback" not in (tmp_path / "evaluators.log").read_bytes()
    print(f"\n{kills} kills, {progressed} of them amid work; {WORKSPACES * BUDGETS} budgets")


def kill_one(nursery: Nursery, evaluators: list) -> None:
    nursery.kill(evaluators.pop(0))
    evaluators.append(nursery.start())
