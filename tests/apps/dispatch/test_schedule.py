from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.flows import services as flows
from apps.flows.enums import MissedPolicy, ScheduleKind
from apps.flows.models import Schedule
from apps.flows.services import ScheduleSpec
from apps.runs import services as runs
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import cron, every, make_deployment, start
from workers.scheduler import Scheduler

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def create_due(as_worker):
    def run(now):
        with as_worker():
            return services.create_due_runs(now=now)

    return run


def due_times(workspace):
    with workspace_scope(workspace.id):
        return list(Run.objects.order_by("due_at").values_list("due_at", flat=True))


def test_a_schedule_makes_one_run_when_it_is_due(workspace, create_due):
    with workspace_scope(workspace.id):
        deployment = make_deployment(
            workspace,
            now=NOW,
            parameters={"a": 1, "b": 1},
            tags=["daily"],
            schedules=[every(60, anchor_at=NOW, parameters={"b": 2})],
        )

    counts = [create_due(NOW + seconds * timedelta(seconds=1)) for seconds in (59, 60, 60, 61)]

    assert counts == [0, 1, 0, 0]
    with workspace_scope(workspace.id):
        run = Run.objects.get()
        assert (run.source, run.state, run.deployment_id) == (
            "SCHEDULE",
            "SCHEDULED",
            deployment.id,
        )
        assert (run.due_at, run.scheduled_for) == (NOW + MINUTE, NOW + MINUTE)
        assert run.parameters == {"a": 1, "b": 2}
        assert run.tags == ["daily"]
        assert Schedule.objects.get().next_at == NOW + 2 * MINUTE


def test_parameters_are_those_of_the_time_when_it_comes_due(workspace, create_due):
    with workspace_scope(workspace.id):
        deployment = make_deployment(
            workspace, now=NOW, parameters={"a": 1}, schedules=[every(60, anchor_at=NOW)]
        )
        flows.edit_deployment(
            workspace_id=workspace.id,
            deployment_id=deployment.id,
            changes={"parameters": {"a": 2}},
            now=NOW,
        )

    create_due(NOW + MINUTE)

    with workspace_scope(workspace.id):
        assert Run.objects.get().parameters == {"a": 2}


def test_after_an_outage_the_latest_missed_time_runs_once(workspace, create_due):
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, schedules=[every(60, anchor_at=NOW)])

    create_due(NOW + timedelta(days=3, seconds=30))

    assert due_times(workspace) == [NOW + timedelta(days=3)]
    with workspace_scope(workspace.id):
        assert Schedule.objects.get().next_at == NOW + timedelta(days=3) + MINUTE


@pytest.mark.parametrize(
    ("policy", "cap", "minutes"),
    [("ALL", 3, [58, 59, 60]), ("ALL", 100, list(range(1, 61))), ("LATEST", 9, [60])],
)
def test_after_an_outage_the_policy_says_what_runs(workspace, create_due, policy, cap, minutes):
    spec = every(60, anchor_at=NOW, missed_policy=MissedPolicy(policy), missed_cap=cap)
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, schedules=[spec])

    create_due(NOW + timedelta(minutes=60, seconds=30))

    assert due_times(workspace) == [NOW + timedelta(minutes=each) for each in minutes]
    with workspace_scope(workspace.id):
        assert Schedule.objects.get().next_at == NOW + 61 * MINUTE


def test_a_schedule_that_cannot_be_worked_out_rests_and_holds_up_no_other(
    workspace, rival_workspace, create_due, api, alice
):
    """The system may lose a time zone, which is in the middle of the schedules that are due."""
    with workspace_scope(workspace.id):
        lost = make_deployment(workspace, now=NOW, schedules=[cron("* * * * *")])
        lost.schedules.update(timezone="Mars/Base", next_at=NOW)
    with workspace_scope(rival_workspace.id):
        make_deployment(rival_workspace, now=NOW, schedules=[every(60, anchor_at=NOW)])

    assert create_due(NOW + MINUTE) == 1
    assert create_due(NOW + MINUTE) == 0

    assert due_times(workspace) == []
    assert due_times(rival_workspace) == [NOW + MINUTE]
    (shown,) = api(alice).get(f"deployments/{lost.id}").json()["schedules"]
    assert (shown["next_at"], shown["fault"]) == (None, "No time zone is called 'Mars/Base'.")
    week = {"since": NOW.isoformat(), "until": (NOW + timedelta(days=7)).isoformat()}
    calendar = api(alice).get(f"schedules?{urlencode(week)}")
    assert (calendar.status_code, calendar.json()["items"]) == (200, [])
    path = f"schedules/{shown['id']}"
    for paused in (True, False):
        api(alice).patch(f"deployments/{lost.id}", {"paused": paused})
    (shown,) = api(alice).get(f"deployments/{lost.id}").json()["schedules"]
    assert shown["fault"] == "No time zone is called 'Mars/Base'."
    assert api(alice).patch(path, {"paused": True}).json()["fault"] is None
    assert api(alice).patch(path, {"paused": False}).status_code == 400
    mended = api(alice).patch(path, {"paused": False, "timezone": "Europe/Berlin"}).json()
    assert mended["next_at"] is not None
    assert mended["fault"] is None


@pytest.mark.parametrize(("late", "runs_made"), [(timedelta(seconds=59), 1), (MINUTE, 0)])
def test_what_is_found_a_minute_late_was_missed(workspace, create_due, late, runs_made):
    spec = every(3600, anchor_at=NOW, missed_policy=MissedPolicy.SKIP)
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, schedules=[spec])

    create_due(NOW + timedelta(hours=1) + late)

    assert due_times(workspace) == [NOW + timedelta(hours=1)] * runs_made
    with workspace_scope(workspace.id):
        assert Schedule.objects.get().next_at == NOW + timedelta(hours=2)


def test_a_single_time_makes_one_run_and_rests(workspace, create_due):
    spec = ScheduleSpec(kind=ScheduleKind.ONCE, once_at=NOW + MINUTE)
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, schedules=[spec])

    counts = [create_due(NOW + minutes * MINUTE) for minutes in (0, 1, 2)]

    assert counts == [0, 1, 0]
    assert due_times(workspace) == [NOW + MINUTE]
    with workspace_scope(workspace.id):
        assert Schedule.objects.get().next_at is None
        # The same file deployed again is no new time.
        make_deployment(workspace, now=NOW + 5 * MINUTE, schedules=[spec])
        assert Schedule.objects.get().next_at is None


def test_with_jitter_runs_start_later_than_they_are_due(workspace, create_due):
    with workspace_scope(workspace.id):
        make_deployment(
            workspace,
            now=NOW,
            schedules=[
                every(60, anchor_at=NOW, jitter_seconds=45, parameters={"n": n}) for n in range(20)
            ],
        )

    create_due(NOW + MINUTE)

    with workspace_scope(workspace.id):
        delays = [run.scheduled_for - run.due_at for run in Run.objects.all()]
        assert {run.due_at for run in Run.objects.all()} == {NOW + MINUTE}
    assert len(delays) == 20
    assert len(set(delays)) > 10
    assert all(timedelta(0) <= each < timedelta(seconds=45) for each in delays)


@pytest.mark.parametrize("what", ["schedule", "deployment", "deleted"])
def test_what_is_paused_makes_no_runs(workspace, create_due, what):
    with workspace_scope(workspace.id):
        deployment = make_deployment(
            workspace, now=NOW, schedules=[every(60, anchor_at=NOW, paused=what == "schedule")]
        )
        if what == "deployment":
            flows.edit_deployment(
                workspace_id=workspace.id,
                deployment_id=deployment.id,
                changes={"paused": True},
                now=NOW,
            )
        if what == "deleted":
            services.remove_deployment(
                workspace_id=workspace.id, deployment_id=deployment.id, now=NOW
            )

    assert create_due(NOW + 10 * MINUTE) == 0
    assert due_times(workspace) == []


def test_a_due_time_that_has_its_run_is_passed_over(workspace, create_due):
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, schedules=[every(60, anchor_at=NOW)])
    create_due(NOW + MINUTE)
    with workspace_scope(workspace.id):  # as after a clock that went backwards
        Schedule.objects.update(next_at=NOW + MINUTE)

    create_due(NOW + MINUTE)

    assert due_times(workspace) == [NOW + MINUTE]


def test_several_schedules_of_several_workspaces_come_due_together(
    workspace, rival_workspace, create_due
):
    for each in (workspace, rival_workspace):
        with workspace_scope(each.id):
            make_deployment(
                each,
                now=NOW,
                schedules=[every(60, anchor_at=NOW), cron("1 12 * * *"), cron("2 12 * * *")],
            )

    assert create_due(NOW + MINUTE) == 4
    assert due_times(workspace) == due_times(rival_workspace) == [NOW + MINUTE] * 2


def test_the_scheduler_sleeps_until_the_next_time(workspace, as_worker):
    now = utc_now()
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, now=now, schedules=[every(3600, anchor_at=now)])
        start(deployment, now=now, scheduled_for=now + timedelta(seconds=0.7))

    with as_worker():
        seconds = Scheduler().step()

    assert 0 < seconds <= 0.7


def test_pools_are_woken_for_runs_that_came_due(workspace, as_worker):
    now = utc_now()
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        for minutes in (1, 2):
            start(deployment, now=now, scheduled_for=now + minutes * MINUTE)

    with as_worker():
        following = runs.wake_pools_of_runs_due(since=now, now=now + MINUTE)
        none = runs.wake_pools_of_runs_due(since=now, now=now + 3 * MINUTE)

    assert following == now + 2 * MINUTE
    assert none is None


def test_the_statements_of_a_batch_do_not_grow_with_what_is_due(
    workspace, rival_workspace, as_worker
):
    def statements(*of, each):
        for one in of:
            with workspace_scope(one.id):
                schedules = [every(60 + n, anchor_at=NOW) for n in range(each)]
                make_deployment(one, now=NOW, name=f"{each} times", schedules=schedules)
        with as_worker(), CaptureQueriesContext(connection) as queries:
            services.create_due_runs(now=NOW + timedelta(hours=2))
        with workspace_scope(workspace.id):
            Schedule.objects.all().delete()
        return len(queries)

    statements(workspace, rival_workspace, each=1)  # what a process remembers it knows now

    of_few = statements(workspace, each=11)

    assert statements(workspace, rival_workspace, each=30) == of_few
    for one in (workspace, rival_workspace):
        with workspace_scope(one.id):
            assert Run.objects.for_workspace(one.id).count() >= 30
