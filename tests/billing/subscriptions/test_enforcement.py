"""Beyond a limit: who is told, what waits, what goes on, and what sets it going again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from apps.core.ids import uuid7
from apps.dispatch import services as dispatch
from apps.identity.models import Mail
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.telemetry import selectors as telemetry
from apps.telemetry.search.terms import text_is
from apps.tenancy import selectors as tenancy
from apps.tenancy import services as tenancy_services
from apps.tenancy.errors import QuotaExceeded
from apps.tenancy.isolation import account_scope, workspace_scope
from billing.metering.meters import Meter
from billing.metering.models import ChangedAccount
from billing.subscriptions import services
from billing.subscriptions.models import Subscription, UsageWarning
from billing.subscriptions.plans import PlanCode
from tests.factories.billing import charge, enforce, subscribe
from tests.factories.dispatch import (
    ALICE,
    every,
    lease,
    local_run,
    make_deployment,
    report,
    running,
    start,
)
from tests.factories.notifications import confirm
from tests.factories.tenancy import join
from tests.isolation import as_worker, rolled_back
from tests.killed import killed_loops

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMIT = 20_000
REASON = (
    "The 20,000 task runs of March that the plan Free includes are used."
    " New runs start on 1 April, or at once with a larger plan."
)


@pytest.fixture(autouse=True)
def _billing(settings):
    settings.BILLING = True


def hold_of(workspace):
    with workspace_scope(workspace.id):
        return tenancy.get_limits(workspace_id=workspace.id).hold


def warnings_of(workspace):
    with account_scope(workspace.account_id):
        rows = UsageWarning.objects.order_by("threshold").values_list("threshold", flat=True)
        return list(rows)


def warning_events(workspace):
    with workspace_scope(workspace.id):
        found = telemetry.search_events(
            workspace_id=workspace.id,
            only=telemetry.EventSearch(query=(text_is("name", "headway.usage.warning"),)),
            limit=100,
        )
        return found.rows


def exhaust(workspace, *, now=NOW):
    subscribe(workspace, now=now)
    charge(workspace, LIMIT, now=now)
    enforce(now)


def come_due(workspace, now, count=1):
    """Let a schedule of each minute make runs; return them."""
    with workspace_scope(workspace.id):
        make_deployment(workspace, name=str(uuid7()), now=now, schedules=[every(60, anchor_at=now)])
    for n in range(1, count + 1):
        with as_worker():
            dispatch.create_due_runs(now=now + n * MINUTE)


def release(now):
    with as_worker():
        return dispatch.release_held_runs(now=now)


def states(workspace):
    with workspace_scope(workspace.id):
        return sorted(Run.objects.values_list("state", flat=True))


def test_owners_are_warned_once_at_each_threshold(workspace, alice):
    address = confirm(alice)
    subscribe(workspace, now=NOW)
    told = []

    for quantity in (9_999, 1, 5_999, 1, 1, 3_998, 1, 5_000):
        charge(workspace, quantity, now=NOW)
        enforce(NOW)
        enforce(NOW)
        told.append(Mail.objects.count())

    assert told == [0, 1, 1, 2, 2, 2, 3, 3]
    assert warnings_of(workspace) == [50, 80, 100]
    assert {mail.recipient for mail in Mail.objects.all()} == {address}
    first, _, last = Mail.objects.order_by("created_at", "id")
    assert first.subject == "50 % of the task runs of March are used"
    assert "10,000 of the 20,000 task runs" in first.text
    assert "held until 1 April" in last.text
    events = warning_events(workspace)
    assert len(events) == 3


def test_who_has_not_confirmed_an_address_is_not_written_to(workspace, alice):
    exhaust(workspace)

    assert not Mail.objects.exists()
    assert warnings_of(workspace) == [50, 80, 100]


def test_of_several_thresholds_at_once_the_highest_is_told(workspace, alice):
    confirm(alice)

    exhaust(workspace)

    assert [mail.subject[:5] for mail in Mail.objects.all()] == ["100 %"]
    assert warnings_of(workspace) == [50, 80, 100]
    assert len(warning_events(workspace)) == 1


def test_only_owners_are_written_to(workspace, alice):
    confirm(alice)
    confirm(join("bob@acme.example", workspace, "OWNER"))

    exhaust(workspace)

    assert Mail.objects.get().recipient == "alice@acme.example"


def test_each_month_warns_anew(workspace, alice):
    confirm(alice)
    exhaust(workspace)

    charge(workspace, 10_000, now=APRIL)
    enforce(APRIL)

    assert warnings_of(workspace) == [50, 50, 80, 100]
    assert Mail.objects.count() == 2


def test_use_of_another_account_or_month_holds_nobody(workspace, rival_workspace):
    subscribe(workspace, now=NOW)
    charge(workspace, LIMIT, now=NOW - timedelta(days=20))
    exhaust(rival_workspace)

    assert hold_of(workspace) is None
    assert hold_of(rival_workspace).reason == REASON


def test_the_workspaces_of_an_account_count_together_and_are_held_together(workspace, alice):
    services.change_plan(account_id=workspace.account_id, plan=PlanCode.STANDARD, now=NOW)
    second = tenancy_services.create_workspace(
        account_id=workspace.account_id, user_id=alice.user.id, name="Second", now=NOW
    )
    services.change_plan(account_id=workspace.account_id, plan=PlanCode.FREE, now=NOW)

    charge(workspace, LIMIT - 1, now=NOW)
    enforce(NOW)
    before = [hold_of(workspace), hold_of(second)]
    charge(second, 1, now=NOW)
    enforce(NOW)

    assert before == [None, None]
    hold = hold_of(workspace)
    assert hold == hold_of(second)
    assert (hold.meter, hold.used, hold.limit, hold.resets_at) == ("task_runs", LIMIT, LIMIT, APRIL)


def test_due_runs_are_held_with_the_reason(workspace):
    exhaust(workspace)

    come_due(workspace, NOW, count=2)

    with workspace_scope(workspace.id):
        held = list(Run.objects.all())
        (said,) = telemetry.list_transitions(workspace_id=workspace.id, run_id=held[0].id)
        deployment = held[0].deployment
        assert [run.state for run in held] == ["HELD", "HELD"]
        assert (said.state, said.message) == ("HELD", REASON)
        assert lease(deployment, now=NOW + timedelta(hours=1)) == []
    assert release(NOW + timedelta(hours=1)) == 0


def test_runs_and_retries_by_hand_are_refused(api, alice, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        failed = running(deployment, workspace)
        report(failed, RunState.FAILED, workspace)
    exhaust(workspace)
    before = states(workspace)

    refusals = [
        api(alice).post(f"deployments/{deployment.id}/runs", {}),
        api(alice).post(f"runs/{failed.id}/retries"),
    ]

    for answer in refusals:
        assert answer.status_code == 402
        error = answer.json()["error"]
        assert error["code"] == "quota_exceeded"
        assert error["message"] == REASON
        assert error["details"] == {
            "meter": "task_runs",
            "used": LIMIT,
            "limit": LIMIT,
            "resets_at": "2026-04-01T00:00:00Z",
        }
    assert states(workspace) == before


def test_what_nobody_asks_for_by_hand_may_wait(workspace):
    exhaust(workspace)
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)

        run = dispatch.start_deployment(
            workspace_id=workspace.id,
            deployment_id=deployment.id,
            parameters={},
            created_by=ALICE,
            now=NOW,
            may_wait=True,
        )
        with pytest.raises(QuotaExceeded):
            start(deployment, now=NOW)

        assert run.state == "HELD"
        assert Run.objects.count() == 1


def test_what_runs_or_was_queued_goes_on(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = running(deployment, workspace)
        queued = start(deployment)
    exhaust(workspace)

    with workspace_scope(workspace.id):
        local = local_run(workspace)
        (granted,) = lease(deployment)
        done = report(run, RunState.COMPLETED, workspace)

        assert granted.run_id == queued.id
        assert done.run.state == "COMPLETED"
        assert local.state == "RUNNING"


def test_held_runs_start_with_a_larger_plan(workspace):
    exhaust(workspace)
    come_due(workspace, NOW, count=3)

    services.change_plan(account_id=workspace.account_id, plan=PlanCode.STANDARD, now=NOW)
    released = release(NOW)

    assert released == 3
    assert states(workspace) == ["SCHEDULED"] * 3
    assert hold_of(workspace) is None
    with workspace_scope(workspace.id):
        deployment = Run.objects.first().deployment
        leases = lease(deployment, now=NOW + timedelta(hours=1))
        due = [Run.objects.get(id=each.run_id).due_at for each in leases]
    assert due == sorted(due)


def test_held_runs_start_with_the_new_month(workspace):
    exhaust(workspace)
    come_due(workspace, NOW)
    last_moment = APRIL - timedelta(microseconds=1)

    enforce(last_moment)
    too_early = release(last_moment)
    enforce(APRIL)

    assert (too_early, release(APRIL)) == (0, 1)
    with account_scope(workspace.account_id):
        assert Subscription.objects.get().held_month is None


def test_a_run_of_another_workspace_stays_held(workspace, rival_workspace):
    for each in (workspace, rival_workspace):
        exhaust(each)
        come_due(each, NOW)

    services.change_plan(account_id=workspace.account_id, plan=PlanCode.STANDARD, now=NOW)
    release(NOW)

    assert (states(workspace), states(rival_workspace)) == (["SCHEDULED"], ["HELD"])


def test_standard_counts_on_beyond_what_is_included(workspace, alice):
    confirm(alice)
    services.change_plan(account_id=workspace.account_id, plan=PlanCode.STANDARD, now=NOW)
    charge(workspace, 3 * LIMIT, now=NOW)

    enforce(NOW)
    come_due(workspace, NOW)

    assert hold_of(workspace) is None
    assert states(workspace) == ["SCHEDULED"]
    assert "is metered" in Mail.objects.get().text


def test_going_back_to_a_plan_that_is_used_up_holds_at_once(workspace):
    services.change_plan(account_id=workspace.account_id, plan=PlanCode.STANDARD, now=NOW)
    charge(workspace, LIMIT, now=NOW)
    enforce(NOW)

    services.change_plan(account_id=workspace.account_id, plan=PlanCode.FREE, now=NOW)

    assert hold_of(workspace).reason == REASON


def test_managed_minutes_warn_and_hold_no_task_runs(workspace, alice):
    confirm(alice)
    subscribe(workspace, now=NOW)

    charge(workspace, 500 * 60, now=NOW, meter=Meter.MANAGED_SECONDS)
    enforce(NOW)

    assert "500 of the 500 managed minutes" in Mail.objects.get().text
    assert hold_of(workspace) is None


def test_nothing_is_held_while_billing_is_off(workspace, settings, alice):
    settings.BILLING = False
    confirm(alice)
    subscribe(workspace, now=NOW)
    charge(workspace, 10 * LIMIT, now=NOW)

    enforce(NOW)
    come_due(workspace, NOW)

    assert hold_of(workspace) is None
    assert states(workspace) == ["SCHEDULED"]
    assert not Mail.objects.exists()
    with as_worker():
        assert not ChangedAccount.objects.exists()


def test_a_loop_that_dies_leaves_it_to_the_next(workspace, alice):
    confirm(alice)
    subscribe(workspace, now=NOW)
    charge(workspace, LIMIT, now=NOW)

    with as_worker(), rolled_back():
        assert services.enforce_limits(now=NOW) == 1
    assert (hold_of(workspace), Mail.objects.count()) == (None, 0)

    enforce(NOW)
    assert (hold_of(workspace).used, Mail.objects.count()) == (LIMIT, 1)


def test_the_usage_page_says_all_of_it(api, alice, bob, workspace):
    now = datetime.now(UTC)
    exhaust(workspace, now=now)

    own = api(bob, workspace).get("usage").json()
    account = api(alice).get(f"/api/v1/account/{workspace.account_id}/usage").json()

    for body in (own, account):
        (meter,) = body["meters"]
        assert (meter["used"], meter["account_used"], meter["limit"]) == (LIMIT, LIMIT, LIMIT)
        assert [each["threshold"] for each in body["warnings"]] == [50, 80, 100]
        assert (body["hold"]["meter"], body["hold"]["limit"]) == ("task_runs", LIMIT)
        assert body["billing"] is True
    limits = api(bob, workspace).get(f"/api/v1/workspaces/{workspace.slug}").json()["limits"]
    assert limits["hold"]["reason"] == own["hold"]["reason"]


@pytest.mark.django_db(transaction=True)
def test_loops_that_are_killed_warn_once_and_hold_in_the_end(alice, mallory, settings):
    people = (alice, mallory)
    for person in people:
        confirm(person)
        subscribe(person.workspace, now=NOW)
    random = Random(3)

    with killed_loops(lambda: services.enforce_limits(now=NOW), size=3) as crew:
        for step in range(40):
            charge(random.choice(people).workspace, 1_100, now=NOW)
            if step % 4 == 3:
                crew.kill_one(random)
        for person in people:
            charge(person.workspace, LIMIT, now=NOW)
    enforce(NOW)

    assert crew.killed > 3
    for person in people:
        assert hold_of(person.workspace).reason == REASON
        assert warnings_of(person.workspace) == [50, 80, 100]
    # Of those delivered the recipient is no longer there: each is told of each step once.
    sent = Counter(Mail.objects.values_list("subject", flat=True))
    assert max(sent.values()) <= len(people)


def test_releasing_goes_in_batches_and_ends(workspace):
    exhaust(workspace)
    come_due(workspace, NOW, count=5)
    services.change_plan(account_id=workspace.account_id, plan=PlanCode.STANDARD, now=NOW)

    with as_worker():
        counts = [
            runs.release_held_runs(workspace_ids=[workspace.id], now=NOW, limit=2) for _ in range(4)
        ]

    assert counts == [2, 2, 1, 0]
