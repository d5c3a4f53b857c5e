"""A bug reaches Sentry and the log; a refusal reaches the log only. In a process of its own."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.stack import ROOT

# A bug and a refusal, asked for through the whole stack of middlewares.
_PROCESS = """
import django
django.setup()
import sentry_sdk
from django.http import HttpRequest
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import path
from rest_framework.views import APIView
from apps.config import urls
from apps.core.errors import NotFound

class Bug(APIView):
    authentication_classes = permission_classes = ()
    def get(self, request):
        row = "a tenant's " + "data"
        raise ZeroDivisionError("a bug of ours")

class BugInHook(APIView):
    authentication_classes = permission_classes = ()
    def post(self, request, token):
        import logging
        logging.getLogger("somebody.elses").warning("cannot read %s", request.path)
        raise ZeroDivisionError(f"cannot read {request.build_absolute_uri()}")

class Refusal(APIView):
    authentication_classes = permission_classes = ()
    def get(self, request):
        raise NotFound("No such thing.")

urls.urlpatterns[:0] = [
    path("api/bug", Bug.as_view()),
    path("api/refusal", Refusal.as_view()),
    path("hooks/<str:token>", BugInHook.as_view()),
]
client = Client(raise_request_exception=False)
for address in ("/api/bug", "/api/refusal"):
    headers = {"X-Request-Id": "req_of_the_test", "Authorization": "Bearer hw_key"}
    answer = client.get(address, headers=headers)
    print(answer.status_code, answer.json()["error"]["code"], answer.json()["error"]["request_id"])
for token in ("hwh_TheSecretOfTheAddress", "the-secret-by-another-name"):
    client.post(f"/hooks/{token}")
sentry_sdk.flush(10)
"""


class Sink(BaseHTTPRequestHandler):
    """What Sentry's ingest looks like to its client."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received.append(body.decode())  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def sentry() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.received = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run_process(
    sentry: ThreadingHTTPServer, *, log_format: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS],
        cwd=ROOT,
        env={
            "DJANGO_SETTINGS_MODULE": "apps.config.settings.test",
            "SENTRY_DSN": f"http://public@127.0.0.1:{sentry.server_port}/1",
            "LOG_FORMAT": log_format,
            "LOG_LEVEL": "INFO",
            "NO_PROXY": "*",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_bugs_go_to_sentry_and_refusals_do_not(sentry: ThreadingHTTPServer) -> None:
    done = run_process(sentry, log_format="json")

    answers = [line for line in done.stdout.splitlines() if line[0].isdigit()]
    assert answers == ["500 internal req_of_the_test", "404 not_found req_of_the_test"]
    sent = "\n".join(sentry.received)  # type: ignore[attr-defined]
    assert "a bug of ours" in sent
    assert "No such thing." not in sent
    assert "hw_key" not in sent
    assert "a tenant's data" not in sent
    lines = [
        json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line[0] == "{"
    ]
    served = [line for line in lines if line["event"] == "request.served"]
    assert [line["status"] for line in served] == [500, 404]
    assert {line["request_id"] for line in served} == {"req_of_the_test"}
    assert [line["code"] for line in lines if line["event"] == "request.refused"] == ["not_found"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_the_address_of_a_webhook_reaches_neither(
    sentry: ThreadingHTTPServer, log_format: str
) -> None:
    done = run_process(sentry, log_format=log_format)

    sent = "\n".join(sentry.received)  # type: ignore[attr-defined]
    assert sent.count("/hooks/[redacted]") > 1
    assert (done.stdout + done.stderr).count("/hooks/[redacted]") > 1
    for told in (sent, done.stdout, done.stderr):
        assert "TheSecretOfTheAddress" not in told
        assert "the-secret-by-another-name" not in told
