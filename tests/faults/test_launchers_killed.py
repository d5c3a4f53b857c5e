"""Launchers are killed at random moments: no lease has two tasks, and nothing stays behind."""

import random
import time

import psutil
import pytest
from django.db import connection

from apps.compute.backends.local import SHIM, LocalBackend
from apps.compute.models import ManagedTask
from apps.dispatch.models import Lease
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from billing.metering.models import UsageRecord
from tests.factories.compute import make_managed_deployment
from tests.factories.dispatch import start
from tests.factories.tenancy import sign_up
from tests.faults.nursery import Nursery
from tests.isolation import as_worker
from tests.stack import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]
WORKSPACES, RUNS, LAUNCHERS, KILLS = 3, 12, 2, 25


def launchers_of_the_tests(log):
    settings = connection.settings_dict
    place = f"{settings['NAME']}?host={settings['HOST']}&port={settings['PORT'] or 5432}"
    environment = {
        "DJANGO_SETTINGS_MODULE": "apps.config.settings.local",
        "HEADWAY_DATABASE_ROLE": "worker",
        "DATABASE_WORKER_URL": f"postgresql://headway_worker@/{place}",
        "LOG_LEVEL": "WARNING",
    }
    return Nursery("tests.faults.launcher", environment=environment, log=log)


def left():
    """How many runs have not come to their end."""
    with as_worker():
        return Run.objects.filter(ended_at=None).count()


def shims_of(home):
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if str(SHIM) in words and any(str(home) in word for word in words):
            found.append(process)
    return found


def test_whatever_is_killed_no_lease_has_two_tasks_and_nothing_stays(tmp_path):
    rng = random.Random(7)
    home, notes = tmp_path / "compute", tmp_path / "notes"
    notes.mkdir()
    for number in range(WORKSPACES):
        workspace = sign_up(f"p{number}@acme.example").workspace
        # Half of the tasks end badly, and each gets one more try: another lease, another task.
        deployment = make_managed_deployment(workspace, retries=1)
        with workspace_scope(workspace.id):
            for _ in range(RUNS):
                start(deployment)

    with (tmp_path / "launchers.log").open("wb") as log, launchers_of_the_tests(log) as nursery:
        launchers = [nursery.start(str(home), str(notes)) for _ in range(LAUNCHERS)]
        kills = 0
        wait_until("the first task", lambda: any(notes.iterdir()), seconds=60, every=0.05)
        while kills < KILLS and left() > 0:
            time.sleep(rng.random() * 0.3)
            nursery.kill(launchers.pop(rng.randrange(len(launchers))))
            kills += 1
            launchers.append(nursery.start(str(home), str(notes)))
        wait_until("all runs to end", lambda: left() == 0, seconds=150)
        wait_until("all tasks to be settled", lambda: _unsettled() == 0, seconds=30)

    assert kills >= 8, "Everything was done before anybody was killed."
    executions = {note.name: note.read_text() for note in notes.iterdir()}
    assert set(executions.values()) == {"x"}, "A token was executed twice."
    with as_worker():
        leases = {f"{run}-{epoch}" for run, epoch in Lease.objects.values_list("run_id", "epoch")}
        assert set(executions) <= leases
        assert not Lease.objects.filter(ended_at=None).exists()
        tasks = list(ManagedTask.objects.all())
        assert {task.token for task in tasks} == leases
        assert {bytes(task.run_key.encode()) for task in tasks} == {b""}
        metered = list(
            UsageRecord.objects.filter(meter="managed_seconds").values_list("source_key", flat=True)
        )
    assert sorted(metered) == sorted(task.token for task in tasks if task.started_at is not None)
    assert set(executions) <= set(metered)
    assert LocalBackend(home=home, slots=1).list_live() == []
    wait_until("the last shims to go", lambda: shims_of(home) == [], seconds=10)
    assert b"Traceback" not in (tmp_path / "launchers.log").read_bytes()
    print(f"\n{kills} kills; {len(leases)} leases, {len(executions)} tasks executed once each")


def _unsettled():
    with as_worker():
        return ManagedTask.objects.active().count()
