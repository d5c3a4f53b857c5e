"""The live tail, over its own view."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient
from msgspec import Raw

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import services
from apps.telemetry.api import streams
from apps.telemetry.items import NewEvent, TelemetryBatch
from apps.telemetry.tail import LEAST_LOOK_BACK, LOOK_BACK, SHOWN_AT_ONCE
from apps.tenancy import selectors as tenancy_selectors
from apps.tenancy import services as tenancy
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.live import ASKED_EVERY_SECONDS
from tests.databases import superuser
from tests.factories.tenancy import actor_of, make_key

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("apps.telemetry.api.live_urls"),
]


@pytest.fixture(autouse=True)
def _look_often(monkeypatch):
    monkeypatch.setattr(streams, "LOOK_EVERY_SECONDS", 0.01)


def put(workspace, *names, ago=timedelta(0), payload=b"{}"):
    now = utc_now()
    with workspace_scope(workspace.id):
        services.store_batch(
            workspace_id=workspace.id,
            batch=TelemetryBatch(
                events=[
                    NewEvent(name=name, occurred_at=now - ago, id=uuid7(), payload=Raw(payload))
                    for name in names
                ]
            ),
            now=now,
        )
    connection.close()


async def put_soon(*args, **kwargs):
    await sync_to_async(put, thread_sensitive=False)(*args, **kwargs)


async def frames(response):
    """Yield (type, id, data) of each event of the stream."""
    async for chunk in response.streaming_content:
        fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if ": " in line)
        if "data" in fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])


async def until_live(stream, workspace, name, **how):
    """Store events until the stream shows one: its first look only takes stock of what is there."""
    coming = asyncio.ensure_future(anext(stream))
    while not coming.done():
        await put_soon(workspace, name, **how)
        await asyncio.wait({coming}, timeout=0.1)
    return await coming


async def open_stream(workspace, key, query="", **headers):
    return await AsyncClient().get(
        f"/workspaces/{workspace.slug}/streams/events?{query}",
        headers={"Authorization": f"Bearer {key}"} | headers,
    )


def in_time(coroutine):
    async def limited():
        return await asyncio.wait_for(coroutine, 90)

    return asyncio.run(limited())


def test_events_come_as_they_are_stored(alice):
    workspace, key = alice.workspace, make_key(alice, role="VIEWER")
    put(workspace, "before")

    async def scene():
        response = await open_stream(workspace, key)
        assert response["Content-Type"] == "text/event-stream"
        stream = frames(response)
        first = await until_live(stream, workspace, "first")
        await put_soon(workspace, "late", ago=timedelta(seconds=8))
        late = await anext(stream)
        while late[2]["name"] == "first":
            late = await anext(stream)
        await stream.aclose()
        return first, late

    first, late = in_time(scene())

    assert (first[0], first[2]["name"]) == ("event", "first")
    assert (late[0], late[2]["name"]) == ("event", "late")


def test_what_comes_once_the_stream_is_open_is_in_it(alice):
    workspace, key = alice.workspace, make_key(alice, role="VIEWER")

    async def scene():
        response = await open_stream(workspace, key)
        await put_soon(workspace, "at once")
        stream = frames(response)
        first = await anext(stream)
        await stream.aclose()
        return first

    assert in_time(scene())[2]["name"] == "at once"


def test_a_returning_reader_misses_nothing(alice):
    workspace, key = alice.workspace, make_key(alice, role="VIEWER")

    async def scene():
        stream = frames(await open_stream(workspace, key))
        _, cursor, _ = await until_live(stream, workspace, "seen")
        await stream.aclose()
        await put_soon(workspace, "missed")
        again = frames(await open_stream(workspace, key, **{"Last-Event-ID": cursor}))
        names = []
        while "missed" not in names:
            names.append((await anext(again))[2]["name"])
        await again.aclose()
        return names

    assert set(in_time(scene())) == {"seen", "missed"}


def test_a_flood_is_sampled_and_says_so(alice):
    workspace, key = alice.workspace, make_key(alice, role="VIEWER")

    async def scene():
        stream = frames(await open_stream(workspace, key, "name=load.*"))
        await until_live(stream, workspace, "load.begun")
        await put_soon(workspace, *["load.row"] * 500, *["other"] * 100)
        found = [await anext(stream)]
        while found[-1][0] != "sampled":
            found.append(await anext(stream))
        await stream.aclose()
        return [frame for frame in found if frame[2].get("name") != "load.begun"]

    *shown, sampled = in_time(scene())

    assert SHOWN_AT_ONCE - 5 <= len(shown) <= SHOWN_AT_ONCE
    assert {data["name"] for _, _, data in shown} == {"load.row"}
    assert sampled[2]["shown"] == SHOWN_AT_ONCE
    assert sampled[2]["total"] >= 500


@pytest.mark.parametrize("query", ["", "q=name:load.*+payload.n:%3E%3D0"], ids=["all", "filtered"])
def test_the_tail_keeps_up_with_a_thousand_a_second(alice, monkeypatch, query):
    workspace, key = alice.workspace, make_key(alice, role="VIEWER")
    monkeypatch.setattr(streams, "LOOK_EVERY_SECONDS", 0.5)  # as it is outside of tests
    seconds, at_once = 4, 100

    async def push():
        began = time.monotonic()
        for step in range(seconds * 1_000 // at_once):
            await put_soon(workspace, *["load.row"] * at_once, payload=b'{"n": 1}')
            # As long as there is until the next: the machine may be slower than that.
            await asyncio.sleep(max(0.0, began + (step + 1) * at_once / 1_000 - time.monotonic()))
        return time.monotonic()

    async def scene():
        stream = frames(await open_stream(workspace, key, query))
        await until_live(stream, workspace, "load.begun", payload=b'{"n": 1}')
        pushing = asyncio.ensure_future(push())
        shown, hidden, kinds = [], 0, set()
        while len(shown) + hidden < seconds * 1_000:
            kind, _, data = await anext(stream)
            kinds.add(kind)
            if kind == "sampled":
                hidden += data["total"] - data["shown"]
            elif kind == "event" and data["name"] == "load.row":
                shown.append(data["id"])
        counted_at = time.monotonic()
        await stream.aclose()
        return shown, hidden, kinds, counted_at - await pushing

    shown, hidden, kinds, lag = in_time(scene())

    # Up to the last event, each was shown or counted once, a look or two after it was stored.
    assert len(shown) + hidden >= seconds * 1_000
    assert len(set(shown)) == len(shown)
    assert 0 < len(shown) <= hidden
    assert kinds == {"event", "sampled"}
    assert lag < 5


def test_a_tail_that_cannot_keep_up_says_so_and_goes_on(alice, monkeypatch):
    workspace, key = alice.workspace, make_key(alice, role="VIEWER")
    database = str(connection.settings_dict["NAME"])
    monkeypatch.setattr(streams, "REST_SECONDS", 0.01)
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.1)

    async def scene():
        stream = frames(await open_stream(workspace, key, "q=payload.rows:%3E1"))
        # Nobody reads the table while it is held: every look takes too long.
        with superuser(database) as other, other.transaction():
            other.execute("LOCK TABLE telemetry_event IN ACCESS EXCLUSIVE MODE")
            behind = [await anext(stream) for _ in range(8)]
        monkeypatch.setattr(streams, "LOOK_SECONDS", 30.0)
        first = await until_live(stream, workspace, "first", payload=b'{"rows": 2}')
        while first[0] == "behind":
            first = await anext(stream)
        await stream.aclose()
        return behind, first

    behind, first = in_time(scene())

    assert {kind for kind, _, _ in behind} == {"behind"}
    backs = [data["looks_back_seconds"] for _, _, data in behind]
    assert backs == sorted(backs, reverse=True)
    assert (backs[0], backs[-1]) == (LOOK_BACK.total_seconds() / 2, LEAST_LOOK_BACK.total_seconds())
    assert (first[0], first[2]["name"]) == ("event", "first")


def test_streams_are_for_members_with_the_scope(alice, mallory):
    async def statuses():
        return [
            (await open_stream(alice.workspace, key, query, **headers)).status_code
            for key, query, headers in (
                (make_key_of_mallory, "", {}),
                ("hw_wrong", "", {}),
                (good, "name=%00", {}),
                (good, "cursor=xyz", {}),
                (good, "", {"Last-Event-ID": "W10"}),
            )
        ]

    make_key_of_mallory = make_key(mallory, role="OWNER")
    good = make_key(alice, role="VIEWER")
    connection.close()

    assert in_time(statuses()) == [404, 401, 400, 400, 400]


def _revoke(person, key):
    with workspace_scope(person.workspace.id):
        row = tenancy_selectors.list_api_keys(workspace_id=person.workspace.id).get()
        assert key.startswith(row.prefix)
        tenancy.revoke_api_key(key=row, now=utc_now())


def _remove(owner, member):
    with workspace_scope(owner.workspace.id):
        assignment = tenancy_selectors.list_members(workspace_id=owner.workspace.id).get(
            user=member.user
        )
        tenancy.remove_member(actor=actor_of(owner), assignment=assignment)


@pytest.mark.parametrize("way", ["key revoked", "member removed", "logged out"])
def test_a_stream_says_nothing_to_who_may_listen_no_more(alice, bob, way):
    workspace = alice.workspace
    reader = AsyncClient()
    headers = {}
    if way == "key revoked":
        key = make_key(alice, role="VIEWER")
        headers = {"Authorization": f"Bearer {key}"}
        end = partial(_revoke, alice, key)
    else:
        reader.force_login(bob.user)
        end = partial(_remove, alice, bob) if way == "member removed" else reader.logout
    connection.close()

    def ended():
        end()
        connection.close()

    async def scene():
        path = f"/workspaces/{workspace.slug}/streams/events"
        stream = frames(await reader.get(path, headers=headers))
        await until_live(stream, workspace, "public")
        await sync_to_async(ended, thread_sensitive=False)()
        await asyncio.sleep(ASKED_EVERY_SECONDS + 0.1)
        await put_soon(workspace, "private")
        return [data["name"] async for _, _, data in stream]

    assert "private" not in in_time(scene())
