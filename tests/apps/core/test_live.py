"""The live process's handler: what it takes in has an end."""

from __future__ import annotations

import asyncio
import json

import pytest
from django.test import AsyncClient

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
