"""What the stack says when a server never becomes ready."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from infra.local.up import _troubles, answers


@pytest.fixture
def serve():
    servers = []

    def make(status, body):
        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_failing_checks_are_named(serve):
    checks = {"database": "ok", "broker": "unreachable", "migrations": "pending"}
    port = serve(503, json.dumps({"status": "unavailable", "checks": checks}).encode())

    assert not answers(port, "/health/ready")
    assert _troubles(port) == " (broker: unreachable, migrations: pending)"


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}"])
def test_another_answer_is_none(serve, body):
    assert _troubles(serve(502, body)) == ", which does not answer"
