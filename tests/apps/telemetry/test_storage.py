"""Where storage goes, as a browser asks; on each store."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import services as services_of_runs
from apps.runs.models import Run, TaskRun
from apps.runs.selectors import storage
from apps.telemetry import services
from apps.telemetry.enums import StoredKind
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, TelemetryBatch
from apps.telemetry.models import Retention, RunTransition
from apps.tenancy.isolation import workspace_scope
from tests.databases import superuser
from tests.factories.dispatch import ended_run, local_run
from tests.isolation import as_worker

NOW = utc_now()
PER_DAY = 40


@pytest.fixture
def web(api, alice):
    return api(alice)


@pytest.fixture
def stored(workspace, rival_workspace):
    """Forty of each kind today, ten days ago and twenty, and as many of somebody else."""
    for each in (workspace, rival_workspace):
        with workspace_scope(each.id):
            for days in (0, 10, 20):
                at = NOW - timedelta(days=days)
                services.store_batch(
                    workspace_id=each.id,
                    batch=TelemetryBatch(
                        events=[
                            NewEvent(name="e", occurred_at=at, id=uuid7(at)) for _ in range(PER_DAY)
                        ],
                        logs=[
                            NewLogLine(level="INFO", message="x", occurred_at=at, id=uuid7(at))
                            for _ in range(PER_DAY)
                        ],
                        points=[
                            NewPoint(name="p", value=n, occurred_at=at, id=uuid7(at))
                            for n in range(PER_DAY)
                        ],
                    ),
                    now=NOW,
                )
    with as_worker():
        services.merge_pending_batches()


def analyse():
    with superuser(str(connection.settings_dict["NAME"])) as link:
        for table in ("telemetry_event", "telemetry_log_line", "telemetry_metric_point"):
            link.execute(f"ANALYZE {table}")


@pytest.mark.django_db(transaction=True)
def test_rows_and_bytes_by_kind_and_day_are_ones_own(web, stored):
    analyse()

    answer = web.get("storage").json()

    assert [kind["kind"] for kind in answer["kinds"]] == ["runs", "events", "logs", "metrics"]
    for kind in answer["kinds"][1:]:
        assert kind["rows"] == 3 * PER_DAY
        assert [day["rows"] for day in kind["days"]] == [PER_DAY] * 3
        assert kind["compression"] is None
        assert (kind["plan_days"], kind["own_days"], kind["kept_days"]) == (30, None, 30)
        assert kind["bytes"] == sum(day["bytes"] for day in kind["days"])
        assert kind["bytes"] > 3 * PER_DAY * 50


@pytest.mark.django_db
def test_a_shorter_time_says_first_what_it_would_drop(web, workspace, stored):
    previewed = web.put("storage/retention?preview=true", {"kind": "logs", "days": 15}).json()
    with workspace_scope(workspace.id):
        assert not Retention.objects.exists()
    saved = web.put("storage/retention", {"kind": "logs", "days": 15}).json()

    assert previewed == saved
    assert (saved["kept_days"], saved["dropped_days"], saved["dropped_rows"]) == (15, 1, PER_DAY)
    kinds = {kind["kind"]: kind for kind in web.get("storage").json()["kinds"]}
    assert (kinds["logs"]["own_days"], kinds["events"]["own_days"]) == (15, None)
    assert kinds["logs"]["rows"] == 2 * PER_DAY
    back = web.put("storage/retention", {"kind": "logs", "days": None}).json()
    assert (back["own_days"], back["kept_days"]) == (None, 30)


@pytest.mark.django_db
def test_what_a_shorter_time_dropped_is_not_there_again(web, workspace, rival_workspace, stored):
    with workspace_scope(workspace.id):
        for kind in StoredKind:
            Retention.objects.create(workspace_id=workspace.id, kind=kind.value, days=5)
    with as_worker():
        services.drop_expired(now=NOW)
    with workspace_scope(workspace.id):
        Retention.objects.all().delete()

    kinds = web.get("storage").json()["kinds"]

    assert [kind["kept_days"] for kind in kinds] == [30] * 4
    for kind in kinds[1:]:
        assert [day["day"] for day in kind["days"]] == [NOW.date().isoformat()]
        assert kind["rows"] == PER_DAY


TASKS = 3


@pytest.fixture
def ran(workspace, rival_workspace):
    """A run of three task runs today, ten days ago and twenty; of somebody else, too."""
    found = {}
    for each in (workspace, rival_workspace):
        with workspace_scope(each.id):
            for days in (0, 10, 20):
                at = NOW - timedelta(days=days)
                found[each.id, days] = ended_run(each, at, tasks=TASKS).id
    return found


def kind_of(web, name="runs"):
    return next(kind for kind in web.get("storage").json()["kinds"] if kind["kind"] == name)


@pytest.mark.django_db(transaction=True)
def test_runs_are_counted_with_their_task_runs(web, ran):
    before = kind_of(web)
    with superuser(str(connection.settings_dict["NAME"])) as link:
        link.execute("ANALYZE runs_run, runs_taskrun, telemetry_run_transition")

    kind = kind_of(web)

    assert [day["day"] for day in kind["days"]] == [
        (NOW - timedelta(days=days)).date().isoformat() for days in (20, 10, 0)
    ]
    assert [day["rows"] for day in kind["days"]] == [1 + TASKS] * 3
    assert kind["is_estimate"] is False
    assert (before["rows"], before["bytes"]) == (kind["rows"], None)
    assert 200 * kind["rows"] < kind["bytes"] < 1_000_000


@pytest.mark.django_db
def test_task_runs_of_very_many_runs_are_reckoned_from_some(web, workspace, monkeypatch):
    monkeypatch.setattr(storage, "LOOKED_INTO", 100)
    with workspace_scope(workspace.id):
        run = local_run(workspace)
        Run.objects.filter(id=run.id).update(task_counts={"COMPLETED": 2, "FAILED": 1})
        copy_runs(run.id, 799)

    kind = kind_of(web)

    assert kind["is_estimate"] is True
    assert kind["rows"] == 800 + 3 * 800


def copy_runs(run_id, times):
    columns = [field.column for field in Run._meta.concrete_fields if field.column != "id"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO runs_run (id, {', '.join(columns)}) SELECT gen_random_uuid(),"
            f" {', '.join(columns)} FROM runs_run, generate_series(1, %s) WHERE id = %s",
            [times, run_id],
        )


@pytest.mark.django_db
def test_runs_may_be_kept_shorter_than_the_rest(web, workspace, rival_workspace, stored, ran):
    asked = {"kind": "runs", "days": 15}
    previewed = web.put("storage/retention?preview=true", asked).json()
    saved = web.put("storage/retention", asked).json()

    with as_worker():
        services.drop_expired(now=NOW)
        services_of_runs.drop_expired(now=NOW)

    assert previewed == saved
    assert (saved["dropped_days"], saved["dropped_rows"]) == (1, 1 + TASKS)
    for each, kept in ((workspace, (0, 10)), (rival_workspace, (0, 10, 20))):
        run_ids = {ran[each.id, days] for days in kept}
        with workspace_scope(each.id):
            assert set(Run.objects.for_workspace(each.id).values_list("id", flat=True)) == run_ids
            for rows in (
                TaskRun.objects.filter(workspace_id=each.id),
                RunTransition.objects.for_workspace(each.id),
            ):
                assert set(rows.values_list("run_id", flat=True)) == run_ids
    assert kind_of(web)["rows"] == 2 * (1 + TASKS)
    assert kind_of(web, "events")["rows"] == 3 * PER_DAY


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        *({"days": 0}, {"days": 31}, {"days": 10**30}, {"days": "x"}, {"days": 3, "more": 1}),
        *({}, {"days": 3, "kind": "people"}, {"days": 3, "kind": "\0"}),
    ],
    ids=json.dumps,
)
def test_times_that_cannot_be(web, workspace, body):
    for query in ("", "?preview=true"):
        asked = {"kind": "events"} | body
        assert web.put(f"storage/retention{query}", asked).status_code == 400
    with workspace_scope(workspace.id):
        assert not Retention.objects.exists()


@pytest.mark.django_db
def test_only_who_manages_the_workspace_changes_it(api, bob):
    assert api(bob).get("storage").status_code == 200
    assert api(bob).put("storage/retention", {"kind": "events", "days": 3}).status_code == 403
