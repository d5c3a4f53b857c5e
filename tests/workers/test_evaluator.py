"""The loop around evaluation: every workspace gets its turn, whatever another one's trouble."""

from datetime import timedelta

import pytest

from apps.automations.models import Automation, Firing
from apps.automations.services import evaluate as module
from apps.automations.services import firings as firing_store
from apps.core.clock import utc_now
from apps.tenancy.isolation import workspace_scope
from tests.factories.automations import event, make_automation, put
from tests.isolation import as_worker
from workers.evaluator import IDLE_SECONDS, NOT_OURS_SECONDS, Evaluator
from workers.rounds import AGAIN_AFTER_SECONDS

pytestmark = pytest.mark.django_db


def firings(workspace):
    with workspace_scope(workspace.id):
        return Firing.objects.count()


def step(evaluator):
    with as_worker():
        return evaluator.step()


def test_a_step_takes_every_workspace_and_then_sleeps(workspace, rival_workspace):
    for place in (workspace, rival_workspace):
        make_automation(place)
        put(place, event())
    evaluator = Evaluator()

    outcomes = [step(evaluator), step(evaluator)]

    assert outcomes == [True, IDLE_SECONDS]
    assert (firings(workspace), firings(rival_workspace)) == (1, 1)


def test_it_sleeps_until_the_next_deadline(workspace):
    late = {"type": "absence", "expect": {"name": ["job.finished"]}, "within_seconds": 600}
    make_automation(workspace, late, now=utc_now() - timedelta(seconds=500))

    assert 1 < step(Evaluator()) <= 100


def test_what_is_due_and_put_off_is_not_asked_for_without_rest(workspace):
    late = {"type": "absence", "expect": {"name": ["job.finished"]}, "within_seconds": 10}
    make_automation(workspace, late, now=utc_now() - timedelta(seconds=11))
    with workspace_scope(workspace.id):
        Automation.objects.update(trigger={"type": "of a version to come"}, version=2)
    evaluator = Evaluator()

    assert [step(evaluator), step(evaluator)] == [NOT_OURS_SECONDS] * 2


def test_a_workspace_whose_rules_break_holds_up_no_other(workspace, rival_workspace):
    for place in (workspace, rival_workspace):
        make_automation(place)
        put(place, event())
    with workspace_scope(workspace.id):
        good = Automation.objects.get().trigger
        Automation.objects.update(trigger={"type": "of a version to come"}, version=2)
    clock = [0.0]
    evaluator = Evaluator(clock=lambda: clock[0])

    outcomes = [step(evaluator), step(evaluator)]
    with workspace_scope(workspace.id):
        Automation.objects.update(trigger=good, version=3)
    too_early = step(evaluator)
    clock[0] = AGAIN_AFTER_SECONDS + 1
    again = step(evaluator)

    assert outcomes == [True, IDLE_SECONDS]
    assert firings(rival_workspace) == 1
    assert (too_early, again) == (IDLE_SECONDS, True)
    assert firings(workspace) == 1


def test_more_firings_than_are_kept_in_memory_are_stored_all(workspace, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 3)
    monkeypatch.setattr(firing_store, "FIRINGS_AT_ONCE", 4)
    for number in range(3):
        make_automation(workspace, name=str(number), actions=[{"type": "cancel_run"}])
    put(workspace, *[event() for _ in range(10)])

    step(Evaluator())

    assert firings(workspace) == 30
