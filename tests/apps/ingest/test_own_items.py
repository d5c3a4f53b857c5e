"""What comes with the key of a run must be that run's, item by item."""

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs.models import Run, TaskRun
from apps.telemetry.models import Event, LogLine
from apps.tenancy.isolation import workspace_scope
from tests.factories.compute import managed_run
from tests.factories.dispatch import local_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(workspace):
    return managed_run(workspace)


@pytest.fixture
def sender(api, run, workspace):
    return api(run.key, workspace)


def at(**ago):
    return (utc_now() - timedelta(**ago)).isoformat()


def report(run_id, epoch, state="RUNNING", **changes):
    return {
        "run_id": str(run_id),
        "epoch": epoch,
        "state": state,
        "occurred_at": at(),
    } | changes


def task_report(run_id, epoch):
    return {
        "task_run_id": str(uuid7()),
        "run_id": str(run_id),
        "epoch": epoch,
        "sequence": 1,
        "state": "RUNNING",
        "occurred_at": at(),
        "task_name": "extract",
        "name": "extract-1",
    }


def telemetry(run_id):
    named = {} if run_id is None else {"run_id": str(run_id)}
    return {
        "logs": [{"occurred_at": at(), "level": "INFO", "message": "hello"} | named],
        "events": [{"name": "table.updated", "occurred_at": at()} | named],
        "points": [{"name": "rows", "occurred_at": at(), "value": 1} | named],
    }


def everything(run_id, epoch):
    return telemetry(run_id) | {
        "runs": [report(run_id, epoch)],
        "task_runs": [task_report(run_id, epoch)],
        "heartbeats": [{"run_id": str(run_id), "epoch": epoch}],
    }


def child(run_id, parent, **changes):
    return report(
        run_id, 1, flow_name="child", source="SUBFLOW", parent_run_id=str(parent), **changes
    )


def count(workspace):
    with workspace_scope(workspace.id):
        return {
            "runs": Run.objects.count(),
            "tasks": TaskRun.objects.filter(workspace_id=workspace.id).count(),
            "events": Event.objects.for_workspace(workspace.id)
            .filter(name="table.updated")
            .count(),
            "logs": LogLine.objects.for_workspace(workspace.id).count(),
        }


def test_all_that_is_the_runs_own_is_accepted(sender, run):
    answer = sender.post("ingest", everything(run.run_id, run.epoch)).json()

    assert (answer["accepted"], answer["rejected"], answer["lost"]) == (6, [], [])


def test_everything_of_another_run_is_rejected_by_its_place(sender, run, workspace):
    other = managed_run(workspace)
    before = count(workspace)

    answer = sender.post("ingest", everything(other.run_id, other.epoch)).json()

    assert answer["accepted"] == 0
    assert {each["code"] for each in answer["rejected"]} == {"not_this_run"}
    assert sorted(each["kind"] for each in answer["rejected"]) == sorted(
        ["events", "heartbeats", "logs", "points", "runs", "task_runs"]
    )
    assert count(workspace) == before


def test_what_names_no_run_is_rejected(sender, workspace):
    answer = sender.post("ingest", telemetry(None)).json()

    assert [each["code"] for each in answer["rejected"]] == ["not_this_run"] * 3
    assert count(workspace)["events"] == 0


def test_another_epoch_is_another_execution(sender, run):
    answer = sender.post("ingest", everything(run.run_id, run.epoch + 1)).json()

    assert answer["accepted"] == 3  # logs, events and points name none
    assert sorted(each["kind"] for each in answer["rejected"]) == [
        "heartbeats",
        "runs",
        "task_runs",
    ]


def test_its_own_is_kept_from_among_what_is_not(sender, run):
    body = {
        "events": [
            {"name": "table.updated", "occurred_at": at(), "run_id": str(run_id)}
            for run_id in (uuid7(), run.run_id, uuid7(), run.run_id)
        ]
        + [{"name": 1}]
    }

    answer = sender.post("ingest", body).json()

    assert answer["accepted"] == 2
    assert sorted((each["index"], each["code"]) for each in answer["rejected"]) == [
        (0, "not_this_run"),
        (2, "not_this_run"),
        (4, "invalid_item"),
    ]


def test_runs_that_it_starts_are_its_own(sender, run, workspace):
    first, second = uuid7(), uuid7()
    begun = sender.post(
        "ingest",
        # The grandchild comes before its parent.
        {"runs": [child(second, first), child(first, run.run_id)]} | telemetry(second),
    ).json()
    assert (begun["accepted"], begun["rejected"]) == (5, [])

    later = sender.post(
        "ingest",
        telemetry(second)
        | {
            "task_runs": [task_report(second, 1)],
            "runs": [report(second, 1, "COMPLETED"), report(first, 1, "COMPLETED")],
        },
    ).json()

    assert (later["accepted"], later["rejected"]) == (6, [])
    with workspace_scope(workspace.id):
        assert set(Run.objects.filter(id__in=[first, second]).values_list("state", flat=True)) == {
            "COMPLETED"
        }


def test_naming_it_as_the_parent_makes_no_run_its_own(sender, run, workspace):
    with workspace_scope(workspace.id):
        theirs = local_run(workspace)

    answer = sender.post(
        "ingest", {"runs": [child(theirs.id, run.run_id, state="FAILED")]} | telemetry(theirs.id)
    ).json()

    assert answer["accepted"] == 0
    with workspace_scope(workspace.id):
        theirs.refresh_from_db()
        assert (theirs.state, theirs.parent_run_id) == ("RUNNING", None)


def test_a_new_run_without_a_parent_is_not_its_own(sender, workspace):
    before = count(workspace)
    stray, of_stray, of_nobody = uuid7(), uuid7(), uuid7()

    answer = sender.post(
        "ingest",
        {
            "runs": [
                report(stray, 1, flow_name="stray"),
                child(of_stray, stray),
                child(of_nobody, uuid7()),
            ]
        },
    ).json()

    assert [each["code"] for each in answer["rejected"]] == ["not_this_run"] * 3
    assert count(workspace) == before


def test_parents_that_go_in_a_circle_lead_nowhere(sender, workspace):
    first, second = uuid7(), uuid7()

    answer = sender.post("ingest", {"runs": [child(first, second), child(second, first)]}).json()

    assert answer["accepted"] == 0


def test_events_have_a_door_that_is_not_for_runs(sender, run):
    body = [{"name": "table.updated", "occurred_at": at(), "run_id": str(run.run_id)}]

    assert sender.post("events", body).status_code == 403


@pytest.mark.parametrize("first", [0, 1])
def test_a_new_run_of_two_parents_is_not_its_own(sender, run, workspace, first):
    with workspace_scope(workspace.id):
        theirs = local_run(workspace)
    new = uuid7()
    tales = [
        child(new, run.run_id, state="COMPLETED"),  # an end, which is applied last
        child(new, theirs.id),
    ]

    answer = sender.post("ingest", {"runs": [tales[first], tales[1 - first]]}).json()

    assert [each["code"] for each in answer["rejected"]] == ["not_this_run"] * 2
    with workspace_scope(workspace.id):
        assert not Run.objects.filter(id=new).exists()


def test_a_report_without_a_parent_beside_one_with_it_makes_no_run(sender, run, workspace):
    new = uuid7()
    tales = [child(new, run.run_id, state="COMPLETED"), report(new, 1, flow_name="stray")]

    sender.post("ingest", {"runs": tales})

    with workspace_scope(workspace.id):
        assert not Run.objects.filter(id=new).exclude(parent_run_id=run.run_id).exists()
