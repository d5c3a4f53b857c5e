"""A small real HTTP server on loopback that keeps the contract the SDK relies on."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import headway
from headway._ids import uuid7
from headway._states import LEGAL, State, is_final

KEY = "hw_testing"
PATIENCE_SECONDS = 60.0  # for what must come: many processes start here, on a machine that is busy
PREFIX = "/api/v1/workspaces/acme/"


class ContractServer:
    """State that outlives stopping and starting again on the same port."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.items: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.seen: set[str] = set()
        self.duplicates = 0
        self.requests: list[tuple[str, str]] = []
        self.batches: list[dict[str, Any]] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.queued: list[dict[str, Any]] = []
        self.cancelled: set[str] = set()
        self.lost: set[str] = set()
        self.tells_only_who_waits = False  # commands, of those who may wait for them
        self.page: int | None = None  # every answer is a web page with this status
        self.beats: dict[str, int] = defaultdict(int)
        self.deployments: dict[str, dict[str, Any]] = {}
        self.answers: list[tuple[int, dict[str, str], Any]] = []  # to give before the real ones
        self.reject: Callable[[str, dict[str, Any]], dict[str, str] | None] = lambda _k, _i: None
        self.draining = False  # the agents, by what they are told
        self.agents: dict[str, dict[str, Any]] = {}  # as they introduced themselves last
        self.refused_polls = 0  # how many more are answered with 429
        self.allowance: dict[str, int] = {}  # how many more of a kind are taken
        self.retry_after = "3600"
        self.reply_headers: dict[str, str] = {}
        self.largest_batch = 5_000
        self.streams = True
        self.pools = [{"id": "p1", "name": "default", "kind": "PROCESS"}]
        self.pool_kinds: list[dict[str, Any]] = []
        self.members: list[dict[str, Any]] = []
        self.bundles: dict[str, bytes] = {}
        self.tasks: dict[str, dict[str, Any]] = {}  # what a managed run's task shall do
        self.redeployed: dict[str, dict[str, Any]] = {}  # a run's order from the second asking on
        self.phases: list[tuple[str, str]] = []
        self.questions: dict[str, dict[str, Any]] = {}  # that runs asked, by their key
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        return {"HEADWAY_API_URL": self.url, "HEADWAY_API_KEY": KEY, "HEADWAY_WORKSPACE": "acme"}

    def start(self) -> None:
        handler = type("Bound", (_Handler,), {"state": self})
        ThreadingHTTPServer.allow_reuse_address = True
        ThreadingHTTPServer.daemon_threads = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.block_on_close = False
        self._server.open_connections = set()  # type: ignore[attr-defined]
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop like a killed process: open connections are cut."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        server.server_close()
        for connection in list(server.open_connections):  # type: ignore[attr-defined]
            connection.close()
        with self.changed:
            self.changed.notify_all()

    def wait_for(self, condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
        """Wait until something that a request brought makes `condition` true."""
        with self.changed:
            if not self.changed.wait_for(condition, seconds):
                raise AssertionError(f"not reached in {seconds} s; states: {self.states()}")
            return condition()

    def states(self) -> dict[str, list[str]]:
        return {run_id: run["states"] for run_id, run in self.runs.items()}

    def only_run(self) -> dict[str, Any]:
        assert len(self.runs) == 1, self.states()
        return next(iter(self.runs.values()))

    def task_runs(self) -> dict[str, dict[str, Any]]:
        """The newest report of each task run, by its name."""
        newest: dict[str, dict[str, Any]] = {}
        for report in self.items["task_runs"]:
            known = newest.get(report["name"])
            if known is None or known["sequence"] < report["sequence"]:
                newest[report["name"]] = report
        return newest

    def answer(self, title: str, **answer: Any) -> None:
        """Answer the question of this title, once it is asked."""
        question = self.wait_for(
            lambda: next((q for q in self.questions.values() if q["title"] == title), None)
        )
        with self.changed:
            question |= answer

    def end_run(self, run_id: str, state: str) -> None:
        with self.changed:
            self.runs[run_id]["state"] = state

    def messages(self) -> list[str]:
        return [line["message"] for line in self.items["logs"]]

    def queue_run(self, deployment: dict[str, Any], **fields: Any) -> str:
        run_id = uuid7()
        lease = {
            "run_id": run_id,
            "epoch": 1,
            "lease_seconds": 30,
            "run_name": "test-run",
            "flow_name": "flow",
            "attempt": 1,
            "parameters": {},
            "timeout_seconds": None,
            "deployment": {"id": uuid7(), "name": "test", "version": None, **deployment},
            **fields,
        }
        with self.changed:
            self.runs[run_id] = self._new_run(run_id, "SCHEDULED")
            self.queued.append(lease)
            self.changed.notify_all()
        return run_id

    @staticmethod
    def _new_run(run_id: str, state: str) -> dict[str, Any]:
        return {"id": run_id, "state": state, "states": [state], "illegal": [], "reports": []}

    def queue_task(self, bundle: bytes, entrypoint: str, **fields: Any) -> str:
        """A run of a managed pool that has been leased, and what its task shall do."""
        run_id = self.queue_run({"entrypoint": entrypoint, "path": ""}, **fields)
        with self.changed:
            lease = self.queued.pop()
            self.apply({"run_id": run_id, "state": "PENDING"})
            sha256 = hashlib.sha256(bundle).hexdigest()
            self.bundles[sha256] = bundle
            self.tasks[run_id] = {
                "lease": lease,
                "bundle": {"sha256": sha256, "bytes": len(bundle)},
                "requirements": [],
                "python": ">=3.11",
                "size": {"cpu": 0.25, "memory_mb": 512},
            }
        return run_id

    # The routes.

    def ingest(self, body: dict[str, Any]) -> tuple[int, Any]:
        if sum(len(items) for items in body.values()) > self.largest_batch:
            return 413, _error("batch_too_large", "Too many items.")
        rejected: list[dict[str, Any]] = []
        accepted = duplicates = 0
        self.batches.append(body)
        ending = [r for r in body.get("runs", []) if is_final(State(r["state"]))]
        starting = [r for r in body.get("runs", []) if r not in ending]
        places = {id(r): index for index, r in enumerate(body.get("runs", []))}
        ordered = [("runs", places[id(r)], r) for r in starting]
        for kind in ("task_runs", "logs", "events", "points"):
            ordered += [(kind, index, item) for index, item in enumerate(body.get(kind, []))]
        ordered += [("runs", places[id(r)], r) for r in ending]
        for kind, index, item in ordered:
            refusal = self.reject(kind, item) or self.limit(kind)
            if refusal is not None:
                rejected.append({"kind": kind, "index": index, "message": "", **refusal})
                continue
            key = item.get("id") or json.dumps([kind, item], sort_keys=True)
            if key in self.seen:
                duplicates += 1
                continue
            self.seen.add(key)
            accepted += 1
            self.items[kind].append(item)
            if kind == "runs":
                self.apply(item)
        lost = []
        commands = []
        for beat in body.get("heartbeats", []):
            run_id = beat["run_id"]
            self.beats[run_id] += 1
            if run_id not in self.runs or run_id in self.lost:
                lost.append(beat)
            elif run_id in self.cancelled:
                commands.append({**beat, "command": "cancel"})
        self.duplicates += duplicates
        return 200, {
            "accepted": accepted,
            "duplicates": duplicates,
            "rejected": rejected,
            "commands": commands,
            "lost": lost,
        }

    def limit(self, kind: str) -> dict[str, str] | None:
        left = self.allowance.get(kind)
        if left is None:
            return None
        self.allowance[kind] = max(0, left - 1)
        if left:
            return None
        self.reply_headers = {"Retry-After": self.retry_after}
        return {"code": "rate_limited"}

    def apply(self, report: dict[str, Any]) -> None:
        run = self.runs.setdefault(
            report["run_id"], self._new_run(report["run_id"], State.SCHEDULED)
        )
        target = State(report["state"])
        if target not in LEGAL[State(run["state"])]:
            run["illegal"].append((run["state"], target.value))
            return
        run["state"] = target.value
        run["states"].append(target.value)
        run["reports"].append(report)

    def lease(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.refused_polls:
            self.refused_polls -= 1
            self.reply_headers = {"Retry-After": "0.2"}
            return 429, _error("rate_limited", "Too many requests.")
        self.agents[body["agent"]["id"]] = body["agent"]
        deadline = time.monotonic() + body["wait_seconds"]
        while (
            time.monotonic() < deadline
            and not (self.queued and body["limit"] and not self.draining)
            and not self.commands(body["heeded"])
            and self._server is not None
        ):
            self.changed.wait(max(0.0, deadline - time.monotonic()))
        leases: list[dict[str, Any]] = []
        while self.queued and not self.draining and len(leases) < body["limit"]:
            lease = self.queued.pop(0)
            self.apply({"run_id": lease["run_id"], "state": "PENDING"})
            leases.append(lease)
        return 200, {
            "leases": leases,
            "commands": self.commands(body["heeded"]),
            "draining": self.draining,
        }

    def commands(self, heeded: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What an agent that has heeded these shall do; of all runs, as if all were its own."""
        wanted = [
            {"run_id": run_id, "epoch": 1, "command": "cancel"}
            for run_id in sorted(self.cancelled)
            if run_id in self.runs and not is_final(State(self.runs[run_id]["state"]))
        ]
        return [each for each in wanted if each not in heeded]

    def heartbeat(self, body: dict[str, Any]) -> tuple[int, Any]:
        for lease in body["leases"]:
            self.beats[lease["run_id"]] += 1
        return 200, {
            "commands": [
                {**lease, "command": "cancel"}
                for lease in body["leases"]
                if lease["run_id"] in self.cancelled
            ],
            "lost": [lease for lease in body["leases"] if lease["run_id"] in self.lost],
            "draining": self.draining,
        }

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/api/v1/me":
            return 200, {
                "actor": {"kind": "api_key", "id": "k", "name": "testing", "email": None},
                "live_url": self.url,
                "workspaces": [{"id": "w", "slug": "acme", "name": "Acme"}],
            }
        if not path.startswith(PREFIX):
            return 404, _error("not_found", "No such workspace.")
        parts = path.removeprefix(PREFIX).split("/")
        match method, parts:
            case "POST", ["ingest"]:
                return self.ingest(body)
            case "POST", ["pools", "default", "leases"]:
                return self.lease(body)
            case "POST", ["pools", "default", "heartbeats"]:
                return self.heartbeat(body)
            case "POST", ["runs", run_id, "transitions"]:
                known = self.runs.get(run_id)
                if known is None:
                    return 404, _error("not_found", "No such run.")
                if not {"epoch", "state", "occurred_at"} <= body.keys():
                    return 400, _error("invalid_request", "A field is missing.")
                if State(body["state"]) not in LEGAL[State(known["state"])]:
                    return 409, _error("illegal_transition", "That move is not legal.")
                self.apply({"run_id": run_id, **body})
                return 200, self.render(known)
            case "POST", ["runs", run_id, "cancellation"]:
                if run_id not in self.runs:
                    return 404, _error("not_found", "No such run.")
                self.cancelled.add(run_id)
                return 200, {**self.render(self.runs[run_id]), "state": "CANCELLING"}
            case "POST", ["runs", run_id, "approvals"]:
                question = {**body, "state": "OPEN"}
                return 201, self.questions.setdefault(body["key"], question)
            case "GET", ["runs", run_id, "approvals", key]:
                return 200, self.questions[key]
            case "POST", ["runs", run_id, "subruns"]:
                subrun_id = uuid7()
                self.runs[subrun_id] = self._new_run(subrun_id, "SCHEDULED")
                self.runs[subrun_id] |= {"parent_run_id": run_id, "asked": body}
                return 201, self.render(self.runs[subrun_id])
            case "GET", ["runs", run_id, "subruns", subrun_id]:
                return 200, self.render(self.runs[subrun_id])
            case "GET", ["runs"]:
                wanted = query.get("state")
                runs = [r for r in self.runs.values() if wanted in (None, r["state"])]
                return 200, _page([self.render(r) for r in runs])
            case "GET", ["runs", run_id]:
                if run_id not in self.runs:
                    return 404, _error("not_found", "No such run.")
                return 200, self.render(self.runs[run_id])
            case "GET", ["runs", run_id, "logs"]:
                lines = [x for x in self.items["logs"] if x.get("run_id") == run_id]
                start = int(query.get("cursor", 0))
                cut = lines[start : start + 2]
                more = str(start + 2) if start + 2 < len(lines) else None
                return 200, {"items": cut, "next_cursor": more}
            case "GET", ["pools"]:
                return 200, _page(self.pools)
            case "GET", ["pool-kinds"]:
                return 200, {"items": self.pool_kinds}
            case "GET", ["members"]:
                return 200, _page(self.members)
            case "GET", ["pools", _, "agents"]:
                return 200, _page([])  # none that is there still
            case "GET", ["bundles", sha256]:
                if sha256 not in self.bundles:
                    return 404, _error("not_found", "No such bundle.")
                return 200, {"sha256": sha256, "bytes": len(self.bundles[sha256])}
            case "PUT", ["bundles", sha256]:
                if hashlib.sha256(body).hexdigest() != sha256:
                    return 400, _error("bundle_invalid", "The checksum differs.")
                self.bundles[sha256] = body
                return 201, {"sha256": sha256, "bytes": len(body)}
            case "GET", ["runs", run_id, "task"]:
                order = self.tasks.get(run_id)
                if order is None or query["epoch"] != str(order["lease"]["epoch"]):
                    return 409, _error("stale_epoch", "This lease is over.")
                if run_id in self.redeployed:
                    self.tasks[run_id] = self.redeployed.pop(run_id)
                return 200, order
            case "GET", ["runs", run_id, "task", "bundle"]:
                return 200, self.bundles[self.tasks[run_id]["bundle"]["sha256"]]
            case "POST", ["runs", run_id, "task", "phases"]:
                self.phases.append((run_id, body["phase"]))
                return 200, {}
            case "POST", ["runs", run_id, "heartbeat"]:
                deadline = time.monotonic() + body.get("wait_seconds", 0)
                while (
                    (left := deadline - time.monotonic()) > 0
                    and run_id not in self.cancelled | self.lost
                    and self._server is not None
                ):
                    self.changed.wait(left)
                status, answer = self.heartbeat(
                    {"leases": [{"run_id": run_id, "epoch": body["epoch"]}]}
                )
                if self.tells_only_who_waits and "wait_seconds" not in body:
                    answer = {**answer, "commands": []}
                return status, {**answer, "live_url": self.url}
            case "PUT", ["deployments"]:
                key = f"{body['flow_name']}/{body['name']}"
                known = self.deployments.get(key)
                deployment = {**body, "id": known["id"] if known else uuid7()}
                deployment["flow"] = {"id": "f", "name": body["flow_name"]}
                self.deployments[key] = deployment
                return 200 if known else 201, deployment
            case "GET", ["deployments"]:
                return 200, _page(
                    [
                        {k: v for k, v in d.items() if k != "parameter_schema"}
                        for d in self.deployments.values()
                    ]
                )
            case "GET", ["deployments", deployment_id]:
                for deployment in self.deployments.values():
                    if deployment["id"] == deployment_id:
                        return 200, deployment
            case "POST", ["deployments", deployment_id, "runs"]:
                for deployment in self.deployments.values():
                    if deployment["id"] == deployment_id:
                        run_id = uuid7()
                        self.runs[run_id] = self._new_run(run_id, "SCHEDULED")
                        self.runs[run_id]["parameters"] = body.get("parameters")
                        return 201, self.render(self.runs[run_id])
        return 404, _error("not_found", "No such thing.")

    def render(self, run: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": run["id"],
            "name": run.get("name", "test-run"),
            "state": run["state"],
            "state_type": run["state"],
            "flow": {"id": "f", "name": "flow"},
            "created_at": "2026-03-01T09:00:00.000000Z",
            "duration_ms": 1200,
            "error": None,
        }


def _error(code: str, message: str) -> dict[str, Any]:
    return {
        "error": {
            "code": code,
            "message": message,
            "details": {},
            "fields": None,
            "retryable": False,
            "request_id": "req_test",
        }
    }


def _page(items: list[Any]) -> dict[str, Any]:
    return {"items": items, "next_cursor": None}


class _Handler(BaseHTTPRequestHandler):
    state: ContractServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.open_connections.add(self.connection)  # type: ignore[attr-defined]

    def finish(self) -> None:
        self.server.open_connections.discard(self.connection)  # type: ignore[attr-defined]
        try:
            super().finish()
        except OSError:
            return

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            return

    def answer(self) -> None:
        state = self.state
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        is_zip = self.headers.get("Content-Type") == "application/zip"
        body = raw if is_zip else json.loads(raw) if raw else None
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        headers: dict[str, str] = {}
        with state.changed:
            if state._server is None:
                self.close_connection = True
                return
            state.requests.append((self.command, address.path))
            if state.page is not None:
                self.send_response(state.page)
                self.send_header("Content-Length", "15")
                self.end_headers()
                self.wfile.write(b"<p>It works</p>")
                return
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                status, reply = 401, _error("unauthenticated", "The API key is not valid.")
            elif state.answers and address.path.endswith("/ingest"):
                status, headers, reply = state.answers.pop(0)
            elif "/streams/" in address.path:
                self.stream(address.path.rsplit("/", 1)[1])
                return
            else:
                status, reply = state.route(self.command, address.path, query, body)
                headers, state.reply_headers = state.reply_headers, {}
            state.changed.notify_all()
        is_bytes = isinstance(reply, bytes)
        content = reply if is_bytes else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/zip" if is_bytes else "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def stream(self, run_id: str) -> None:
        """Server-sent events of one run; holds `changed`, which waiting releases."""
        state = self.state
        if not state.streams:
            self.send_error(503)
            return
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        sent = 0
        while True:
            lines = [x for x in state.items["logs"] if x.get("run_id") == run_id]
            for line in lines[sent:]:
                self.wfile.write(f"event: log\ndata: {json.dumps(line)}\n\n".encode())
            sent = len(lines)
            run = state.render(state.runs[run_id])
            self.wfile.write(f": tick\n\nevent: run\ndata: {json.dumps(run)}\n\n".encode())
            self.wfile.flush()
            if is_final(State(run["state"])):
                return
            state.changed.wait(0.2)

    do_GET = do_POST = do_PUT = answer  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
        return


def start_python(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start a Python that knows the SDK and this test's surroundings."""
    environment = {**os.environ, **options.pop("env", {})}
    source = str(Path(headway.__file__).parents[1])
    environment["PYTHONPATH"] = source
    environment["PYTHONUNBUFFERED"] = "1"
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=options.pop("cwd", folder),
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def index_variables(home: Path) -> dict[str, str]:
    """
    Return the variables by which uv reaches packages here: those that pip is told by.

    Skips the test, saying why, where there is no uv or nothing can be reached.
    """
    if (
        shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
        is None
    ):
        pytest.skip("uv is not installed here: pip install headway[managed]")
    given = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_", "SSL_")) or name.lower().endswith("_proxy")
    }
    given |= {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HEADWAY_SDK": str(Path(headway.__file__).parents[2]),
    }
    reached = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "click", "-d", str(home)],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if reached.returncode:
        pytest.skip(f"no package index can be reached: {reached.stderr.strip()[-200:]}")
    return given


class Clock:
    """Time that a test lets pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now
