"""What limits let through, whom they park, and who comes next."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.errors import InvalidRequest
from apps.dispatch import services
from apps.dispatch.enums import LimitKind
from apps.dispatch.errors import LimitNotFound, LimitTooSmall
from apps.dispatch.models import ConcurrencyLimit, ConcurrencySlot, FrontDoorPulse, LeaseBeat
from apps.flows.models import Deployment
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.errors import StaleEpoch
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import AuditEntry
from tests.factories.dispatch import agent, lease, local_run, make_deployment, report, start
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db


def limit(deployment, kind, key, much):
    return services.set_limit(
        workspace_id=deployment.workspace_id,
        kind=LimitKind(kind),
        key=str(key),
        much=much,
        now=utc_now(),
    )


def end(granted, workspace, state=RunState.COMPLETED):
    report(granted, RunState.RUNNING, workspace)
    return report(granted, state, workspace)


def ids(granted):
    return [one.run_id for one in granted]


def pause(deployment, paused):
    services.change_deployment(
        workspace_id=deployment.workspace_id,
        deployment_id=deployment.id,
        changes={"paused": paused},
        now=utc_now(),
    )


@pytest.mark.parametrize("has_limits", [False, True])
def test_runs_of_a_paused_deployment_are_out_of_the_way_until_it_goes_on(in_workspace, has_limits):
    paused = make_deployment(in_workspace, name="paused")
    other = make_deployment(in_workspace, name="other")
    if has_limits:
        limit(other, "DEPLOYMENT", other.id, 5)
    kept = [start(paused, priority=5) for _ in range(12)]
    made = [start(other) for _ in range(2)]
    pause(paused, True)

    # More of them than are asked for, and it still gets past them in one claim.
    assert ids(lease(other, limit=2)) == [run.id for run in made]
    assert set(Run.objects.filter(deployment=paused).values_list("waits_on", flat=True)) == {
        paused.id
    }
    pause(paused, False)
    assert ids(lease(other, limit=3)) == [run.id for run in kept[:3]]
    assert not Run.objects.filter(waits_on=paused.id).exists()


def test_a_deployment_that_goes_on_by_other_ways_is_noticed(in_workspace):
    paused = make_deployment(in_workspace)
    kept = start(paused)
    pause(paused, True)
    assert lease(paused) == []
    with as_worker():
        assert services.settle_limits(now=utc_now()) == 0
    assert lease(paused) == []

    Deployment.objects.filter(id=paused.id).update(paused_at=None)

    with as_worker():
        assert services.settle_limits(now=utc_now()) == 1
    assert ids(lease(paused)) == [kept.id]


def test_limits_with_nothing_to_settle_cost_no_statements(in_workspace, rival_workspace):
    def statements():
        with as_worker(), CaptureQueriesContext(connection) as made:
            services.settle_limits(now=utc_now())
        return len(made)

    busy = make_deployment(in_workspace)
    limit(busy, "DEPLOYMENT", busy.id, 1)
    start(busy)
    start(busy)
    assert len(lease(busy)) == 1
    before = statements()
    for number in range(20):
        limit(busy, "TAG", f"tag-{number}", 3)
    with workspace_scope(rival_workspace.id):
        theirs = make_deployment(rival_workspace)
        limit(theirs, "DEPLOYMENT", theirs.id, 1)

    assert statements() == before


@pytest.mark.parametrize("kind", ["DEPLOYMENT", "FLOW", "TAG", "POOL", "QUEUE"])
def test_no_more_than_the_limit_run_at_once_and_the_next_follows(in_workspace, kind):
    deployment = make_deployment(in_workspace, tags=["warehouse"])
    made = [start(deployment) for _ in range(4)]
    key = {
        "DEPLOYMENT": deployment.id,
        "FLOW": deployment.flow_id,
        "TAG": "warehouse",
        "POOL": deployment.pool_id,
        "QUEUE": made[0].queue_id,
    }[kind]
    limit(deployment, kind, key, 2)

    first = lease(deployment)

    assert ids(first) == [made[0].id, made[1].id]
    assert lease(deployment) == []
    end(first[0], in_workspace)
    assert ids(lease(deployment)) == [made[2].id]
    assert lease(deployment) == []
    assert ConcurrencySlot.objects.count() == 2


def test_what_is_kept_back_by_one_limit_keeps_nobody_else_back(in_workspace):
    slow = make_deployment(in_workspace, name="slow")
    quick = make_deployment(in_workspace, name="quick")
    limit(slow, "DEPLOYMENT", slow.id, 1)
    made = [start(slow, priority=5) for _ in range(30)]
    other = start(quick)

    assert ids(lease(slow, limit=2)) == [made[0].id, other.id]


def test_the_most_urgent_of_those_who_wait_comes_next(in_workspace):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", deployment.id, 1)
    (holder,) = [start(deployment)] and lease(deployment)
    start(deployment)
    urgent = start(deployment, priority=9)
    assert lease(deployment) == []

    end(holder, in_workspace)

    assert ids(lease(deployment)) == [urgent.id]


def test_a_run_that_a_second_limit_keeps_back_leaves_the_room_of_the_first_to_others(in_workspace):
    both = make_deployment(in_workspace, name="both", tags=["a", "b"])
    only_a = make_deployment(in_workspace, name="only-a", tags=["a"])
    only_b = make_deployment(in_workspace, name="only-b", tags=["b"])
    limit(both, "TAG", "a", 1)
    limit(both, "TAG", "b", 1)
    first_a, first_b = start(only_a), start(only_b)
    holders = lease(both)
    assert ids(holders) == [first_a.id, first_b.id]
    needs_both, next_a = start(both), start(only_a)
    assert lease(both) == []

    end(holders[0], in_workspace)

    assert ids(lease(both)) == [next_a.id]
    end(holders[1], in_workspace)
    assert lease(both) == []  # b is free, a is not
    assert Run.objects.get(id=needs_both.id).state == RunState.SCHEDULED


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CRASHED, RunState.TIMED_OUT])
def test_however_a_run_ends_its_slot_is_free(in_workspace, state):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", deployment.id, 1)
    start(deployment), start(deployment)
    (holder,) = lease(deployment)

    end(holder, in_workspace, state)

    assert len(lease(deployment)) == 1


def test_a_vanished_executor_frees_its_slot(workspace, in_workspace):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", deployment.id, 1)
    start(deployment)
    following = start(deployment)
    (holder,) = lease(deployment)
    report(holder, RunState.RUNNING, in_workspace)
    long_ago = utc_now() - timedelta(minutes=5)
    LeaseBeat.objects.update(beat_at=long_ago)
    FrontDoorPulse.objects.update_or_create(
        id=1, defaults={"up_since": long_ago, "seen_at": utc_now()}
    )

    with as_worker():
        assert services.rescue_lost_runs(now=utc_now()) == 1

    assert ids(lease(deployment)) == [following.id]


def test_a_limit_of_nothing_lets_nothing_through_until_it_is_raised(in_workspace):
    deployment = make_deployment(in_workspace)
    made = [start(deployment) for _ in range(3)]
    limit(deployment, "DEPLOYMENT", deployment.id, 0)
    assert lease(deployment) == []

    limit(deployment, "DEPLOYMENT", deployment.id, 2)

    assert ids(lease(deployment)) == [made[0].id, made[1].id]


def test_without_its_limit_whoever_waited_goes_on(in_workspace):
    deployment = make_deployment(in_workspace)
    made = [start(deployment) for _ in range(3)]
    its = limit(deployment, "DEPLOYMENT", deployment.id, 1)
    assert ids(lease(deployment)) == [made[0].id]

    services.delete_limit(workspace_id=in_workspace.id, limit_id=its.id)

    assert ids(lease(deployment)) == [made[1].id, made[2].id]


def test_a_new_limit_counts_what_goes_on_already(in_workspace):
    deployment = make_deployment(in_workspace)
    start(deployment), start(deployment)
    first = lease(deployment)
    waiting = start(deployment)

    limit(deployment, "DEPLOYMENT", deployment.id, 2)

    assert lease(deployment) == []
    end(first[0], in_workspace)
    assert ids(lease(deployment)) == [waiting.id]


def test_a_cancelled_run_that_waited_is_not_woken(in_workspace):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", deployment.id, 1)
    start(deployment)
    (holder,) = lease(deployment)
    gone, following = start(deployment), start(deployment)
    assert lease(deployment) == []
    runs.cancel_run(workspace_id=in_workspace.id, run_id=gone.id, now=utc_now())

    end(holder, in_workspace)

    assert ids(lease(deployment)) == [following.id]


def test_what_was_missed_is_settled(in_workspace):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", deployment.id, 1)
    start(deployment)
    (holder,) = lease(deployment)
    waiting, orphan = start(deployment), start(deployment)
    assert lease(deployment) == []
    Run.objects.filter(id=orphan.id).update(waits_on=uuid.uuid4())  # of a limit that is gone
    ConcurrencySlot.objects.all().delete()  # as if it had been granted before there was the limit

    with as_worker():
        services.settle_limits(now=utc_now())

    assert lease(deployment) == []  # the holder counts again; the orphan met the real limit
    end(holder, in_workspace)
    assert len(lease(deployment)) == 1
    assert Run.objects.filter(id__in=[waiting.id, orphan.id], state="PENDING").count() == 1


@pytest.mark.parametrize(("kind", "key"), [("POOL", uuid.uuid4()), ("FLOW", "x"), ("QUEUE", "")])
def test_a_limit_of_nothing_that_is_here_is_refused(in_workspace, kind, key):
    deployment = make_deployment(in_workspace)

    with pytest.raises(InvalidRequest):
        limit(deployment, kind, key, 1)


@pytest.mark.parametrize("form", [str.upper, "{{{}}}".format, "urn:uuid:{}".format])
def test_a_limit_holds_however_its_id_was_written(in_workspace, form):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", form(str(deployment.id)), 1)
    start(deployment), start(deployment)

    assert len(lease(deployment)) == 1
    assert limit(deployment, "DEPLOYMENT", deployment.id, 2).key == str(deployment.id)
    assert ConcurrencyLimit.objects.count() == 1


def test_code_gives_back_no_slot_that_a_limit_holds_its_run_by(in_workspace):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", deployment.id, 1)
    run, _ = start(deployment), start(deployment)
    lease(deployment)
    held = ConcurrencySlot.objects.get(run_id=run.id)

    services.give_slot_back(workspace_id=in_workspace.id, run_id=run.id, slot_id=held.id)

    assert ConcurrencySlot.objects.filter(id=held.id).exists()
    assert lease(deployment) == []


def ask(run, slot_id=None, *, name="warehouse", amount=1, at_most=2, now=None, epoch=None):
    return services.ask_for_slots(
        workspace_id=run.workspace_id,
        name=name,
        run_id=run.id,
        epoch=run.epoch if epoch is None else epoch,
        amount=amount,
        slot_id=slot_id or uuid.uuid4(),
        at_most=at_most,
        now=now or utc_now(),
    )


def test_code_gets_slots_in_the_order_of_asking(in_workspace):
    one, two, three = (local_run(in_workspace) for _ in range(3))
    first = ask(one, amount=2)
    second, third = ask(two), ask(three)
    assert (first.granted, second.granted, third.granted) == (True, False, False)
    assert (second.position, third.position) == (1, 2)

    services.give_slot_back(workspace_id=in_workspace.id, run_id=one.id, slot_id=first.slot_id)

    assert ask(three, third.slot_id).granted  # there is room for both
    assert ask(two, second.slot_id).granted
    assert not ask(one).granted


def test_whoever_wants_much_is_not_passed_by_those_who_want_little(in_workspace):
    one, two, three = (local_run(in_workspace) for _ in range(3))
    assert ask(one).granted
    much = ask(two, amount=2)

    assert (much.granted, ask(three).granted) == (False, False)


def test_a_waiter_that_went_silent_is_passed_over(in_workspace):
    one, two, three = (local_run(in_workspace) for _ in range(3))
    now = utc_now()
    assert ask(one, at_most=1, now=now).granted
    ask(two, at_most=1, now=now)
    ConcurrencySlot.objects.filter(run_id=one.id).delete()

    assert not ask(three, at_most=1, now=now + timedelta(seconds=1)).granted
    assert ask(three, at_most=1, now=now + timedelta(minutes=1)).granted


def test_slots_go_with_the_run_that_had_them(in_workspace):
    one, two = local_run(in_workspace), local_run(in_workspace)
    assert ask(one, at_most=1).granted
    waiting = ask(two, at_most=1)
    assert not waiting.granted

    report(one, RunState.COMPLETED, in_workspace)

    assert ask(two, waiting.slot_id, at_most=1).granted
    with pytest.raises(StaleEpoch):
        ask(one)


def test_a_slot_is_of_the_run_that_took_it(in_workspace):
    one, two = local_run(in_workspace), local_run(in_workspace)
    taken = ask(one)

    with pytest.raises(StaleEpoch):
        ask(two, taken.slot_id)
    services.give_slot_back(workspace_id=in_workspace.id, run_id=two.id, slot_id=taken.slot_id)
    assert ConcurrencySlot.objects.filter(id=taken.slot_id).exists()


def test_a_slot_of_another_workspace_is_nobodys_here(workspace, rival_workspace):
    with workspace_scope(rival_workspace.id):
        theirs = ask(local_run(rival_workspace)).slot_id

    with workspace_scope(workspace.id):
        run = local_run(workspace)
        with pytest.raises(StaleEpoch):
            ask(run, theirs)
        assert not ConcurrencySlot.objects.exists()
        assert ask(run).granted


def test_what_a_person_says_of_a_limit_stands(in_workspace):
    run = local_run(in_workspace)
    with pytest.raises(LimitNotFound):
        ask(run, at_most=None)
    ask(run, at_most=5)
    ask(run, at_most=3)
    assert ConcurrencyLimit.objects.get().slots == 3

    services.set_limit(
        workspace_id=in_workspace.id, kind=LimitKind.NAMED, key="warehouse", much=4, now=utc_now()
    )
    ask(run, at_most=9)

    assert ConcurrencyLimit.objects.get().slots == 4
    with pytest.raises(LimitTooSmall):
        ask(run, amount=5)


def test_a_limit_of_none_lets_code_wait_until_somebody_raises_it(in_workspace):
    def allow(slots):
        services.set_limit(
            workspace_id=in_workspace.id,
            kind=LimitKind.NAMED,
            key="warehouse",
            much=slots,
            now=utc_now(),
        )

    run = local_run(in_workspace)
    allow(0)
    waiting = ask(run, amount=2)
    assert (waiting.granted, waiting.position) == (False, 1)

    allow(2)

    assert ask(run, waiting.slot_id, amount=2).granted


def test_calls_of_a_rate_are_spaced_and_never_more_than_promised(in_workspace):
    now = utc_now()

    def promise(at=now, amount=1):
        return services.promise_calls(
            workspace_id=in_workspace.id, name="api", amount=amount, per_minute=60, now=at
        )

    waits = [promise() for _ in range(5)]

    assert waits == [timedelta(seconds=second) for second in range(5)]
    assert promise(now + timedelta(seconds=2)) == timedelta(seconds=3)
    assert promise(now + timedelta(minutes=1), amount=30) == timedelta(0)
    assert promise(now + timedelta(minutes=1)) == timedelta(seconds=30)
    assert promise(now + timedelta(minutes=1), amount=60 * 60) == timedelta(seconds=31)
    assert promise(now + timedelta(minutes=1)) is None  # over an hour is promised


def test_more_calls_than_an_hour_has_are_refused_and_nobody_waits_for_them(in_workspace):
    def promise(calls):
        return services.promise_calls(
            workspace_id=in_workspace.id, name="api", amount=calls, per_minute=2, now=now
        )

    now = utc_now()
    assert promise(1) == timedelta(0)

    with pytest.raises(LimitTooSmall) as refusal:
        promise(121)

    assert refusal.value.fields == {"calls": ["Must be at most 120."]}
    assert promise(120) == timedelta(seconds=30)


def test_the_lease_of_a_paused_line_costs_no_slot(in_workspace):
    deployment = make_deployment(in_workspace)
    limit(deployment, "DEPLOYMENT", deployment.id, 1)
    start(deployment)
    services.pause_pool(
        workspace_id=in_workspace.id, pool_id=deployment.pool_id, paused=True, now=utc_now()
    )

    assert lease(deployment, by=agent()) == []
    assert not ConcurrencySlot.objects.exists()


@pytest.mark.parametrize(
    ("kind", "key", "name"),
    [
        ("DEPLOYMENT", "id", "DEPLOYMENT nightly/every-morning"),
        ("TAG", "heavy", "TAG heavy"),
    ],
    ids=["a deployment", "a tag"],
)
def test_the_log_names_what_is_limited(in_workspace, kind, key, name):
    deployment = make_deployment(in_workspace, name="every-morning", flow_name="nightly")

    limit(deployment, kind, deployment.id if key == "id" else key, 2)

    assert AuditEntry.objects.get(action="limit.created").object_name == name
