"""Backfills: what they make, how many at once, and how they end."""

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.models import Backfill, BackfillPart, ConcurrencyLimit
from apps.flows import services as flows
from apps.flows.models import Deployment
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.actors import Hold
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import AuditEntry, WorkspaceLimits
from tests.factories.dispatch import cron, lease, make_deployment, report, running, start
from tests.isolation import as_worker
from workers.scheduler import Filler

pytestmark = pytest.mark.django_db
DAY = {"type": "string", "format": "date"}
SCHEMA = {
    "type": "object",
    "properties": {"day": DAY, "table": {"type": "string"}, "number": {"type": "integer"}},
    "additionalProperties": False,
}


@pytest.fixture
def deployment(workspace):
    with workspace_scope(workspace.id):
        return make_deployment(
            workspace,
            parameter_schema=SCHEMA,
            parameters={"table": "flights"},
            tags=["nightly"],
            schedules=[cron("0 6 * * *", timezone="Europe/Berlin", parameters={"table": "jobs"})],
        )


def of_range(deployment, days=3, **changes):
    return {
        "deployment_id": str(deployment.id),
        "kind": "RANGE",
        "since": "2026-03-01T00:00:00Z",
        "until": f"2026-03-{1 + days:02d}T00:00:00Z",
        "cron": "0 0 * * *",
        "parameter": "day",
    } | changes


def of_partitions(deployment, count=3, **changes):
    return {
        "deployment_id": str(deployment.id),
        "kind": "PARTITIONS",
        "partitions": [str(number) for number in range(count)],
        "parameter": "number",
    } | changes


def made(answer):
    assert answer.status_code in {200, 201}, answer.content
    return answer.json()


def fields(answer):
    assert answer.status_code == 400, answer.content
    return set(answer.json()["error"]["fields"])


def runs_of(workspace, backfill):
    with workspace_scope(workspace.id):
        return list(Run.objects.filter(backfill_id=backfill["id"]).order_by("id"))


def go_on(now=None):
    """Let the loop take its step; return how many were continued."""
    with as_worker():
        needing = services.list_backfills_to_continue()
        return sum(services.continue_backfill(backfill_id=i, now=now or utc_now()) for i in needing)


def work(workspace, deployment, state=RunState.COMPLETED, limit=1_000):
    """Let an agent do all that it may have now; return how many runs that were."""
    with workspace_scope(workspace.id):
        granted = lease(deployment, limit=min(limit, 100))
        for each in granted:
            report(each, RunState.RUNNING, workspace)
            report(each, state, workspace)
        return len(granted)


def test_a_range_makes_a_run_for_each_of_its_times(api, alice, workspace, deployment):
    backfill = made(api(alice).post("backfills", of_range(deployment, name="March")))

    assert backfill["parts_total"] == backfill["made"] == 3
    assert (backfill["state"], backfill["kind"]) == ("RUNNING", "RANGE")
    assert backfill["counts"] == {"SCHEDULED": 3}
    assert backfill["progress"] == 0
    found = runs_of(workspace, backfill)
    assert [run.parameters for run in found] == [
        {"table": "flights", "day": f"2026-03-0{day}"} for day in (1, 2, 3)
    ]
    assert found[0].name == "March 2026-03-01"
    assert {run.deployment_version for run in found} == {deployment.version_number}
    assert {(run.source, run.priority, *run.tags) for run in found} == {
        ("BACKFILL", -10, "nightly")
    }
    assert found[0].created_by["name"] == backfill["created_by"]["name"] == "Alice"


def test_one_that_cannot_be_continued_holds_up_no_other(api, alice, workspace, deployment):
    broken, sound = (
        made(api(alice).post("backfills", of_partitions(deployment, 30, concurrency=1, name=name)))
        for name in ("broken", "sound")
    )
    assert work(workspace, deployment) == 2
    with workspace_scope(workspace.id):
        Backfill.objects.filter(id=broken["id"]).update(parameters=["no object"])

    with as_worker():
        Filler().step()

    further = [len(runs_of(workspace, each)) - each["made"] for each in (broken, sound)]
    assert further == [0, 1]


def test_a_schedule_lends_its_times_its_zone_and_its_parameters(api, alice, workspace, deployment):
    with workspace_scope(workspace.id):
        schedule = deployment.schedules.get()
    body = of_range(deployment, cron=None, schedule_id=str(schedule.id), parameters={"number": 7})

    backfill = made(
        api(alice).post("backfills", {name: value for name, value in body.items() if value})
    )

    # Before six in the morning of Berlin it is the day before.
    assert [run.parameters for run in runs_of(workspace, backfill)] == [
        {"table": "jobs", "number": 7, "day": f"2026-03-0{day}"} for day in (1, 2, 3)
    ]
    with workspace_scope(workspace.id):
        run = Run.objects.filter(backfill_id=backfill["id"]).first()
        assert run.schedule_id is None  # the schedule's own run of that time stays possible


def test_partitions_are_given_in_the_form_that_the_flow_takes(api, alice, workspace, deployment):
    backfill = made(api(alice).post("backfills", of_partitions(deployment)))

    assert [run.parameters["number"] for run in runs_of(workspace, backfill)] == [0, 1, 2]


def test_at_most_so_many_run_at_once_and_all_are_run_in_the_end(api, alice, workspace, deployment):
    backfill = made(api(alice).post("backfills", of_partitions(deployment, 70, concurrency=2)))
    assert backfill["made"] == 22  # two go on, twenty are next

    done = 0
    for _ in range(200):
        share = work(workspace, deployment)
        assert share <= 2
        done += share
        go_on()
        with workspace_scope(workspace.id):
            assert Run.objects.filter(backfill_id=backfill["id"], ended_at=None).count() <= 22
        if done == 70:
            break

    after = made(api(alice).get(f"backfills/{backfill['id']}"))
    assert (after["state"], after["progress"], after["counts"]) == (
        "COMPLETED",
        1.0,
        {"COMPLETED": 70},
    )
    assert after["ended_at"] is not None
    with workspace_scope(workspace.id):
        parts = BackfillPart.objects.filter(backfill_id=backfill["id"])
        assert parts.filter(run_id=None).count() == 0
        assert len(set(parts.values_list("run_id", flat=True))) == 70
        assert not ConcurrencyLimit.objects.exists()
    (event,) = made(api(alice).get("events?name=headway.backfill.*"))["items"]
    assert event["name"] == "headway.backfill.completed"
    assert event["payload"]["counts"] == {"COMPLETED": 70}
    assert go_on() == 0


def test_failed_parts_are_counted_and_end_it_too(api, alice, workspace, deployment):
    backfill = made(api(alice).post("backfills", of_partitions(deployment, 4, concurrency=4)))
    work(workspace, deployment, RunState.FAILED, limit=1)
    work(workspace, deployment)

    assert go_on() == 1

    after = made(api(alice).get(f"backfills/{backfill['id']}"))
    assert (after["state"], after["counts"]) == ("COMPLETED", {"COMPLETED": 3, "FAILED": 1})
    failed = made(api(alice).get(f"backfills/{backfill['id']}/parts?state=FAILED"))["items"]
    assert [part["key"] for part in failed] == ["0"]
    assert failed[0]["run"]["state"] == "FAILED"


def test_paused_it_starts_and_makes_nothing_and_goes_on_where_it_stood(
    api, alice, workspace, deployment
):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment, 60, concurrency=3)))
    place = f"backfills/{backfill['id']}/pause"

    paused = made(client.post(place))

    assert paused["state"] == "PAUSED"
    assert made(client.post(place))["state"] == "PAUSED"
    assert work(workspace, deployment) == 0
    assert go_on() == 0
    assert made(client.delete(place))["state"] == "RUNNING"
    assert work(workspace, deployment) == 3


def test_the_concurrency_can_be_changed_also_while_it_is_paused(api, alice, workspace, deployment):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment, 60, concurrency=1)))
    place = f"backfills/{backfill['id']}"
    assert work(workspace, deployment) == 1

    assert made(client.patch(place, {"concurrency": 5}))["concurrency"] == 5
    assert work(workspace, deployment) == 5
    client.post(f"{place}/pause")
    client.patch(place, {"concurrency": 2})
    assert work(workspace, deployment) == 0
    client.delete(f"{place}/pause")
    assert work(workspace, deployment) == 2


@pytest.mark.parametrize("also_running", [False, True])
def test_a_cancellation_takes_the_rest_and_what_runs_if_it_is_told_to(
    api, alice, workspace, deployment, also_running
):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment, 60, concurrency=2)))
    with workspace_scope(workspace.id):
        (granted, _) = lease(deployment)
        report(granted, RunState.RUNNING, workspace)

    cancelled = made(
        client.post(f"backfills/{backfill['id']}/cancellation", {"running": also_running})
    )

    assert cancelled["state"] == "CANCELLED"
    assert cancelled["made"] == 22
    going = {"CANCELLING": 2} if also_running else {"RUNNING": 1, "PENDING": 1}
    assert cancelled["counts"] == going | {"CANCELLED": 20}
    assert go_on() == 0
    rest = made(client.get(f"backfills/{backfill['id']}/parts?state=UNMADE&limit=500"))["items"]
    assert [part["position"] for part in rest] == list(range(22, 60))
    assert work(workspace, deployment) == 0


def test_what_goes_on_after_a_cancellation_can_be_cancelled_later(
    api, alice, workspace, deployment
):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment)))
    with workspace_scope(workspace.id):
        lease(deployment)
    place = f"backfills/{backfill['id']}/cancellation"
    made(client.post(place))

    again = client.post(place)

    assert (again.status_code, again.json()["error"]["code"]) == (409, "backfill_over")
    assert made(client.post(place, {"running": True}))["counts"]["CANCELLING"] == 1


def test_what_has_ended_can_be_neither_paused_nor_changed(api, alice, deployment):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment)))
    place = f"backfills/{backfill['id']}"
    client.post(f"{place}/cancellation")

    for answer in (
        client.post(f"{place}/pause"),
        client.delete(f"{place}/pause"),
        client.patch(place, {"concurrency": 2}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "backfill_over")


def test_a_preview_counts_and_estimates_and_makes_nothing(api, alice, workspace, deployment):
    client = api(alice)
    empty = made(client.post("backfills/preview", of_range(deployment, 20)))
    assert empty["estimate"]["seconds_total"] is None
    now = utc_now()
    for seconds in (10, 30, 20):
        with workspace_scope(workspace.id):
            run = running(deployment, workspace)
            Run.objects.filter(id=run.id).update(
                state="COMPLETED",
                started_at=now - timedelta(seconds=seconds),
                ended_at=now,
                task_counts={"COMPLETED": 4},
            )

    preview = made(client.post("backfills/preview", of_range(deployment, 20, concurrency=3)))

    assert preview["parts"] == 20
    assert preview["first"] == [f"2026-03-{day:02d}" for day in range(1, 11)]
    assert preview["last"] == "2026-03-20"
    assert preview["estimate"] == {
        "past_runs": 3,
        "seconds_each": 20.0,
        "seconds_total": 140.0,
        "cost": {"task_runs": 80, "vcpu_seconds": None, "gb_seconds": None},
    }
    with workspace_scope(workspace.id):
        assert not Backfill.objects.exists()
        assert not Run.objects.exclude(backfill_id=None).exists()


def test_the_rest_is_estimated_from_its_own_runs(api, alice, workspace, deployment):
    backfill = made(api(alice).post("backfills", of_partitions(deployment, 10, concurrency=2)))
    assert backfill["seconds_left"] is None
    work(workspace, deployment, limit=2)
    with workspace_scope(workspace.id):
        done = Run.objects.filter(backfill_id=backfill["id"], state="COMPLETED")
        for run in done:
            Run.objects.filter(id=run.id).update(started_at=run.ended_at - timedelta(seconds=30))

    assert made(api(alice).get(f"backfills/{backfill['id']}"))["seconds_left"] == 120.0


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"cron": "nonsense"}, {"cron"}),
        ({"timezone": "Mars/Olympus"}, {"timezone"}),
        ({"until": "2026-02-01T00:00:00Z"}, {"until"}),
        ({"until": "2026-03-01T00:00:00Z"}, {"until"}),
        ({"interval_seconds": 60}, {"cron", "interval_seconds"}),
        ({"partitions": ["a"]}, {"partitions"}),
        ({"parameter": "unknown"}, {"parameters.unknown"}),
        ({"parameter": "number"}, {"parameters.number"}),
        ({"parameters": {"day": "2026-01-01"}}, {"parameters"}),
        ({"cron": "0 * * * *"}, {"parameter"}),
        ({"cron": "* * * * *", "until": "2027-03-01T00:00:00Z", "parameter": "table"}, {"until"}),
        ({"concurrency": 0}, {"concurrency"}),
        ({"since": "0001-01-01T00:00:00Z"}, {"since"}),
        ({"surprise": 1}, {"surprise"}),
    ],
)
def test_what_cannot_be_had_is_refused_and_leaves_nothing(
    api, alice, workspace, deployment, changes, wrong
):
    body = of_range(deployment, **changes)

    assert fields(api(alice).post("backfills", body)) == wrong
    assert fields(api(alice).post("backfills/preview", body)) == wrong
    with workspace_scope(workspace.id):
        assert not Backfill.objects.exists()
        assert not BackfillPart.objects.exists()
        assert not Run.objects.exists()
        assert not ConcurrencyLimit.objects.exists()


def test_each_partition_is_checked(api, alice, deployment):
    body = of_partitions(deployment, partitions=["1", "two", "3"])

    answer = api(alice).post("backfills", body)

    assert fields(answer) == {"parameters.number"}
    assert "two" in answer.json()["error"]["fields"]["parameters.number"][0]
    assert fields(api(alice).post("backfills", of_partitions(deployment, partitions=["1", "1"])))


def test_the_same_key_makes_it_once(api, alice, workspace, deployment):
    client = api(alice)
    body = of_partitions(deployment)

    first = client.post("backfills", body, Idempotency_Key="once")
    second = client.post("backfills", body, Idempotency_Key="once")

    assert first.json()["id"] == second.json()["id"]
    with workspace_scope(workspace.id):
        assert Run.objects.count() == 3


def test_deleting_the_deployment_ends_it(api, alice, workspace, deployment):
    backfill = made(api(alice).post("backfills", of_partitions(deployment, 60)))
    with workspace_scope(workspace.id):
        services.remove_deployment(
            workspace_id=workspace.id, deployment_id=deployment.id, now=utc_now()
        )

    assert go_on() == 1

    after = made(api(alice).get(f"backfills/{backfill['id']}"))
    assert (after["state"], after["made"]) == ("CANCELLED", 21)
    assert after["counts"] == {"CANCELLED": 21}
    assert go_on() == 0


def test_a_deployment_changed_meanwhile_is_what_later_parts_run(api, alice, workspace, deployment):
    backfill = made(api(alice).post("backfills", of_partitions(deployment, 60, concurrency=30)))
    with workspace_scope(workspace.id):
        flows.edit_deployment(
            workspace_id=workspace.id,
            deployment_id=deployment.id,
            changes={"parameters": {"table": "other"}},
            now=utc_now(),
        )
        Run.objects.filter(backfill_id=backfill["id"]).update(state="CANCELLED", ended_at=utc_now())
        BackfillPart.objects.filter(backfill_id=backfill["id"], position=59).update(run_id=None)

    go_on()

    assert runs_of(workspace, backfill)[-1].parameters == {"table": "other", "number": 59}


def test_beyond_the_plan_none_is_made_and_a_going_one_waits_held(api, alice, workspace, deployment):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment, 60)))
    with as_worker():
        hold = Hold(reason="Used up.", meter="task_runs", used=1, limit=1, resets_at=utc_now())
        WorkspaceLimits.objects.filter(workspace_id=workspace.id).update(hold=hold.to_json())
        Run.objects.filter(backfill_id=backfill["id"]).update(state="CANCELLED", ended_at=utc_now())

    assert go_on() == 1

    assert {run.state for run in runs_of(workspace, backfill) if run.ended_at is None} == {"HELD"}
    refused = client.post("backfills", of_partitions(deployment))
    assert (refused.status_code, refused.json()["error"]["code"]) == (402, "quota_exceeded")


def test_it_is_below_what_is_due_by_itself(api, alice, workspace, deployment):
    made(api(alice).post("backfills", of_partitions(deployment, 5, concurrency=5)))
    with workspace_scope(workspace.id):
        urgent = start(deployment)
        assert lease(deployment, limit=1)[0].run_id == urgent.id


def test_its_limit_cannot_be_taken_away_from_it(api, alice, deployment):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment)))
    (limit,) = made(client.get("limits"))["items"]
    assert (limit["kind"], limit["key"], limit["name"]) == (
        "BACKFILL",
        backfill["id"],
        backfill["name"],
    )

    answer = client.delete(f"limits/{limit['id']}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "limit_of_backfill")


def test_changes_are_in_the_log(api, alice, workspace, deployment):
    client = api(alice)
    backfill = made(client.post("backfills", of_partitions(deployment, name="all")))
    place = f"backfills/{backfill['id']}"
    client.patch(place, {"concurrency": 3})
    client.post(f"{place}/pause")
    client.delete(f"{place}/pause")
    client.post(f"{place}/cancellation")

    with as_worker():
        entries = AuditEntry.objects.filter(action__startswith="backfill.").order_by("id")
        told = list(entries.values_list("action", "object_name"))
    assert told == [
        (f"backfill.{action}", "all")
        for action in ("created", "changed", "paused", "resumed", "cancelled")
    ]


def test_lists_are_pages_and_can_be_of_one_deployment(api, alice, workspace, deployment):
    client = api(alice)
    with workspace_scope(workspace.id):
        other = make_deployment(workspace, name="other")
    first = made(client.post("backfills", of_partitions(deployment)))
    second = made(client.post("backfills", of_partitions(other)))

    page = made(client.get("backfills?limit=1"))
    following = made(client.get(f"backfills?limit=1&cursor={page['next_cursor']}"))

    assert [page["items"][0]["id"], following["items"][0]["id"]] == [second["id"], first["id"]]
    assert "parameters" not in page["items"][0]
    (one,) = made(client.get(f"backfills?deployment_id={deployment.id}"))["items"]
    assert one["id"] == first["id"]


def test_a_list_costs_the_same_however_many_there_are(
    api, alice, deployment, django_assert_num_queries
):
    client = api(alice)
    for _ in range(3):
        made(client.post("backfills", of_partitions(deployment)))
    client.get("backfills")

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        client.get("backfills?limit=1")
    with CaptureQueriesContext(connection) as three:
        client.get("backfills")
    assert len(one) == len(three)


def test_a_schedule_of_another_deployment_is_refused(api, alice, workspace, deployment):
    with workspace_scope(workspace.id):
        make_deployment(workspace, name="other", schedules=[cron("0 6 * * *")])
        schedule = Deployment.objects.get(name="other").schedules.get()
    body = of_range(deployment, schedule_id=str(schedule.id))
    del body["cron"]

    assert fields(api(alice).post("backfills", body)) == {"schedule_id"}
