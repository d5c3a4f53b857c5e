"""What deployments promise: each breach is seen, and told once."""

from datetime import UTC, datetime, time, timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.enums import ServiceLevelKind
from apps.dispatch.models import ServiceLevel, ServiceLevelBreach
from apps.dispatch.services import LevelSpec
from apps.flows import services as flows
from apps.flows.models import Deployment
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import make_deployment, start
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def deployment(in_workspace):
    return make_deployment(in_workspace, now=MONDAY)


def promise(deployment, kind, *, now=MONDAY, **said):
    return services.create_level(
        workspace_id=deployment.workspace_id,
        spec=LevelSpec(deployment_id=deployment.id, kind=ServiceLevelKind(kind), **said),
        now=now,
    )


def by_six(deployment, kind, **said):
    return promise(deployment, kind, time_of_day=time(6), **said)


def ran(deployment, started_at, lasted=None, state="COMPLETED", **columns):
    """A run that began then, and ended unless it is going on."""
    run = start(deployment, now=started_at)
    ended_at = None if lasted is None else started_at + lasted
    Run.objects.filter(id=run.id).update(
        state="RUNNING" if ended_at is None else state,
        started_at=started_at,
        ended_at=ended_at,
        changed_at=ended_at or started_at,
        **columns,
    )
    return run


def look(now):
    with as_worker():
        due = services.list_levels_to_check(now=now)
        return sum(services.check_service_level(level_id=each, now=now) for each in due)


def breaches(level):
    return list(level.breaches.order_by("due_at").values_list("due_at", "run_id"))


SIX = MONDAY + 6 * HOUR


@pytest.mark.parametrize("kind", ["START_BY", "FINISH_BY"])
def test_what_comes_in_time_is_no_breach(deployment, kind):
    level = by_six(deployment, kind)
    ran(deployment, SIX - HOUR, timedelta(minutes=30))

    assert look(SIX + timedelta(seconds=4)) == 0  # reports may still be on their way
    assert look(SIX + timedelta(seconds=5)) == 1

    assert breaches(level) == []
    level.refresh_from_db()
    assert level.next_check_at == SIX + timedelta(days=1, seconds=5)


@pytest.mark.parametrize(
    ("kind", "started", "lasted", "state"),
    [
        ("START_BY", SIX + timedelta(seconds=1), None, None),
        ("START_BY", MONDAY - 7 * HOUR, timedelta(minutes=1), "COMPLETED"),  # yesterday's
        ("FINISH_BY", SIX - HOUR, None, None),
        ("FINISH_BY", SIX - HOUR, 2 * HOUR, "COMPLETED"),
        ("FINISH_BY", SIX - HOUR, timedelta(minutes=1), "FAILED"),
    ],
)
def test_what_comes_late_or_fails_is_one_breach(
    deployment, kind, started, lasted, state, api, alice
):
    level = by_six(deployment, kind)
    ran(deployment, started, lasted, state)

    for seconds in (10, 20, 30):
        look(SIX + timedelta(seconds=seconds))

    assert breaches(level) == [(SIX, None)]


def test_nothing_at_all_is_a_breach_too_and_an_event_tells_it(deployment, api, alice):
    now = utc_now()
    level = promise(deployment, "SUCCEEDS_WITHIN", seconds=60, now=now - timedelta(seconds=70))

    assert look(now) == 1
    look(now + timedelta(minutes=1))

    (event,) = api(alice).get("events?name=headway.service_level.breached").json()["items"]
    assert event["resource"] == {"kind": "service_level", "name": str(level.id), "namespace": None}
    payload = event["payload"]
    assert payload.pop("late_seconds") == pytest.approx(10, abs=0.01)
    assert payload == {
        "kind": "SUCCEEDS_WITHIN",
        "due_at": (now - timedelta(seconds=10)).isoformat(),
        "flow": "load",
        "deployment": "main",
    }
    assert {"role": "deployment", "kind": "deployment", "name": str(deployment.id)} in [
        {name: each[name] for name in ("role", "kind", "name")} for each in event["related"]
    ]


def test_a_loop_that_was_away_sees_each_day_that_passed(deployment):
    level = by_six(deployment, "FINISH_BY", weekdays=0b0011111)
    ran(deployment, SIX + timedelta(days=1) - HOUR, timedelta(minutes=5))

    look(SIX + timedelta(days=7) - HOUR)

    # Tuesday was kept; nothing is promised of a Saturday or a Sunday.
    assert [due for due, _ in breaches(level)] == [SIX + timedelta(days=n) for n in (0, 2, 3, 4)]


def test_one_that_cannot_be_looked_at_holds_up_no_other(deployment):
    lost, kept = by_six(deployment, "FINISH_BY"), by_six(deployment, "FINISH_BY")
    # The system may lose a time zone.
    first_check = lost.next_check_at - HOUR
    ServiceLevel.objects.filter(id=lost.id).update(timezone="Mars/Base", next_check_at=first_check)
    later = SIX + HOUR

    look(later)

    assert (len(breaches(lost)), len(breaches(kept))) == (0, 1)
    lost.refresh_from_db()
    assert lost.next_check_at > later


def test_a_run_that_was_tried_again_started_when_it_first_did(deployment, in_workspace):
    from apps.runs.enums import RunState
    from apps.telemetry import services as telemetry
    from apps.telemetry.items import Transition

    now = utc_now().replace(microsecond=0)
    due = now - timedelta(minutes=5)
    level = promise(deployment, "START_BY", time_of_day=due.time(), now=due - timedelta(minutes=30))
    run = ran(deployment, due + timedelta(minutes=1), attempt=2)
    Run.objects.filter(id=run.id).update(created_at=due - timedelta(minutes=10))
    telemetry.record_transitions(
        workspace_id=in_workspace.id,
        transitions=[
            Transition(
                run_id=run.id,
                state=RunState.RUNNING.value,
                occurred_at=due - timedelta(minutes=9),
                epoch=1,
            )
        ],
    )

    look(now)

    assert breaches(level) == []


def test_what_lasts_too_long_is_told_while_it_goes_on_and_not_again_at_its_end(deployment):
    level = promise(deployment, "LASTS_AT_MOST", seconds=600)
    slow = ran(deployment, MONDAY + HOUR)
    ran(deployment, MONDAY + HOUR, timedelta(minutes=10))
    due = MONDAY + HOUR + timedelta(seconds=600)

    look(due - timedelta(seconds=1))
    assert breaches(level) == []
    look(due + timedelta(seconds=20))
    assert breaches(level) == [(due, slow.id)]
    Run.objects.filter(id=slow.id).update(
        state="COMPLETED", ended_at=due + HOUR, changed_at=due + HOUR
    )
    look(due + HOUR + timedelta(seconds=20))

    assert breaches(level) == [(due, slow.id)]


def test_what_was_too_long_while_no_loop_was_there_is_seen_afterwards(deployment):
    level = promise(deployment, "LASTS_AT_MOST", seconds=600)
    slow = ran(deployment, MONDAY + HOUR, HOUR)

    look(MONDAY + timedelta(days=2))

    assert breaches(level) == [(MONDAY + HOUR + timedelta(seconds=600), slow.id)]


def test_success_begins_the_time_anew_and_a_second_silence_is_a_second_breach(deployment):
    level = promise(deployment, "SUCCEEDS_WITHIN", seconds=3600)
    ran(deployment, MONDAY + HOUR / 2, timedelta(minutes=10))
    look(MONDAY + HOUR)
    assert breaches(level) == []
    first = MONDAY + timedelta(minutes=100)
    level.refresh_from_db()
    assert level.next_check_at == first

    look(first)
    look(first + HOUR)
    assert breaches(level) == [(first, None)]
    ran(deployment, first + 2 * HOUR, timedelta(minutes=10))
    look(first + 2 * HOUR + timedelta(minutes=11))
    second = first + 3 * HOUR + timedelta(minutes=10)
    look(second)
    look(second + HOUR)

    assert breaches(level) == [(first, None), (second, None)]


def test_runs_of_backfills_keep_no_promise_and_break_none(deployment):
    kept = by_six(deployment, "FINISH_BY")
    short = promise(deployment, "LASTS_AT_MOST", seconds=60)
    ran(deployment, SIX - HOUR, timedelta(minutes=30), source="BACKFILL")

    look(SIX + timedelta(minutes=1))

    assert breaches(kept) == [(SIX, None)]
    assert breaches(short) == []


def test_nothing_is_promised_of_a_paused_or_a_deleted_deployment(deployment, in_workspace):
    level = by_six(deployment, "START_BY")
    Deployment.objects.filter(id=deployment.id).update(paused_at=MONDAY)
    look(SIX + timedelta(days=3, hours=1))
    assert breaches(level) == []
    level.refresh_from_db()
    assert level.next_check_at == SIX + timedelta(days=4, seconds=5)
    flows.delete_deployment(workspace_id=in_workspace.id, deployment_id=deployment.id, now=MONDAY)

    look(SIX + timedelta(days=5))

    level.refresh_from_db()
    assert level.next_check_at is None
    assert breaches(level) == []
    assert look(SIX + timedelta(days=9)) == 0


def test_a_simulated_year_tells_what_was_late_and_nothing_else(deployment):
    # The one that lies behind us: no store takes facts of next year.
    begin = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=367)
    level = by_six(deployment, "START_BY", timezone="Europe/Berlin", now=begin)
    now, late = begin, []
    for day in range(365):
        level.refresh_from_db()
        due = level.next_check_at - timedelta(seconds=5)
        if day % 100 == 50:
            late.append(due)
        else:
            ran(deployment, due - timedelta(minutes=5), timedelta(minutes=1))
        now = level.next_check_at
        look(now)

    assert [due for due, _ in breaches(level)] == late
    assert now - begin > timedelta(days=364)


@pytest.fixture
def shown(api, alice, workspace):
    with workspace_scope(workspace.id):
        made = make_deployment(workspace)
    return api(alice), made


def body(deployment, **changes):
    return {"deployment_id": str(deployment.id), "kind": "START_BY", "time_of_day": "06:30"} | {
        name: value for name, value in changes.items() if value is not None
    }


def test_a_promise_is_made_changed_paused_and_taken_back(shown):
    client, deployment = shown
    answer = client.post(
        "service-levels", body(deployment, weekdays=["MON", "FRI"], timezone="Europe/Berlin")
    )
    assert answer.status_code == 201, answer.content
    level = answer.json()
    place = f"service-levels/{level['id']}"
    assert (level["time_of_day"], level["weekdays"], level["paused"]) == (
        "06:30:00",
        ["MON", "FRI"],
        False,
    )
    assert level["next_check_at"] is not None

    changed = client.patch(place, {"time_of_day": "07:00", "paused": True}).json()
    assert (changed["time_of_day"], changed["paused"], changed["next_check_at"]) == (
        "07:00:00",
        True,
        None,
    )
    assert client.patch(place, {"paused": False}).json()["next_check_at"] is not None
    listed = client.get(f"service-levels?deployment_id={deployment.id}").json()["items"]
    assert [each["id"] for each in listed] == [level["id"]]
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"seconds": 5}, {"seconds"}),
        ({"kind": "LASTS_AT_MOST"}, {"seconds", "time_of_day"}),
        ({"timezone": "Mars/Olympus"}, {"timezone"}),
        ({"weekdays": []}, {"weekdays"}),
        ({"weekdays": ["FUNDAY"]}, {"weekdays.0"}),
        ({"time_of_day": "25:00"}, {"time_of_day"}),
        ({"kind": "NEVER"}, {"kind"}),
    ],
)
def test_what_cannot_be_promised_is_refused(shown, workspace, changes, wrong):
    client, deployment = shown

    answer = client.post("service-levels", body(deployment, **changes))

    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == wrong
    with workspace_scope(workspace.id):
        assert not ServiceLevel.objects.exists()


def test_its_breaches_are_a_page_newest_first(shown, workspace):
    client, deployment = shown
    level = client.post("service-levels", body(deployment)).json()
    with workspace_scope(workspace.id):
        for day in range(3):
            ServiceLevelBreach.objects.create(
                workspace_id=workspace.id, level_id=level["id"], due_at=SIX + timedelta(days=day)
            )

    page = client.get(f"service-levels/{level['id']}/breaches?limit=2").json()

    assert [each["due_at"][:10] for each in page["items"]] == ["2026-03-04", "2026-03-03"]
    assert page["next_cursor"]
    shown_level = client.get(f"service-levels/{level['id']}").json()
    assert shown_level["last_breach"]["due_at"].startswith("2026-03-04")
