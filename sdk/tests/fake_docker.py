"""
Docker's API over HTTP on loopback, as far as the agent speaks it; containers are processes here.

A container executes its command with its environment for real, on this machine and with this
Python, so that what is inside is tested too. What a kernel would do with limits, it does not.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psutil

import headway

API = "1.43"


class FakeDocker:
    """Images that are here or can be fetched, and containers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: set[str] = set()
        self.registry: set[str] = set()
        self.pulled: list[str] = []
        self.containers: dict[str, Container] = {}
        self.removed: list[Container] = []
        self.out_of_memory = False  # of the next that is killed
        self.changed = threading.Condition()
        handler = type("Bound", (_Handler,), {"state": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for container in self.containers.values():
            container.kill(signal.SIGKILL)

    def all(self) -> list[Container]:
        return [*self.containers.values(), *self.removed]

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        match method, path.strip("/").split("/"):
            case "GET", ["version"]:
                return 200, {"ApiVersion": API, "Version": "24.0.0", "Os": "linux"}
            case "GET", ["images", *name, "json"]:
                image = "/".join(name)
                if image in self.images:
                    return 200, {"Id": f"sha256:{image}", "RepoTags": [image]}
                return 404, {"message": f"No such image: {image}"}
            case "POST", ["images", "create"]:
                image = f"{query['fromImage']}:{query['tag']}"
                if image not in self.registry:
                    return 404, {"message": f"manifest for {image} not found"}
                self.images.add(image)
                self.pulled.append(image)
                return 200, {"status": "Downloaded"}
            case "POST", ["containers", "create"]:
                if body["Image"] not in self.images:
                    return 404, {"message": f"No such image: {body['Image']}"}
                if any(each.name == query["name"] for each in self.containers.values()):
                    return 409, {"message": f"The name {query['name']} is already in use"}
                container = Container(f"{len(self.all()):064x}", query["name"], body, self)
                self.containers[container.id] = container
                return 201, {"Id": container.id, "Warnings": []}
            case "GET", ["containers", "json"]:
                return 200, self._listed(json.loads(query["filters"])["label"])
            case _, ["containers", handle, *rest]:
                found = self.containers.get(handle) or next(
                    (each for each in self.containers.values() if each.name == handle), None
                )
                if found is None:
                    return 404, {"message": f"No such container: {handle}"}
                return self._of_container(method, rest, query, found)
        return 404, {"message": "page not found"}

    def _listed(self, labels: list[str]) -> list[dict[str, Any]]:
        wanted = dict(label.split("=", 1) for label in labels)
        return [
            {"Id": each.id, "Names": [f"/{each.name}"], "Labels": each.config["Labels"]}
            for each in self.containers.values()
            if wanted.items() <= each.config["Labels"].items()
        ]

    def _of_container(
        self, method: str, rest: list[str], query: dict[str, str], container: Container
    ) -> tuple[int, Any]:
        match method, rest:
            case "GET", ["json"]:
                return 200, container.shown()
            case "POST", ["start"]:
                return (204 if container.start() else 304), None
            case "POST", ["kill"]:
                if not container.is_running:
                    return 409, {"message": "container is not running"}
                container.kill(signal.Signals[query.get("signal", "SIGKILL")])
                return 204, None
            case "DELETE", []:
                container.kill(signal.SIGKILL)
                self.removed.append(self.containers.pop(container.id))
                return 204, None
        return 404, {"message": "page not found"}


class Container:
    """A process with a container's clothes."""

    def __init__(self, id: str, name: str, config: dict[str, Any], docker: FakeDocker) -> None:
        self.id = id
        self.name = name
        self.config = config
        self._docker = docker
        self._process: subprocess.Popen[bytes] | None = None
        self.oom_killed = False

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> bool:
        if self._process is not None:
            return False
        command = [sys.executable if part == "python" else part for part in self.config["Cmd"]]
        inside = dict(line.split("=", 1) for line in self.config["Env"])
        own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        source = str(Path(headway.__file__).parents[1])
        own |= {"PYTHONPATH": source, "TMPDIR": str(self._docker.folder)}
        own |= {
            "HEADWAY_CONFIG": str(self._docker.folder / "none.toml"),
            "HEADWAY_FLUSH_SECONDS": "0.05",
            "HEADWAY_TASK_DIR": str(self._docker.folder / self.name),
        }
        self._process = subprocess.Popen(
            command, env=own | inside, cwd=self._docker.folder, start_new_session=True
        )
        return True

    def kill(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        if number != signal.SIGKILL:
            self._process.send_signal(number)  # to the first process, as Docker does
            return
        self.oom_killed = self._docker.out_of_memory
        # All that is inside goes at once, and nobody in there sees another one go.
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.send_signal(signal.SIGSTOP)
            for each in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        self._process.kill()
        self._process.wait()

    def shown(self) -> dict[str, Any]:
        code = None if self._process is None else self._process.poll()
        status = "created" if self._process is None else "running" if code is None else "exited"
        return {
            "Id": self.id,
            "Name": f"/{self.name}",
            "Config": self.config,
            "State": {
                "Status": status,
                "Running": status == "running",
                "ExitCode": 0 if code is None else code if code >= 0 else 128 - code,
                "OOMKilled": self.oom_killed,
                "Error": "",
            },
        }


class _Handler(BaseHTTPRequestHandler):
    state: FakeDocker
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        address = urlsplit(self.path)
        path = re.sub(r"^/v[\d.]+", "", unquote(address.path))
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.state.changed:
            status, reply = self.state.route(
                self.command, path, query, json.loads(raw) if raw else None
            )
            self.state.changed.notify_all()
        content = b"" if reply is None else json.dumps(reply).encode()
        self.send_response(status)
        if status not in {204, 304}:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status not in {204, 304}:
            self.wfile.write(content)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
        return
