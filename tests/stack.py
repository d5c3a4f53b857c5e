"""The real local stack, started by the program behind `make up`, for tests with real processes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 150
OTHERS_PASS = 0o711  # else what root cannot give to the database's user lies outside of the folder
SHARED_FOLDER = "HEADWAY_TEST_FOLDER"  # variable: where the processes of one session share files


_LOOSE_ENDS = ("Exception in callback", "exception was never retrieved", "was never awaited")


def wait_until(
    what: str, condition: Callable[[], Any], *, seconds: float = 30.0, every: float = 0.2
) -> Any:
    """Return the condition's first true value; fail, saying `what`, when none comes in time."""
    give_up_at = time.monotonic() + seconds
    last_error: Exception | None = None
    while time.monotonic() < give_up_at:
        try:
            if found := condition():
                return found
        except (httpx2.TransportError, KeyError, IndexError) as error:
            last_error = error
        time.sleep(every)
    raise AssertionError(f"Waited {seconds:.0f} s for {what}; last error: {last_error!r}")


def _free_port_pair() -> int:
    """Return a port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Stack:
    """Started, killed and started again over one data folder."""

    def __init__(self, data: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = _free_port_pair()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = dict(environment or {})

    def start(self) -> Self:
        arguments = ["--port", str(self.port), "--data", str(self.data), "--no-demo"]
        # The tests' own Django settings and test database must not leak into the stack.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE", "HEADWAY", "DJANGO", "REDIS", "SECRET", "LOG_"))
        } | self._environment
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.up", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until("the stack to answer", self._is_ready, seconds=START_SECONDS)
        return self

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"The stack ended:\n{self.tail()}")
        if not (self.data / "credentials.json").exists():
            return False
        ready = httpx2.get(f"{self.url}/health/ready", timeout=2, trust_env=False)
        return ready.status_code == 200 and bool(self.find("agent"))

    @property
    def pid(self) -> int:
        """The supervisor's."""
        assert self._process is not None
        return self._process.pid

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def said_after(self, words: str) -> str:
        """What the stack printed from where these words first stand; nothing when they do not."""
        return "".join(self.log.read_text(errors="replace").partition(words)[1:])

    def loose_ends(self) -> list[str]:
        """What its event loops complained of: answers may come while tasks hang for ever."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(words in line for words in _LOOSE_ENDS)]

    def kill(self) -> None:
        """End everything at once, as a power cut would: the children follow the supervisor."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive, f"Left behind after kill -9: {alive}"

    def stop(self) -> None:
        """Ctrl-C."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def find(self, name: str) -> psutil.Process | None:
        """Return a child of the supervisor by the words of its command line."""
        words = {
            "agent": ("agent", "start"),
            "web": ("granian", "apps.config.wsgi:application"),
            "live": ("granian", "apps.config.live:application"),
            "workers": ("run_worker",),
            "postgres": ("bin/postgres",),
            "valkey": ("valkey-server",),
        }[name]
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children():
            try:
                command = " ".join(child.cmdline())
            except psutil.NoSuchProcess:
                continue
            if all(word in command for word in words):
                return child
        return None

    @property
    def credentials(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data / "credentials.json").read_text())
        return found

    @property
    def workspace_path(self) -> str:
        return f"/api/v1/workspaces/{self.credentials['workspace']}"

    def api(self) -> httpx2.Client:
        """A client with the demo's developer key; relative paths are below the workspace."""
        return httpx2.Client(
            base_url=f"{self.url}{self.workspace_path}/",
            headers={"Authorization": f"Bearer {self.credentials['api_key']}"},
            timeout=20,
            trust_env=False,
        )

    def client_environment(self, **more: str) -> dict[str, str]:
        """The environment of a user's shell that is logged in to this stack."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
            "HOME": str(self.data.parent),
            "HEADWAY_API_URL": self.url,
            "HEADWAY_API_KEY": self.credentials["api_key"],
            "HEADWAY_WORKSPACE": self.credentials["workspace"],
            "HEADWAY_SPOOL_DIR": str(self.data.parent / "spool"),
            "NO_PROXY": "*",
        } | more

    def run(self, run_id: str) -> dict[str, Any]:
        with self.api() as client:
            found: dict[str, Any] = client.get(f"runs/{run_id}").json()
        return found


def _prepared() -> Path:
    """
    Return the data folder of a stack that was started from nothing, and stopped.

    Once for all processes of the session: a first start makes a database and migrates it, which is
    most of what a start takes.
    """
    shared = Path(os.environ[SHARED_FOLDER]) / "stack"
    with (shared.parent / "stack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            making = shared.with_name("making")
            making.mkdir(exist_ok=True)
            shared.parent.chmod(OTHERS_PASS)
            stack = Stack(making / "data")
            try:
                stack.start()
            except BaseException:
                print(stack.tail(120))
                raise
            finally:
                stack.stop()
            making.rename(shared)
    return shared / "data"


@contextmanager
def running_stack(environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A stack of its own in a short-named folder, taken down whatever happens."""
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.parent.chmod(OTHERS_PASS)
        # With owners and modes: the database belongs to a user of its own where root runs it.
        subprocess.run(["cp", "-a", str(_prepared()), str(data)], check=True)
        stack = Stack(data, environment=environment)
        try:
            yield stack.start()
        except BaseException:
            print(stack.tail(120))
            raise
        finally:
            stack.stop()
