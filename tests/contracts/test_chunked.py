"""Bodies in chunks, through the server of production: what comes so is stored, as any other."""

from __future__ import annotations

import gzip
import json
import socket
import urllib.parse
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from apps.core.clock import utc_now
from apps.core.http.json import wire_time
from apps.ingest.models import Refused
from apps.telemetry.models import Event
from apps.tenancy.isolation import workspace_scope
from tests.apps.ingest.doors.otlp_bodies import PROTOBUF, as_protobuf, request, span
from tests.factories.tenancy import make_key
from tests.live_process import web_process
from tests.stack import wait_until

SPANS = as_protobuf("traces", request("traces", [span()]))
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def web(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), web_process() as url:
        yield url


@pytest.fixture
def send(web, alice):
    key = make_key(alice, role="AGENT")

    def post(path: str, body: bytes, content_type: str, **headers: str) -> httpx2.Response:
        parts = [body[at : at + 1_000] for at in range(0, len(body), 1_000)]
        told = {"Authorization": f"Bearer {key}", "Content-Type": content_type} | headers
        with httpx2.Client(timeout=30, trust_env=False) as client:
            request = client.build_request("POST", web + path, content=iter(parts), headers=told)
            assert request.headers["Transfer-Encoding"] == "chunked"
            assert "Content-Length" not in request.headers
            return client.send(request)

    post.key = key  # type: ignore[attr-defined]
    return post


def names(workspace):
    with workspace_scope(workspace.id):
        rows = Event.objects.for_workspace(workspace.id)
        return sorted(rows.values_list("name", flat=True))


def refused(workspace):
    with workspace_scope(workspace.id):
        rows = Refused.objects.filter(workspace_id=workspace.id)
        return {(row.door, row.code): row.count for row in rows}


def test_what_comes_in_chunks_is_stored(send, workspace):
    now = wire_time(utc_now())
    native = json.dumps([{"name": "native", "occurred_at": now, "payload": {"a": "b" * 5_000}}])
    lineage = {"eventTime": now, "job": {"namespace": "n", "name": "j"}}

    answers = [
        send("/otlp/v1/traces", SPANS, PROTOBUF),
        send(
            "/api/v1/lineage",
            gzip.compress(json.dumps(lineage).encode()),
            "application/json",
            **{"Content-Encoding": "gzip"},
        ),
        send(f"/api/v1/workspaces/{workspace.slug}/events", native.encode(), "application/json"),
    ]

    assert [each.status_code for each in answers] == [200, 201, 200]
    assert names(workspace) == ["native", "openlineage.job", "otel.span"]


def test_a_route_of_the_api_reads_them_too(send, alice, web, workspace):
    key = make_key(alice, role="OWNER")
    body = json.dumps({"name": "nights"}).encode()

    answer = send(
        f"/api/v1/workspaces/{workspace.slug}/pools",
        body,
        "application/json",
        Authorization=f"Bearer {key}",
    )

    assert answer.status_code == 201, answer.text


def test_one_that_is_too_long_is_refused_and_counted(send, workspace):
    answer = send("/otlp/v1/traces", bytes(7 * 1024 * 1024), PROTOBUF)

    assert answer.status_code == 413
    assert refused(workspace) == {("otlp", "batch_too_large"): 1}


def test_the_beginning_of_a_body_is_not_taken_for_one(send, web, workspace):
    """Of two spans one is whole when the sender breaks off."""
    body = SPANS * 2
    place = urllib.parse.urlsplit(web)
    head = (
        f"POST /otlp/v1/traces HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"Authorization: Bearer {send.key}\r\nContent-Type: {PROTOBUF}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )

    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(head.encode() + body[: len(body) // 2])

    wait_until("the refusal", lambda: refused(workspace) == {("otlp", "invalid_request"): 1})
    assert names(workspace) == []
