"""The live process's handler: what it takes in has an end, and so have those who wait."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from types import SimpleNamespace

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient
from django.urls import path

from apps.core.http.json import MAX_BODY_BYTES
from apps.core.http.live import LiveHandler

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("apps.dispatch.api.live_urls"),
    pytest.mark.usefixtures("live_process"),
]
PATH = "/api/v1/workspaces/anywhere/pools/default/leases"


def test_an_endless_body_is_cut_off():
    chunk = b" " * 100_000
    taken = 0
    sent = []

    async def receive():
        nonlocal taken
        taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "query_string": b""}
    asyncio.run(LiveHandler()(scope, receive, send))

    assert taken <= MAX_BODY_BYTES + len(chunk)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["error"]["code"] == "batch_too_large"


def test_another_method_is_refused_in_the_envelope():
    answer = asyncio.run(AsyncClient().put(PATH.removeprefix("/api/v1")))

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert json.loads(answer.content)["error"]["code"] == "method_not_allowed"


class Views:
    """A view that answers and a stream that never ends; both say what became of them."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.ended = asyncio.Event()

    async def answer(self, request):
        self.threads = {thread.name for thread in threading.enumerate()}
        return HttpResponse("there")

    async def wait(self, request):
        try:
            await asyncio.sleep(3600)
        finally:
            self.ended.set()

    async def stream(self, request):
        async def parts():
            try:
                while True:
                    yield b"part"
                    await asyncio.sleep(0)
            finally:
                self.ended.set()

        return StreamingHttpResponse(parts())

    async def fail(self, request):
        raise RuntimeError("It broke.")


@pytest.fixture
def views(settings):
    views = Views()
    names = ("answer", "wait", "stream", "fail")
    module = SimpleNamespace(urlpatterns=[path(name, getattr(views, name)) for name in names])
    sys.modules["tests.live_views"] = module
    settings.ROOT_URLCONF = "tests.live_views"
    yield views
    del sys.modules["tests.live_views"]


class ServersFuture:
    """What a server may give for `receive()`: awaited like a future, and of asyncio's own parts."""

    _asyncio_future_blocking = False

    def __init__(self, coroutine) -> None:
        self._task = asyncio.ensure_future(coroutine)

    def __await__(self):
        return self._task.__await__()

    def __getattr__(self, name):
        if name == "_cancel_message":
            raise AttributeError(name)
        return getattr(self._task, name)

    def add_done_callback(self, callback, *, context=None):
        self._task.add_done_callback(lambda _: callback(self), context=context)


async def ask(name, *, leaves_after=None, server=None):
    """Ask, as a server would, and go once so many messages came; return the messages."""
    sent = []
    gone = asyncio.Event()
    given = iter([{"type": "http.request", "body": b""}])

    def receive():
        return server(take()) if server else take()

    async def take():
        if (message := next(given, None)) is not None:
            if leaves_after == 0:
                gone.set()
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if len(sent) == leaves_after:
            gone.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/{name}",
        "headers": [],
        "query_string": b"",
    }
    await asyncio.wait_for(LiveHandler()(scope, receive, send), 20)
    return sent


def test_a_request_begins_no_thread(views):
    before = {thread.name for thread in threading.enumerate()}

    sent = asyncio.run(ask("answer"))

    assert [sent[0]["status"], sent[1]["body"]] == [200, b"there"]
    assert views.threads <= before


@pytest.mark.parametrize(("name", "messages"), [("wait", 0), ("stream", 3)])
def test_nobody_is_waited_for_who_left(views, name, messages):
    sent = asyncio.run(ask(name, leaves_after=messages))

    assert views.ended.is_set()
    assert len(sent) < messages + 10  # a few until it is noticed


def test_what_breaks_is_answered_and_the_next_is_served(views):
    assert asyncio.run(ask("fail"))[0]["status"] == 500
    assert asyncio.run(ask("answer"))[0]["status"] == 200


def test_a_servers_future_that_is_no_asyncio_one_keeps_nobody_waiting(views):
    sent = asyncio.run(ask("answer", server=ServersFuture))

    assert sent[0]["status"] == 200
