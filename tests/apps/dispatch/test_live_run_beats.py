"""The heartbeat of one run that waits for commands: real waiting, real NOTIFY."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient

from apps.core import wakeups
from apps.core.clock import utc_now
from apps.dispatch.api import run_beats
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.compute import make_deployment_with_code, managed_run
from tests.factories.dispatch import report

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("apps.dispatch.api.live_urls"),
    pytest.mark.usefixtures("live_process"),
]


@pytest.fixture
def run(workspace, bundle_folder):
    made = managed_run(workspace, make_deployment_with_code(workspace))
    with workspace_scope(workspace.id):
        report(Run.objects.get(id=made.run_id), RunState.RUNNING, workspace)
    connection.close()
    return made


@pytest.fixture
def beat(workspace, run):
    async def send(*, run_id=None, secret=None, **body):
        response = await AsyncClient().post(
            f"/workspaces/{workspace.slug}/runs/{run_id or run.run_id}/heartbeat",
            {"epoch": run.epoch} | body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret or run.key}"},
        )
        return response.status_code, response.json()

    return send


def in_time(coroutine):
    async def limited():
        return await asyncio.wait_for(coroutine, 90)

    return asyncio.run(limited())


def inside(workspace, call):
    def run():
        try:
            with workspace_scope(workspace.id):
                return call()
        finally:
            connection.close()

    return sync_to_async(run, thread_sensitive=False)()


def test_a_waiting_executor_is_woken_by_a_cancellation(workspace, run, beat, monkeypatch):
    monkeypatch.setattr(run_beats, "LOOK_EVERY_SECONDS", 60)
    listens = asyncio.Event()
    wake_all = wakeups.Listener._wake_all

    def noted(listener):
        wake_all(listener)
        if "headway_run" in listener._channels:
            listens.set()

    monkeypatch.setattr(wakeups.Listener, "_wake_all", noted)

    async def scene():
        waits = asyncio.ensure_future(beat(wait_seconds=30))
        await listens.wait()
        await inside(
            workspace,
            lambda: runs.cancel_run(workspace_id=workspace.id, run_id=run.run_id, now=utc_now()),
        )
        return await waits

    status, answer = in_time(scene())

    assert status == 200
    told = {"run_id": str(run.run_id), "epoch": run.epoch, "command": "cancel"}
    assert answer["commands"] == [told]


def test_an_answer_without_waiting_is_a_beat(beat):
    status, answer = in_time(beat())

    assert status == 200
    assert (answer["commands"], answer["lost"]) == ([], [])


@pytest.mark.parametrize(
    ("changes", "status"), [({"epoch": 9}, 403), ({"wait_seconds": "long"}, 400), ({"x": 1}, 400)]
)
def test_what_is_not_of_its_execution_is_refused(beat, changes, status):
    assert in_time(beat(**changes))[0] == status


def test_the_key_of_another_run_is_refused(workspace, run, beat):
    other = managed_run(workspace)
    connection.close()

    assert in_time(beat(secret=other.key))[0] == 403
    assert in_time(beat(run_id=other.run_id))[0] == 403
