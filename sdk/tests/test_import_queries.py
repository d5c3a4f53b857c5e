"""`headway import-queries`: files in parts, by a real process against a server on loopback."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from headway.cli import import_queries
from headway.cli.import_queries import Part, parts_of
from tests_support import PATIENCE_SECONDS

Python = Callable[..., "subprocess.Popen[str]"]


class QueryLog(BaseHTTPRequestHandler):
    """Takes each row once, and refuses rows with `bad` in them."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
        address = urlsplit(self.path)
        server.asked.append((address.path, dict(parse_qsl(address.query)), body))
        if server.busy:
            server.busy -= 1
            error = {"code": "rate_limited", "message": "Later.", "retryable": True}
            self.answer(429, {"error": error}, {"Retry-After": "0"})
            return
        rows = body.decode().splitlines()
        if self.headers["Content-Type"] == "text/csv":
            rows[0] = ""
        bad = [number for number, row in enumerate(rows, start=1) if "bad" in row]
        good = [row for row in rows if row and "bad" not in row]
        new = [row for row in good if row not in server.known]
        server.known.update(new)
        told = {"code": "invalid_item", "message": "No.", "field": "rows", "retryable": False}
        self.answer(
            200,
            {
                "accepted": len(new),
                "duplicates": len(good) - len(new),
                "skipped": 0,
                "rejected_count": len(bad),
                "retryable_count": 0,
                "rejected": [told | {"line": number} for number in bad],
            },
        )

    def answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def door() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), QueryLog)
    server.asked, server.known, server.busy = [], set(), 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def send(door: Any, python: Python) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str) -> tuple[int, str, str]:
        env = {
            "HEADWAY_API_URL": f"http://127.0.0.1:{door.server_port}",
            "HEADWAY_API_KEY": "hw_of_a_test",
            "HEADWAY_WORKSPACE": "acme",
        }
        process = python("-m", "headway", "import-queries", *arguments, env=env)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err

    return call


def test_a_file_goes_in_parts_that_each_have_its_header(
    door: Any, send: Any, tmp_path: Path
) -> None:
    file = tmp_path / "history.csv.gz"
    rows = [f"SELECT {number},ada\n" for number in range(12_000)]
    rows[7_000] = "bad,ada\n"
    file.write_bytes(gzip.compress(("query,user\n" + "".join(rows)).encode()))

    code, out, err = send(str(file), "--preset", "snowflake", "--namespace", "snowflake://a")

    assert (code, out) == (
        1,
        "11,999 queries taken, 0 there already, 0 rows of no query, 1 refused\n",
    )
    assert err == "history.csv.gz:7002: No. (rows)\n"
    assert [body.count(b"\n") for _, _, body in door.asked] == [5_001, 5_001, 2_001]
    assert all(body.startswith(b"query,user\n") for _, _, body in door.asked)
    assert {path for path, _, _ in door.asked} == {"/api/v1/workspaces/acme/query-log"}
    assert door.asked[0][1] == {"preset": "snowflake", "namespace": "snowflake://a"}


def test_the_same_file_twice_adds_nothing(send: Any, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    file.write_text('{"query": "SELECT 1"}\n{"query": "SELECT 2"}\n')

    first, second = send(str(file)), send(str(file))

    assert first[:2] == (0, "2 queries taken, 0 there already, 0 rows of no query, 0 refused\n")
    assert second[:2] == (0, "0 queries taken, 2 there already, 0 rows of no query, 0 refused\n")


def test_a_busy_server_is_waited_for(door: Any, send: Any, tmp_path: Path) -> None:
    door.busy = 2
    file = tmp_path / "log.csv"
    file.write_text("query\nSELECT 1\n")

    assert send(str(file))[0] == 0
    assert len(door.asked) == 3


def test_a_row_goes_on_as_long_as_a_quote_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_queries, "PART_ROWS", 2)
    text = b'query,user\n"SELECT ""a"",\n 1",ada\nSELECT 2,bob\n"SELECT\n\n3",eve\n'

    parts = list(parts_of(io.BufferedReader(io.BytesIO(text)), by_quotes=True, has_header=True))

    assert parts == [
        Part(b'query,user\n"SELECT ""a"",\n 1",ada\nSELECT 2,bob\n', 0),
        Part(b'query,user\n"SELECT\n\n3",eve\n', 3),
    ]
