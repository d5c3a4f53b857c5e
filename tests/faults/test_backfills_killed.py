"""Loops are killed at random moments: each part of a backfill has its run, and only one."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.models import Backfill, BackfillPart, ConcurrencyLimit, ConcurrencySlot
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import ALICE, agent, lease, make_deployment, report
from tests.factories.tenancy import sign_up

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]
BACKFILLS, PARTS, CONCURRENCY, LOOPS, KILLS = 4, 80, 5, 2, 6
REPOSITORY = Path(__file__).parents[2]


def start_loops(log):
    settings = connection.settings_dict
    place = f"{settings['NAME']}?host={settings['HOST']}&port={settings['PORT'] or 5432}"
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_worker", "scheduler"],
        cwd=REPOSITORY,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "apps.config.settings.local",
            "HEADWAY_DATABASE_ROLE": "worker",
            "DATABASE_WORKER_URL": f"postgresql://headway_worker@/{place}",
            "LOG_LEVEL": "WARNING",
        },
        stdout=log,
        stderr=log,
    )


def test_whatever_is_killed_each_part_has_one_run(tmp_path):
    rng = random.Random(11)
    workspace = sign_up("alice@acme.example").workspace
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        for number in range(BACKFILLS):
            services.create_backfill(
                workspace_id=workspace.id,
                spec=services.BackfillSpec(
                    deployment_id=deployment.id,
                    name=f"backfill {number}",
                    parameter="part",
                    partitions=[str(part) for part in range(PARTS)],
                    concurrency=CONCURRENCY,
                ),
                created_by=ALICE,
                now=utc_now(),
            )
    worker = agent(capacity=100)
    kills, most, progressed = 0, 0, 0

    with (tmp_path / "loops.log").open("wb") as log:
        loops = [start_loops(log) for _ in range(LOOPS)]
        try:
            made = count_made(workspace)
            while has_more(workspace):
                with workspace_scope(workspace.id):
                    granted = lease(deployment, by=worker, limit=100)
                    most = max(most, len(granted))
                    for each in granted:
                        report(each, RunState.RUNNING, workspace)
                        report(each, RunState.COMPLETED, workspace)
                now_made = count_made(workspace)
                if now_made > made and kills < KILLS:
                    time.sleep(rng.random() * 0.05)
                    victim = loops.pop(0)
                    victim.kill()
                    victim.wait()
                    kills += 1
                    progressed += has_more(workspace)
                    loops.append(start_loops(log))
                if not granted:
                    time.sleep(0.02)
                made = now_made
        finally:
            for loop in loops:
                loop.kill()
                loop.wait()

    with workspace_scope(workspace.id):
        for backfill in Backfill.objects.all():
            parts = dict(backfill.parts.values_list("run_id", "key"))
            runs = Run.objects.filter(backfill_id=backfill.id)
            assert len(parts) == runs.count() == PARTS
            assert {run.id: run.parameters["part"] for run in runs} == parts
            assert {run.state for run in runs} == {"COMPLETED"}
        assert not ConcurrencyLimit.objects.exists()
        assert not ConcurrencySlot.objects.exists()
    assert most <= BACKFILLS * CONCURRENCY
    assert progressed >= 2, "Everything was done before anybody was killed."
    assert b"Traceback" not in (tmp_path / "loops.log").read_bytes()
    print(f"{BACKFILLS * PARTS} parts, {kills} kills: each part one run, no slot left")


def has_more(workspace):
    with workspace_scope(workspace.id):
        return Backfill.objects.filter(state="RUNNING").exists()


def count_made(workspace):
    with workspace_scope(workspace.id):
        return BackfillPart.objects.exclude(run_id=None).count()
