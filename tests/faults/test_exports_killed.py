"""Workers at an export are killed at random moments: each row is in the zip, and once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.exports import services
from apps.exports.models import ExportJob, ExportPart
from apps.tenancy.isolation import account_scope
from tests.factories.automations import event, put
from tests.factories.tenancy import sign_up
from tests.stack import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]
EVENTS, KILLS = 1_500, 8
REPOSITORY = Path(__file__).parents[2]


def start_worker(job, folder, log):
    settings = connection.settings_dict
    place = f"{settings['NAME']}?host={settings['HOST']}&port={settings['PORT'] or 5432}"
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.faults.exporter",
            str(job.account_id),
            str(job.id),
            str(folder),
        ],
        cwd=REPOSITORY,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "apps.config.settings.local",
            "DATABASE_URL": f"postgresql://headway_app@/{place}",
            "LOG_LEVEL": "WARNING",
        },
        stdout=log,
        stderr=log,
    )


def rows_noted(job):
    with account_scope(job.account_id):
        return sum(ExportPart.objects.filter(job=job).values_list("rows", flat=True))


def state_of(job):
    with account_scope(job.account_id):
        return ExportJob.objects.get(pk=job.pk)


def test_whenever_its_workers_are_killed_each_row_is_exported_once(tmp_path, monkeypatch):
    rng = random.Random(11)
    workspace = sign_up("alice@acme.example").workspace
    put(workspace, *[event(f"secret.event.{number}") for number in range(EVENTS)])
    # Celery of the tests would make it here and now.
    monkeypatch.setattr(services.request, "enqueue_on_commit", lambda *_names, **_ids: None)
    job = services.request_export(
        account_id=workspace.account_id, workspace_id=None, requested_by=None, now=utc_now()
    )
    folder = tmp_path / "exports"
    folder.mkdir()
    kills, noted = 0, []

    with (tmp_path / "workers.log").open("wb") as log:
        worker = start_worker(job, folder, log)
        try:
            while kills < KILLS and state_of(job).state != "DONE":
                # Not before it has done something that the one before it had not.
                reached = rows_noted(job) + rng.randrange(20, 120)
                wait_until(
                    "more rows",
                    lambda goal=reached: rows_noted(job) >= goal or state_of(job).state == "DONE",
                    seconds=60,
                    every=0.01,
                )
                worker.kill()
                worker.wait()
                kills += 1
                noted.append(rows_noted(job))
                worker = start_worker(job, folder, log)
            wait_until("the export", lambda: state_of(job).state == "DONE", seconds=120)
        finally:
            worker.kill()
            worker.wait()

    assert kills >= 5, "It was done before anybody was killed."
    assert noted == sorted(noted)
    with zipfile.ZipFile(folder / state_of(job).file_key) as archive:
        lines = archive.read(f"workspaces/{workspace.slug}/events.ndjson").splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert len(ids) == len(set(ids)) == EVENTS
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [
        Path(state_of(job).file_key).name
    ]
    assert b"Traceback" not in (tmp_path / "workers.log").read_bytes()
