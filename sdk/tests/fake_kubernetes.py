"""
Kubernetes' API over HTTP on loopback, as far as the agent speaks it; pods are processes here.

A pod executes its container's command with its environment for real, on this machine and with this
Python, when `executes` is set; else it is what a test says it is. Of the controllers there is one:
a job has one pod, ends with it, and takes it along when it is deleted.
"""

from __future__ import annotations

import json
import os
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

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: fake, cluster: {{server: "{url}"}}}}]
users: [{{name: agent, user: {{token: secret}}}}]
contexts: [{{name: fake, context: {{cluster: fake, user: agent}}}}]
current-context: fake
"""


class FakeKubernetes:
    """One cluster: jobs and their pods, by namespace."""

    def __init__(self, folder: Path, *, executes: bool = False) -> None:
        self.folder = folder
        self.executes = executes
        self.jobs: dict[tuple[str, str], Job] = {}
        self.deleted: list[tuple[str, str, dict[str, str]]] = []  # kind, name, how
        self.requests: list[tuple[str, str]] = []
        self.faults: list[int] = []  # to answer next, before the truth; 0 closes the connection
        self.page = 500
        self.out_of_memory = False  # of the next that is killed
        self.changed = threading.Condition()
        handler = type("Bound", (_Handler,), {"state": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def kubeconfig(self) -> Path:
        """Write the file that leads to us."""
        path = self.folder / "kubeconfig"
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        path.write_text(KUBECONFIG.format(url=url))
        return path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for job in self.jobs.values():
            job.pod.kill(signal.SIGKILL)

    def only_job(self) -> Job:
        (job,) = self.jobs.values()
        return job

    def route(
        self, method: str, path: str, query: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, Any]:
        match method, path.strip("/").split("/"):
            case "POST", ["apis", "batch", "v1", "namespaces", namespace, "jobs"]:
                return self._create(namespace, body)
            case "GET", ["apis", "batch", "v1", "namespaces", namespace, "jobs"]:
                return 200, self._listed("JobList", [j.shown() for j in self._in(namespace)], query)
            case "DELETE", ["apis", "batch", "v1", "namespaces", namespace, "jobs", name]:
                return self._delete(namespace, name, query | (body or {}))
            case "GET", ["api", "v1", "namespaces", namespace, "pods"]:
                pods = [job.pod.shown() for job in self._in(namespace) if job.pod.is_there]
                return 200, self._listed("PodList", pods, query)
            case "DELETE", ["api", "v1", "namespaces", namespace, "pods"]:
                for job in self._in(namespace):
                    if _matches(job.pod.labels, query["labelSelector"]):
                        self.deleted.append(("pods", job.name, query))
                        job.pod.kill(signal.SIGKILL)
                        job.pod.is_there = False
                return 200, {"kind": "Status", "status": "Success"}
        return 404, _status(404, f"the server could not find {path}")

    def _in(self, namespace: str) -> list[Job]:
        return [job for (place, _), job in sorted(self.jobs.items()) if place == namespace]

    def _create(self, namespace: str, body: dict[str, Any]) -> tuple[int, Any]:
        name = body["metadata"]["name"]
        if namespace == "missing":
            return 404, _status(404, f'namespaces "{namespace}" not found')
        if namespace == "forbidden":
            return 403, _status(403, "jobs.batch is forbidden: no access")
        if (namespace, name) in self.jobs:
            return 409, _status(409, f'jobs.batch "{name}" already exists')
        job = Job(namespace, body, self)
        self.jobs[namespace, name] = job
        if self.executes:
            job.pod.begin()
        return 201, job.shown()

    def _delete(self, namespace: str, name: str, how: dict[str, Any]) -> tuple[int, Any]:
        job = self.jobs.get((namespace, name))
        if job is None:
            return 404, _status(404, f'jobs.batch "{name}" not found')
        self.deleted.append(("jobs", name, how))
        if how.get("propagationPolicy") == "Foreground" and job.pod.is_running:
            job.is_leaving = True
            job.pod.kill(signal.SIGTERM)
        else:
            job.pod.kill(signal.SIGKILL)
            del self.jobs[namespace, name]
        return 200, {"kind": "Status", "status": "Success"}

    def _listed(self, kind: str, items: list[Any], query: dict[str, str]) -> dict[str, Any]:
        found = [
            item
            for item in items
            if _matches(item["metadata"]["labels"], query.get("labelSelector", ""))
        ]
        start = int(query.get("continue", 0))
        end = start + min(self.page, int(query.get("limit", self.page)))
        further = {"continue": str(end)} if end < len(found) else {}
        return {"kind": kind, "apiVersion": "v1", "metadata": further, "items": found[start:end]}

    def settle(self) -> None:
        """Let jobs that are being deleted go with their last pod."""
        for key, job in list(self.jobs.items()):
            if job.is_leaving and not job.pod.is_running and job.pod.was_seen_ended:
                del self.jobs[key]


class Job:
    """A job and its only pod."""

    def __init__(self, namespace: str, body: dict[str, Any], cluster: FakeKubernetes) -> None:
        self.namespace = namespace
        self.body = body
        self.name = body["metadata"]["name"]
        self.is_leaving = False
        self.conditions: list[dict[str, str]] = []
        self.counts: dict[str, int] = {}
        self.pod = Pod(self, cluster)

    @property
    def container(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["spec"]["template"]["spec"]["containers"][0]
        return found

    def shown(self) -> dict[str, Any]:
        metadata = {**self.body["metadata"], "namespace": self.namespace}
        if self.is_leaving:
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        status = {"conditions": self.conditions, **self.counts}
        return {**self.body, "metadata": metadata, "status": status}


class Pod:
    """A process with a pod's clothes, or only the clothes."""

    def __init__(self, job: Job, cluster: FakeKubernetes) -> None:
        self.job = job
        self.is_there = True
        self.was_seen_ended = False
        template = job.body["spec"]["template"]
        self.labels = {**template["metadata"]["labels"], "job-name": job.name}
        self.told: dict[str, Any] | None = None  # its status, when a test says it
        self._cluster = cluster
        self._process: subprocess.Popen[bytes] | None = None
        self._is_oom = False

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def begin(self) -> None:
        container = self.job.container
        command = [sys.executable if part == "python" else part for part in container["command"]]
        inside = {each["name"]: each["value"] for each in container["env"]}
        own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        folder = self._cluster.folder
        own |= {
            "PYTHONPATH": str(Path(headway.__file__).parents[1]),
            "TMPDIR": str(folder),
            "HEADWAY_CONFIG": str(folder / "none.toml"),
            "HEADWAY_FLUSH_SECONDS": "0.05",
            "HEADWAY_TASK_DIR": str(folder / self.job.name),
        }
        self._process = subprocess.Popen(
            command, env=own | inside, cwd=folder, start_new_session=True
        )

    def kill(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        if number != signal.SIGKILL:
            self._process.send_signal(number)
            return
        self._is_oom = self._cluster.out_of_memory
        try:
            self._process.send_signal(signal.SIGSTOP)
            for each in psutil.Process(self._process.pid).children(recursive=True):
                each.kill()
        except psutil.NoSuchProcess:
            pass  # it ended by itself meanwhile
        self._process.kill()
        self._process.wait()

    def shown(self) -> dict[str, Any]:
        metadata = {"name": f"{self.job.name}-x7", "labels": self.labels}
        return {"metadata": metadata, "spec": {"containers": []}, "status": self._status()}

    def _status(self) -> dict[str, Any]:
        if self.told is not None:
            return self.told
        if self._process is None:
            return {"phase": "Pending"}
        code = self._process.poll()
        if code is None:
            return {"phase": "Running", "containerStatuses": [container(running={})]}
        self.was_seen_ended = True
        reason = "OOMKilled" if self._is_oom else "Completed" if code == 0 else "Error"
        ended = {"exitCode": code if code >= 0 else 128 - code, "reason": reason}
        return {
            "phase": "Succeeded" if code == 0 else "Failed",
            "containerStatuses": [container(terminated=ended)],
        }


def container(**state: dict[str, Any]) -> dict[str, Any]:
    """A container's status in this state."""
    given = {"name": "run", "image": "", "imageID": "", "ready": False, "restartCount": 0}
    return {**given, "state": state}


def _matches(labels: dict[str, str], selector: str) -> bool:
    wanted = dict(each.split("=", 1) for each in selector.split(",") if each)
    return wanted.items() <= labels.items()


def _status(code: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "code": code, "message": message}


class _Handler(BaseHTTPRequestHandler):
    state: FakeKubernetes
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.state.changed:
            self.state.requests.append((self.command, path))
            fault = self.state.faults.pop(0) if self.state.faults else None
            if fault == 0:
                self.close_connection = True
                return
            if fault is not None:
                status, reply = fault, _status(fault, "the server has too much to do")
            else:
                body = json.loads(raw) if raw else {}
                status, reply = self.state.route(self.command, path, query, body)
                self.state.settle()
            self.state.changed.notify_all()
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
        return
