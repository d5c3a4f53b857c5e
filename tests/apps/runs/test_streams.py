"""The streams of runs, over their own views."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.test import AsyncClient

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs.api import streams
from apps.runs.enums import RunState
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewLogLine, TelemetryBatch
from apps.tenancy.isolation import workspace_scope
from tests.apps.runs.test_task_runs import said, tell
from tests.factories.dispatch import local_run, report
from tests.factories.tenancy import actor_of, make_key

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("apps.runs.api.live_urls"),
    pytest.mark.usefixtures("live_process"),
]


@pytest.fixture(autouse=True)
def _look_often(monkeypatch):
    monkeypatch.setattr(streams, "LOOK_EVERY_SECONDS", 0.02)


@pytest.fixture
def run(workspace):
    with workspace_scope(workspace.id):
        made = local_run(workspace)
    connection.close()
    return made


def inside(workspace, call):
    def work():
        try:
            with workspace_scope(workspace.id):
                return call()
        finally:
            connection.close()

    return sync_to_async(work, thread_sensitive=False)()


async def open_stream(workspace, key, path="runs", **headers):
    return await AsyncClient().get(
        f"/workspaces/{workspace.slug}/streams/{path}",
        headers={"Authorization": f"Bearer {key}"} | headers,
    )


async def frames(response):
    async for chunk in response.streaming_content:
        fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if ": " in line)
        if "data" in fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])


def in_time(coroutine):
    async def limited():
        return await asyncio.wait_for(coroutine, 90)

    return asyncio.run(limited())


def log(workspace, run, *messages, ago=timedelta(0)):
    at = utc_now() - ago
    telemetry.store_batch(
        workspace_id=workspace.id,
        batch=TelemetryBatch(
            logs=[
                NewLogLine(occurred_at=at, level="INFO", message=message, run_id=run.id)
                for message in messages
            ]
        ),
        now=utc_now(),
    )


def end_with_a_line(workspace, run):
    """As a process does that reports its last line and its end in one batch."""
    with transaction.atomic():
        log(workspace, run, "all done")
        report(run, RunState.COMPLETED, workspace)


def test_each_change_of_a_run_comes_once(alice, workspace, run):
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key))
        first = await anext(stream)
        await inside(workspace, lambda: report(run, RunState.COMPLETED, workspace))
        second = await anext(stream)
        other = await inside(workspace, lambda: local_run(workspace))
        third = await anext(stream)
        await stream.aclose()
        return other, [first, second, third]

    other, seen = in_time(scene())

    assert [(kind, data["id"], data["state"]) for kind, _, data in seen] == [
        ("run", str(run.id), "RUNNING"),
        ("run", str(run.id), "COMPLETED"),
        ("run", str(other.id), "RUNNING"),
    ]
    assert seen[0][2].keys() == seen[2][2].keys() >= {"flow", "task_counts", "duration_ms"}


def test_a_returning_reader_misses_nothing(alice, workspace, run):
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key))
        _, cursor, _ = await anext(stream)
        await stream.aclose()
        await inside(workspace, lambda: report(run, RunState.FAILED, workspace))
        again = frames(await open_stream(workspace, key, **{"Last-Event-ID": cursor}))
        data = (await anext(again))[2]
        await again.aclose()
        return data

    assert in_time(scene())["state"] == "FAILED"


def test_one_run_tells_of_its_state_its_lines_and_its_task_runs(alice, workspace, run):
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key, f"runs/{run.id}"))
        seen = [await anext(stream)]
        await inside(workspace, lambda: log(workspace, run, "one"))
        seen.append(await anext(stream))
        await inside(
            workspace,
            lambda: tell(run, *[said(run, uuid7(), n, RunState.RUNNING) for n in range(3)]),
        )
        seen.append(await anext(stream))
        await inside(workspace, lambda: log(workspace, run, "two"))
        seen.append(await anext(stream))
        await inside(workspace, lambda: report(run, RunState.COMPLETED, workspace))
        seen.append(await anext(stream))
        await stream.aclose()
        return seen

    seen = in_time(scene())

    assert [kind for kind, _, _ in seen] == ["run", "log", "task_runs", "log", "run"]
    assert [data["message"] for kind, _, data in seen if kind == "log"] == ["one", "two"]
    assert seen[2][2] == {"changed": 3, "counts": {"RUNNING": 3}}
    assert not any(seen[4][2]["may"].values())


def test_the_last_line_comes_before_the_end_that_was_stored_with_it(alice, workspace, run):
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key, f"runs/{run.id}"))
        await anext(stream)
        await inside(workspace, lambda: end_with_a_line(workspace, run))
        seen = [await anext(stream), await anext(stream)]
        await stream.aclose()
        return seen

    (first, _, line), (second, _, ended) = in_time(scene())

    assert (first, line["message"]) == ("log", "all done")
    assert (second, ended["state"]) == ("run", "COMPLETED")


def test_lines_that_come_after_the_end_are_told_before_the_stream_ends(
    alice, workspace, run, monkeypatch
):
    key = make_key(alice, role="VIEWER")
    connection.close()
    monkeypatch.setattr(streams, "SETTLE_SECONDS", 3600.0)

    async def scene():
        stream = frames(await open_stream(workspace, key, f"runs/{run.id}"))
        await anext(stream)
        await inside(workspace, lambda: report(run, RunState.COMPLETED, workspace))
        seen = [await anext(stream)]
        await inside(workspace, lambda: log(workspace, run, "last words"))
        monkeypatch.setattr(streams, "SETTLE_SECONDS", 0.0)
        seen += [frame async for frame in stream]
        return seen

    seen = in_time(scene())

    assert [kind for kind, _, _ in seen] == ["run", "log", "end"]
    assert seen[1][2]["message"] == "last words"


def test_the_stream_is_over_only_after_the_run(alice, workspace, run, monkeypatch):
    monkeypatch.setattr(streams, "SETTLE_SECONDS", 0.0)
    watch = streams.RunWatch(workspace_id=workspace.id, run_id=run.id, after=None)

    def is_over_after(looks):
        for _ in range(looks):
            watch.look(actor_of(alice))
        return watch.is_over

    assert not is_over_after(3)
    with workspace_scope(workspace.id):
        report(run, RunState.COMPLETED, workspace)
    assert not is_over_after(1)
    assert is_over_after(1)


def test_a_line_that_was_sent_late_is_told_after_newer_ones(alice, workspace, run):
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key, f"runs/{run.id}"))
        await anext(stream)
        await inside(workspace, lambda: log(workspace, run, "newer"))
        first = await anext(stream)
        await inside(workspace, lambda: log(workspace, run, "older", ago=timedelta(minutes=5)))
        second = await anext(stream)
        await stream.aclose()
        return [first, second]

    assert [data["message"] for _, _, data in in_time(scene())] == ["newer", "older"]


def test_a_stream_begins_with_lines_that_a_page_read_before_it_may_lack(alice, workspace, run):
    with workspace_scope(workspace.id):
        log(workspace, run, "stored since", ago=timedelta(minutes=1))
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key, f"runs/{run.id}"))
        first = await anext(stream)
        await stream.aclose()
        return first

    assert in_time(scene())[2]["message"] == "stored since"


def test_a_long_log_is_told_from_its_newest_lines_on(alice, workspace, run, monkeypatch):
    monkeypatch.setattr(streams, "FIRST_LINES", 3)
    with workspace_scope(workspace.id):
        for number in range(5):
            log(workspace, run, f"line {number}", ago=timedelta(seconds=5 - number))
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key, f"runs/{run.id}"))
        seen = [await anext(stream) for _ in range(4)]
        await inside(workspace, lambda: log(workspace, run, "and on"))
        seen.append(await anext(stream))
        await stream.aclose()
        return seen

    assert [data["message"] for kind, _, data in in_time(scene()) if kind == "log"] == [
        "line 2",
        "line 3",
        "line 4",
        "and on",
    ]


def test_a_change_that_commits_late_is_told_after_newer_ones(alice, workspace, run):
    key = make_key(alice, role="VIEWER")
    connection.close()

    async def scene():
        stream = frames(await open_stream(workspace, key))
        await anext(stream)
        other = await inside(workspace, lambda: local_run(workspace))
        await anext(stream)
        # Stands for a transaction that began 20 s ago, when it took the time.
        await inside(
            workspace,
            lambda: report(
                run, RunState.COMPLETED, workspace, now=utc_now() - timedelta(seconds=20)
            ),
        )
        third = await anext(stream)
        await stream.aclose()
        return other, third

    _, (_, _, row) = in_time(scene())

    assert (row["id"], row["state"]) == (str(run.id), "COMPLETED")


def test_streams_are_for_members_with_the_scope(alice, mallory, workspace, run):
    good, theirs = make_key(alice, role="VIEWER"), make_key(mallory, role="OWNER")
    connection.close()

    async def statuses():
        return [
            (await open_stream(workspace, secret, path, **headers)).status_code
            for secret, path, headers in (
                ("hw_wrong", "runs", {}),
                (theirs, "runs", {}),
                (theirs, f"runs/{run.id}", {}),
                (good, f"runs/{uuid7()}", {}),
                (good, "runs?cursor=xyz", {}),
                (good, "runs", {"Last-Event-ID": "2026-01-01"}),
            )
        ]

    assert in_time(statuses()) == [401, 404, 404, 404, 400, 400]
